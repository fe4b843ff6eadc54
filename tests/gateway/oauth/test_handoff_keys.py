"""Hand-offs that are signed with keys which the product publishes, and addresses that publish something else."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.kit.serving import build_server
from gateway.settings import Settings
from gateway.web import key_sets
from tests.gateway.oauth.product_login import (
    PAGE,
    PRIVATE,
    PublishedKeys,
    bring,
    challenge,
    claims_for,
    post,
    private_key,
    public_key,
    set_key,
    signed,
)
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene
from tests.gateway.portal.visiting import Page
from tests.parts.ports import free_port


@asynccontextmanager
async def listening(app: Starlette) -> AsyncGenerator[str]:
    """Serve on this machine; returns the address."""
    port = free_port()
    server = build_server(app, host="127.0.0.1", port=port)
    task = asyncio.create_task(server.serve())
    await server.is_listening.wait()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def published() -> AsyncIterator[PublishedKeys]:
    keys = PublishedKeys()
    async with listening(keys.app) as address:
        keys.url = f"{address}/jwks.json"
        yield keys


@pytest.fixture
async def scene(settings: Settings, published: PublishedKeys) -> AsyncIterator[SignInScene]:
    # The keys of these tests are on this machine, which nothing reaches unless it is allowed.
    async with sign_in_scene(settings.model_copy(update={"egress_allow": ("127.0.0.1",)})) as opened:
        await opened.set_workspace(handoffUrl=PAGE)
        await opened.end_user("alice")
        await set_key(opened, jwksUrl=published.url)
        yield opened


async def begun(scene: SignInScene) -> dict[str, Any]:
    """Begin a hand-off; returns what a right token for it says."""
    return claims_for(scene, await challenge(scene, await scene.browser(), await scene.server()))


async def refusal(scene: SignInScene, given: str) -> str:
    """Bring a token that is refused; returns what the page says."""
    answer = await post(scene, given)
    assert answer.status_code == 403, answer.headers.get("location", answer.text)
    return Page(answer).text


@pytest.mark.parametrize("algorithm", PRIVATE)
async def test_a_key_of_each_kind_signs(scene: SignInScene, algorithm: str) -> None:
    person, server = await scene.browser(), await scene.server()
    claims = claims_for(scene, await challenge(scene, person, server))
    assert is_consent(await bring(scene, person, signed(claims, PRIVATE[algorithm], algorithm, kid=algorithm)))


async def test_the_only_key_need_not_be_named(scene: SignInScene, published: PublishedKeys) -> None:
    claims = await begun(scene)
    unnamed = signed(claims, PRIVATE["ES256"], "ES256")
    assert "no single key" in await refusal(scene, unnamed)
    published.keys = [public_key("ES256", kid=None), public_key("RS256", use="enc")]
    scene.time.passed = timedelta(seconds=31)
    assert (await post(scene, unnamed)).status_code == 303


async def test_what_is_signed_with_something_public_or_not_published_signs_nobody_in(scene: SignInScene) -> None:
    claims = await begun(scene)
    pem = PRIVATE["RS256"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    # PyJWT refuses to sign with PEM, so what is public is given as the bytes that a lax verifier would take.
    forged = {
        "HS256 with the published key": (hs256(claims, pem, kid="RS256"), "alg: has to be RS256 or ES256 or EdDSA"),
        "HS256 with its JSON": (
            hs256(claims, json.dumps(public_key("RS256")).encode(), kid="RS256"),
            "alg: has to be RS256 or ES256 or EdDSA",
        ),
        "none": (signed(claims, "", "none", kid="RS256"), "alg: has to be"),
        "another's key": (signed(claims, stranger, "RS256", kid="RS256"), "not made with the key"),
        "an unknown id": (signed(claims, stranger, "RS256", kid="other"), "no single key"),
        "another algorithm of the key": (signed(claims, PRIVATE["RS256"], "RS512", kid="RS256"), "alg: has to be"),
        "a key of another kind": (signed(claims, PRIVATE["ES256"], "ES256", kid="RS256"), "alg: has to be"),
        "a key that it brings": (
            signed(claims, stranger, "RS256", kid="RS256", jwk=public_key("RS256"), jku="https://evil.example"),
            "not made with the key",
        ),
        "an id that is no text": (hs256(claims, b"x", kid=["RS256"]), "no JWT"),
    }
    for what, (token, said) in forged.items():
        assert said in await refusal(scene, token), what
    assert (await post(scene, signed(claims, PRIVATE["RS256"], "RS256", kid="RS256"))).status_code == 303


def hs256(claims: dict[str, Any], key: bytes, **headers: Any) -> str:
    """Sign as anybody can who has read a public key."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT", **headers}, claims)]
    text = ".".join(map(unpadded, parts))
    return f"{text}.{unpadded(hmac.digest(key, text.encode(), 'sha256'))}"


