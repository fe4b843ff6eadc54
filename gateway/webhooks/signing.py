"""Signatures that receivers check with any library for Standard Webhooks (standardwebhooks.com, specification 1.0)."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.kit.cipher import Cipher
from gateway.kit.tokens import SIGNING_KEY_PREFIX
from storage.records import Webhook

_TABLE = "webhooks"


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """A webhook's secrets: while one is being exchanged, what is sent bears a signature by each."""

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def active(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets to sign with, newest first."""
        if self.previous is None or self.previous_until is None or self.previous_until <= now:
            return (self.current,)
        return self.current, self.previous

    def rotated(self, secret: str, *, now: datetime, overlap: timedelta) -> "SigningSecrets":
        """Return the secrets after an exchange: the one that was current holds on for `overlap`, any older ends now."""
        if not overlap:
            return SigningSecrets(secret)
        return SigningSecrets(secret, previous=self.current, previous_until=now + overlap)


class SecretSafe:
    """Seals and opens the secrets of webhooks, each bound to its row."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, secrets: SigningSecrets, *, webhook_id: str, organization_id: str) -> bytes:
        """Seal secrets for this row."""
        until = secrets.previous_until
        plain = {
            "current": secrets.current,
            "previous": secrets.previous,
            "previousUntil": None if until is None else until.isoformat(),
        }
        return self._cipher.seal(json.dumps(plain).encode(), _TABLE, webhook_id, organization_id)

    def open(self, row: Webhook) -> SigningSecrets:
        """Open a webhook's secrets. Raises `SealBroken` if the row was tampered with or its key is gone."""
        plain = json.loads(self._cipher.open(row.sealed, _TABLE, row.id, row.organization_id))
        until = plain["previousUntil"]
        return SigningSecrets(
            plain["current"],
            previous=plain["previous"],
            previous_until=None if until is None else datetime.fromisoformat(until),
        )

    def reseal(self, row: Webhook) -> bytes | None:
        """Seal the same secrets under the newest key; None where they are already."""
        if self._cipher.is_current(row.sealed):
            return None
        plain = self._cipher.open(row.sealed, _TABLE, row.id, row.organization_id)
        return self._cipher.seal(plain, _TABLE, row.id, row.organization_id)


def signature_headers(secrets: tuple[str, ...], *, event_id: str, body: bytes, at: datetime) -> Mapping[str, str]:
    """Return the headers by which a receiver knows that we sent this body, and when."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{_signature(secret, signed)}" for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SIGNING_KEY_PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
