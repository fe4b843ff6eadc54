"""Clients that authenticate by a JWT that they sign (RFC 7523 2.2)."""

import json
import secrets
import time
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.gateway.oauth.asking import Asking, refusal

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def jwks(*keys: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    public = [json.loads(ECAlgorithm.to_jwk(key.public_key())) for key in keys]
    return {"keys": [{**each, "kid": str(number), "alg": "ES256"} for number, each in enumerate(public)]}


async def with_keys(asking: Asking) -> str:
    client = await asking.registered(token_endpoint_auth_method="private_key_jwt", jwks=jwks(KEY))
    assert "client_secret" not in client
    return client["client_id"]


def claims(asking: Asking, client_id: str, **changed: Any) -> dict[str, Any]:
    right = {
        "iss": client_id,
        "sub": client_id,
        "aud": f"{asking.issuer}/oauth/token",
        "exp": int(time.time()) + 60,
        "iat": int(time.time()),
        "jti": secrets.token_hex(8),
    }
    return {name: value for name, value in {**right, **changed}.items() if value is not None}


def signed(content: dict[str, Any], *, key: Any = KEY, algorithm: str = "ES256", **headers: Any) -> str:
    return jwt.encode(content, key, algorithm=algorithm, headers={"kid": "0", **headers})


async def shown(asking: Asking, client_id: str, assertion: str, **changed: str | None) -> httpx2.Response:
    by = {"client_id": client_id, "client_assertion_type": TYPE, "client_assertion": assertion}
    return await asking.token({**by, **await asking.redemption(client_id), **changed})


@pytest.mark.parametrize("at_issuer", [False, True])
async def test_a_client_that_signs_with_its_key_gets_its_tokens(at_issuer: bool, asking: Asking) -> None:
    client_id = await with_keys(asking)
    audience = {"aud": asking.issuer} if at_issuer else {}
    assertion = signed(claims(asking, client_id, **audience))
    assert (await shown(asking, client_id, assertion)).status_code == 200


async def test_an_assertion_says_by_itself_which_client_it_is(asking: Asking) -> None:
    client_id = await with_keys(asking)
    by = {"client_assertion_type": TYPE, "client_assertion": signed(claims(asking, client_id))}
    assert (await asking.token({**by, **await asking.redemption(client_id)})).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_a_client_that_tells_its_private_key_is_taken_by_nobodys_word(asking: Asking, algorithm: str) -> None:
    key = KEY if algorithm == "ES256" else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    written = ECAlgorithm.to_jwk(KEY) if algorithm == "ES256" else RSAAlgorithm.to_jwk(key)  # pyright: ignore[reportArgumentType]
    keys = {"keys": [{**json.loads(written), "kid": "0", "alg": algorithm}]}
    client = await asking.registered(token_endpoint_auth_method="private_key_jwt", jwks=keys)
    assertion = signed(claims(asking, client["client_id"]), key=key, algorithm=algorithm)
    assert refusal(await shown(asking, client["client_id"], assertion)) == (401, "invalid_client")


async def test_an_assertion_is_good_once(asking: Asking) -> None:
    client_id = await with_keys(asking)
    assertion = signed(claims(asking, client_id))
    assert (await shown(asking, client_id, assertion)).status_code == 200
    assert refusal(await shown(asking, client_id, assertion)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://other.example"},
        {"aud": ["https://other.example", "https://another.example"]},
        {"aud": None},
        {"exp": 1_700_000_000},
        {"exp": 99_999_999_999},
        {"exp": None},
        {"exp": "soon"},
        {"jti": None},
        {"iss": "another"},
        {"sub": "another"},
        {"sub": None},
    ],
    ids=str,
)
async def test_an_assertion_for_somebody_else_or_another_time_or_place_is_refused(
    changed: dict[str, Any], asking: Asking
) -> None:
    client_id = await with_keys(asking)
    content = claims(asking, client_id, **changed)
    assertion = jwt.api_jws.encode(json.dumps(content).encode(), KEY, algorithm="ES256", headers={"kid": "0"})
    assert refusal(await shown(asking, client_id, assertion)) == (401, "invalid_client")


async def test_another_key_another_algorithm_and_none_are_refused(asking: Asking) -> None:
    client_id = await with_keys(asking)
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for assertion in (
        signed(claims(asking, client_id), key=OTHER_KEY),
        signed(claims(asking, client_id), kid="1"),
        signed(claims(asking, client_id), key=rsa_key, algorithm="RS256"),
        signed(claims(asking, client_id), key="x" * 40, algorithm="HS256"),
        signed(claims(asking, client_id), key=None, algorithm="none"),
        "x.y.z",
        "x",
    ):
        assert refusal(await shown(asking, client_id, assertion)) == (401, "invalid_client")


async def test_an_assertion_beside_a_secret_or_of_an_unknown_kind_is_refused(asking: Asking) -> None:
    client_id = await with_keys(asking)
    assertion = signed(claims(asking, client_id))
    for changed in ({"client_secret": "x"}, {"client_assertion_type": "other"}, {"client_assertion_type": None}):
        assert refusal(await shown(asking, client_id, assertion, **changed)) == (400, "invalid_request")


async def test_a_client_that_registered_keys_gets_nothing_without_them(asking: Asking) -> None:
    client_id = await with_keys(asking)
    for more in ({}, {"client_secret": "x"}):
        assert refusal(await asking.redeemed(client_id, **more)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "keys", [{"keys": []}, {"keys": [{}]}, {"keys": "x"}, {"x": 1}, {"keys": [{"kty": "oct", "k": "AAAA", "kid": "0"}]}]
)
async def test_keys_that_are_none_let_nobody_in(keys: dict[str, Any], asking: Asking) -> None:
    made = await asking.client.post(
        "/oauth/register",
        json={
            "redirect_uris": ["https://agent.example/cb"],
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks": keys,
        },
    )
    if made.status_code == 400:
        assert refusal(made) == (400, "invalid_client_metadata")
        return
    client_id = made.json()["client_id"]
    assertion = signed(claims(asking, client_id))
    by = {"client_id": client_id, "client_assertion_type": TYPE, "client_assertion": assertion}
    answer = await asking.token({**by, "grant_type": "authorization_code", "code": "x"})
    assert refusal(answer) == (401, "invalid_client")
