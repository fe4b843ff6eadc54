"""Programs whose documents and keys stand elsewhere: strangers make the gateway ask around only so often."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from jwt.algorithms import ECAlgorithm

from gateway.app import create_app
from gateway.settings import IntegrationSettings, Settings
from gateway.wiring import open_gateway
from tests.gateway.oauth.asking import REDIRECT, Asking, refusal
from tests.gateway.oauth.test_client_assertions import TYPE, claims
from tests.parts.clock import Time
from tests.parts.loopback import Loopback, answer, answering
from tests.parts.rest import Rest, new_organization

HOST = "https://agent.example/"
HOSTS = [f"https://h{number}.agent.example/" for number in range(150)]
NOT_THERE = answer(b"", status="404 Not Found")


@dataclass
class Elsewhere:
    """A program asks, and what stands at its host is answered by `site`."""

    asking: Asking
    site: Loopback
    time: Time


async def elsewhere(settings: Settings, *answers: bytes) -> AsyncIterator[Elsewhere]:
    time = Time()
    async with answering(*answers) as site:
        mapped = IntegrationSettings(urls=dict.fromkeys([HOST, *HOSTS], f"http://127.0.0.1:{site.port}/"))
        with_map = settings.model_copy(update={"integrations": {"slack": mapped}})
        async with open_gateway(with_map, clock=time) as gateway:
            transport = httpx2.ASGITransport(app=create_app(gateway))
            async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
                _, rest = await new_organization(Rest(client), "acme")
                await rest.made("/workspaces", {"name": "A", "slug": "a"})
                server = await rest.made("/mcp/servers", {"name": "Tools", "workspaceId": "a", "authMode": "oauth"})
                yield Elsewhere(Asking(client, gateway, server["id"]), site, time)


@pytest.fixture
async def nothing_there(settings: Settings) -> AsyncIterator[Elsewhere]:
    async for each in elsewhere(settings, NOT_THERE):
        yield each


async def test_one_address_makes_us_fetch_only_so_many_unknown_documents_also_at_once(nothing_there: Elsewhere) -> None:
    asking = nothing_there.asking
    answers = await asyncio.gather(*(asking.authorize(f"{host}c") for host in HOSTS[:100]))
    assert {each.status_code for each in answers} == {400, 429}
    assert len(nothing_there.site.requests) <= 60
    shown = {"grant_type": "refresh_token", "refresh_token": "x"}
    nothing_there.time.passed = timedelta(minutes=1)
    told = await asyncio.gather(*(asking.token({**shown, "client_id": f"{host}t"}) for host in HOSTS))
    assert {each.status_code for each in told} <= {401, 429, 503}
    assert len(nothing_there.site.requests) <= 160


async def test_many_people_of_one_program_come_at_once_after_a_restart(settings: Settings) -> None:
    address = f"{HOST}client.json"
    said = {"client_id": address, "client_name": "Agent", "redirect_uris": [REDIRECT]}
    async for each in elsewhere(settings, answer(json.dumps(said).encode(), "content-type: application/json")):
        shown = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": address}
        told = await asyncio.gather(*(each.asking.token(shown) for _ in range(150)))
        assert {refusal(one) for one in told} == {(400, "invalid_grant")}
        assert len(each.site.requests) == 1


async def test_a_client_whose_host_is_away_is_told_to_come_again_and_not_that_nobody_knows_it(
    settings: Settings,
) -> None:
    async for each in elsewhere(settings, answer(b"", status="503 Service Unavailable")):
        shown = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": f"{HOST}client.json"}
        told = await each.asking.token(shown)
        assert refusal(told) == (503, "temporarily_unavailable")
        assert int(told.headers["retry-after"]) > 0
        page = await each.asking.authorize(f"{HOST}client.json")
        assert (page.status_code, "location" in page.headers) == (503, False)
        assert "in a minute" in page.text


def published(*keys: tuple[str, EllipticCurvePrivateKey]) -> bytes:
    shown = [{**json.loads(ECAlgorithm.to_jwk(key.public_key())), "kid": name, "alg": "ES256"} for name, key in keys]
    return answer(json.dumps({"keys": shown}).encode(), "content-type: application/json")


async def test_the_keys_of_a_client_are_fetched_once_and_anew_for_one_that_is_unknown(settings: Settings) -> None:
    first, second = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    both = published(("1", first), ("2", second))
    async for each in elsewhere(settings, published(("1", first)), both):
        asking = each.asking
        made = await asking.registered(token_endpoint_auth_method="private_key_jwt", jwks_uri=f"{HOST}keys")

        async def asked(
            key_id: str, key: EllipticCurvePrivateKey, asking: Asking = asking, made: dict[str, str] = made
        ) -> int:
            content = claims(asking, made["client_id"])
            signed = jwt.encode(content, key, algorithm="ES256", headers={"kid": key_id})
            by = {"client_id": made["client_id"], "client_assertion_type": TYPE, "client_assertion": signed}
            return (await asking.token({**by, "grant_type": "authorization_code", "code": "x"})).status_code

        # 400: the client is known, its code is none.
        assert await asyncio.gather(*(asked("1", first) for _ in range(20))) == [400] * 20
        assert len(each.site.requests) == 1
        assert await asked("2", second) == 401
        each.time.passed = timedelta(seconds=31)
        assert await asked("2", second) == 400
        assert await asked("3", second) == 401
        assert len(each.site.requests) == 2


@pytest.mark.parametrize(
    "keys", [{"keys": [{"kty": "RSA", "alg": [1]}]}, {"keys": [{"kty": "EC", "crv": "P-256", "x": 1, "y": 2}]}]
)
async def test_keys_of_the_wrong_shape_are_no_keys(asking: Asking, keys: dict[str, object]) -> None:
    made = await asking.registered(token_endpoint_auth_method="private_key_jwt", jwks=keys)
    signed = jwt.encode(claims(asking, made["client_id"]), generate_private_key(SECP256R1()), algorithm="ES256")
    by = {"client_id": made["client_id"], "client_assertion_type": TYPE, "client_assertion": signed}
    answered = await asking.token({**by, "grant_type": "authorization_code", "code": "x"})
    assert refusal(answered) == (401, "invalid_client")


@pytest.mark.parametrize("client_id", ["a\x00b", "\x00", "x" * 4_000, "🎈"])
async def test_an_id_that_nothing_goes_by_is_asked_of_no_database(asking: Asking, client_id: str) -> None:
    assert (await asking.authorize(client_id)).status_code == 400
    shown = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": client_id}
    assert refusal(await asking.token(shown)) == (401, "invalid_client")