async def test_symmetric_weak_and_broken_keys_are_no_keys(scene: SignInScene, published: PublishedKeys) -> None:
    claims = await begun(scene)
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    p384 = ec.generate_private_key(ec.SECP384R1())
    numbers = weak.public_key().public_numbers()
    published.keys = [
        {"kty": "oct", "kid": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA"},
        {"kty": "RSA", "kid": "weak", "n": unsigned(numbers.n), "e": unsigned(numbers.e)},
        {**json.loads(ECAlgorithm.to_jwk(p384.public_key())), "kid": "p384"},
        {"kty": "RSA", "kid": "broken", "n": "AQAB"},
        public_key("ES256"),
    ]
    secret = b"secret-secret-secret-secret-secret"
    assert "no single key" in await refusal(scene, hs256(claims, secret, kid="oct"))
    assert "not made with the key" in await refusal(scene, weakly_signed(claims, weak))
    assert "alg: has to be" in await refusal(scene, signed(claims, p384, "ES384", kid="p384"))
    assert "no single key" in await refusal(scene, signed(claims, PRIVATE["RS256"], "RS256", kid="broken"))
    assert (await post(scene, signed(claims, PRIVATE["ES256"], "ES256", kid="ES256"))).status_code == 303


async def test_a_private_key_that_everybody_can_read_signs_nobody_in(
    scene: SignInScene, published: PublishedKeys
) -> None:
    claims = await begun(scene)
    published.keys = [private_key(name) for name in PRIVATE]
    for name, key in PRIVATE.items():
        assert "can't be fetched" in await refusal(scene, signed(claims, key, name, kid=name))
    published.keys = [private_key("RS256"), public_key("ES256")]
    assert "no single key" in await refusal(scene, signed(claims, PRIVATE["RS256"], "RS256", kid="RS256"))
    assert (await post(scene, signed(claims, PRIVATE["ES256"], "ES256", kid="ES256"))).status_code == 303


def unsigned(number: int) -> str:
    """A number as JWKs have it."""
    return unpadded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def unpadded(content: bytes) -> str:
    """Base 64 as JOSE has it."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def weakly_signed(claims: dict[str, Any], key: rsa.RSAPrivateKey) -> str:
    """Sign with a key of 1,024 bits."""
    with pytest.warns(match="below the minimum"):
        return signed(claims, key, "RS256", kid="weak")


async def test_keys_are_fetched_once_and_again_for_an_unknown_id_after_half_a_minute_at_the_earliest(
    scene: SignInScene, published: PublishedKeys
) -> None:
    published.keys = [public_key("RS256")]
    claims = await begun(scene)
    unknown = signed(claims, PRIVATE["ES256"], "ES256", kid="ES256")
    await asyncio.gather(*(refusal(scene, unknown) for _ in range(5)))
    assert published.asked == 1
    published.keys = [public_key("ES256"), public_key("RS256")]
    scene.time.passed = timedelta(seconds=20)
    assert "no single key" in await refusal(scene, unknown)
    assert published.asked == 1
    scene.time.passed = timedelta(seconds=31)
    assert (await post(scene, unknown)).status_code == 303
    scene.time.passed = timedelta(minutes=9)
    assert (await post(scene, signed(await begun(scene), PRIVATE["RS256"], "RS256", kid="RS256"))).status_code == 303
    assert published.asked == 2
    # A key that is published no more opens nothing after ten minutes.
    published.keys = [public_key("ES256")]
    scene.time.passed = timedelta(minutes=11)
    assert "no single key" in await refusal(scene, signed(await begun(scene), PRIVATE["RS256"], "RS256", kid="RS256"))


async def test_an_address_that_answers_no_keys_lets_nobody_in(scene: SignInScene, published: PublishedKeys) -> None:
    token = signed(await begun(scene), PRIVATE["RS256"], "RS256", kid="RS256")
    right = list(published.keys)
    for keys, status in (([], 200), ([{"kty": "RSA"}], 200), ([{"kty": ["RSA"]}], 200), (right, 404), (right, 500)):
        published.keys, published.status = keys, status
        assert "can't be fetched" in await refusal(scene, token), (keys, status)
    # Nothing of it was kept.
    published.keys, published.status = right, 200
    assert (await post(scene, token)).status_code == 303


async def test_no_stranger_makes_us_ask_for_keys_without_end(scene: SignInScene, published: PublishedKeys) -> None:
    token = signed(await begun(scene), PRIVATE["RS256"], "RS256", kid="RS256")
    published.status = 500
    for _ in range(50):
        assert (await post(scene, token)).status_code == 403
    # Twenty a minute, and one may have ended meanwhile.
    assert 20 <= published.asked <= 40
    published.status, scene.time.passed = 200, timedelta(seconds=61)
    assert (await post(scene, token)).status_code == 303


async def test_a_redirect_leads_nowhere(scene: SignInScene, published: PublishedKeys) -> None:
    other = PublishedKeys()
    async with listening(other.app) as elsewhere:
        published.status, published.headers = 302, {"location": f"{elsewhere}/jwks.json"}
        token = signed(await begun(scene), PRIVATE["RS256"], "RS256", kid="RS256")
        assert "can't be fetched" in await refusal(scene, token)
    assert (published.asked, other.asked) == (1, 0)


async def test_an_address_that_never_answers_or_never_ends_holds_nobody_up(
    scene: SignInScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sets, "_TIMEOUT_SECONDS", 0.3)
    leaving = asyncio.Event()

    async def wait(_request: Request) -> Response:
        await leaving.wait()
        return Response("{}")

    async def endless(_request: Request) -> Response:
        return Response(b" " * (256 * 1024 + 1))

    async with listening(Starlette(routes=[Route("/slow", wait), Route("/endless", endless)])) as address:
        for path in ("/slow", "/endless"):
            await set_key(scene, jwksUrl=address + path)
            token = signed(await begun(scene), PRIVATE["RS256"], "RS256", kid="RS256")
            assert "can't be fetched" in await refusal(scene, token)
        leaving.set()


async def test_an_address_inside_is_not_asked_unless_the_operator_allows_it(
    settings: Settings, published: PublishedKeys
) -> None:
    async with sign_in_scene(settings) as closed:
        await closed.set_workspace(handoffUrl=PAGE)
        await closed.end_user("alice")
        for address in (published.url, "https://10.0.0.1/jwks.json", "https://169.254.169.254/latest/meta-data"):
            await set_key(closed, jwksUrl=address)
            token = signed(await begun(closed), PRIVATE["RS256"], "RS256", kid="RS256")
            assert "can't be fetched" in await refusal(closed, token)
    assert published.asked == 0
