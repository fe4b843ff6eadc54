"""Signatures, checked by a library for Standard Webhooks; secrets, sealed."""

from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Library
from standardwebhooks import WebhookVerificationError

from gateway.kit.cipher import Cipher, SealBroken
from gateway.kit.redaction import redact_text
from gateway.kit.tokens import mint_signing_secret
from gateway.webhooks.signing import SecretSafe, SigningSecrets, signature_headers
from storage.records import Webhook

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BODY = '{"type":"connection.created","name":"Zoë"}'.encode()


def a_row(sealed: bytes, row_id: str = "w1") -> Webhook:
    return Webhook(
        id=row_id, organization_id="o1", url="https://x.example/", sealed=sealed, created_at=NOW, updated_at=NOW
    )


def test_a_library_for_standard_webhooks_takes_the_signature() -> None:
    # The library holds the moment against its own clock: five minutes at most.
    secret, now = mint_signing_secret(), datetime.now(UTC)
    headers = signature_headers((secret,), event_id="evt_1", body=BODY, at=now)
    assert Library(secret).verify(BODY, dict(headers))["name"] == "Zoë"
    for changed in ({"webhook-id": "evt_2"}, {"webhook-timestamp": str(int(now.timestamp()) + 1)}):
        with pytest.raises(WebhookVerificationError):
            Library(secret).verify(BODY, {**headers, **changed})
    with pytest.raises(WebhookVerificationError):
        Library(mint_signing_secret()).verify(BODY, dict(headers))
    with pytest.raises(WebhookVerificationError):
        Library(secret).verify(BODY.replace(b"created", b"deleted"), dict(headers))


def test_during_an_exchange_both_secrets_sign_and_afterwards_the_new_one_alone() -> None:
    old, new = mint_signing_secret(), mint_signing_secret()
    secrets = SigningSecrets(old).rotated(new, now=NOW, overlap=timedelta(hours=1))
    assert secrets.active(NOW) == (new, old)
    assert secrets.active(NOW + timedelta(hours=1)) == (new,)
    signing = secrets.active(NOW)
    headers = dict(signature_headers(signing, event_id="evt_1", body=BODY, at=datetime.now(UTC)))
    for secret in (old, new):
        assert Library(secret).verify(BODY, headers)
    assert SigningSecrets(old).rotated(new, now=NOW, overlap=timedelta()).active(NOW) == (new,)


def test_an_exchange_in_an_exchange_ends_the_oldest() -> None:
    first, second, third = (mint_signing_secret() for _ in range(3))
    hour = timedelta(hours=1)
    secrets = SigningSecrets(first).rotated(second, now=NOW, overlap=hour).rotated(third, now=NOW, overlap=hour)
    assert secrets.active(NOW) == (third, second)


def test_secrets_are_sealed_to_their_row_and_sealed_anew_under_a_new_key() -> None:
    old_key, new_key = b"o" * 32, b"n" * 32
    secrets = SigningSecrets(mint_signing_secret()).rotated(mint_signing_secret(), now=NOW, overlap=timedelta(1))
    safe = SecretSafe(Cipher([old_key]))
    sealed = safe.seal(secrets, webhook_id="w1", organization_id="o1")
    assert secrets.current.encode() not in sealed
    assert safe.open(a_row(sealed)) == secrets
    with pytest.raises(SealBroken):
        safe.open(a_row(sealed, "w2"))
    assert safe.reseal(a_row(sealed)) is None
    resealed = SecretSafe(Cipher([new_key, old_key])).reseal(a_row(sealed))
    assert resealed is not None
    assert SecretSafe(Cipher([new_key])).open(a_row(resealed)) == secrets


def test_a_secret_is_in_no_repr_and_no_log_line() -> None:
    secret = mint_signing_secret()
    secrets = SigningSecrets(secret).rotated(mint_signing_secret(), now=NOW, overlap=timedelta(1))
    assert "whsec_" not in repr(secrets)
    assert redact_text(f"the key is {secret}.") == "the key is whsec_[redacted]."
