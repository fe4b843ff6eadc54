"""Claims about how often the endpoints may be asked, and what that leaves in the database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select
from sqlmodel import col

from gateway.access.client_documents import ClientDocuments
from gateway.access.client_metadata import read_metadata
from gateway.access.oauth_clients import OAuthClients
from gateway.access.oauth_errors import UnknownClient
from gateway.access.oauth_requests import OAuthRequests
from gateway.access.pending_requests import NewRequest
from gateway.settings import Settings
from gateway.tenancy.identities import by_email_code, identity_of
from gateway.wiring import Gateway, open_gateway
from storage.records import McpToken
from storage.scope import TenantScope
from tests.gateway.oauth.asking import CHALLENGE, HOSTED, REDIRECT, Asking, refusal
from tests.parts.clock import Time
from tests.parts.rest import Rest

HOUR = 3_600


@pytest.fixture
def time() -> Time:
    """A clock that stands at the beginning of an hour, so that no window ends while somebody counts."""
    time = Time()
    time.passed = timedelta(seconds=HOUR - time().timestamp() % HOUR)
    return time


@pytest.fixture
async def gateway(settings: Settings, time: Time) -> AsyncIterator[Gateway]:
    async with open_gateway(settings, clock=time) as opened:
        yield opened


async def service(asking: Asking, api: Rest) -> tuple[str, str]:
    """Make a service of the server; its id and secret."""
    wanted = {"name": "Nightly", "grantTypes": ["client_credentials"], "serverId": asking.server_id}
    made: dict[str, Any] = (await api.post("/oauth-clients", wanted)).json()
    return made["oauthClient"]["clientId"], made["clientSecret"]


async def fetch(asking: Asking, its: tuple[str, str]) -> httpx2.Response:
    return await asking.client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=its)


async def test_a_service_that_fetches_a_token_for_every_call_is_told_to_wait_and_others_are_not(
    asking: Asking, api: Rest, gateway: Gateway, time: Time
) -> None:
    its, others = await service(asking, api), await service(asking, api)
    answers = [await fetch(asking, its) for _ in range(62)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429] * 2
    assert refusal(answers[-1]) == (429, "temporarily_unavailable")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    async with gateway.database.read() as tx:
        held = await tx.session.scalar(select(func.count()).where(col(McpToken.kind) == "service"))
    assert held == 60
    assert (await fetch(asking, others)).status_code == 200
    time.passed += timedelta(minutes=1)
    assert (await fetch(asking, its)).status_code == 200


async def test_an_address_that_only_guesses_has_to_wait(asking: Asking) -> None:
    answers = [await asking.authorize("nobody") for _ in range(61)]
    assert [answer.status_code for answer in answers[-2:]] == [400, 429]
    client = await asking.registered()
    assert (await asking.authorize(client["client_id"])).status_code == 303


async def test_one_address_does_not_begin_sign_ins_without_end(asking: Asking) -> None:
    client = await asking.registered()
    answers = [await asking.authorize(client["client_id"]) for _ in range(301)]
    assert [answer.status_code for answer in answers[-2:]] == [303, 429]
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_the_newest_sign_ins_push_out_the_oldest_for_which_nobody_has_signed_in(
    gateway: Gateway, asking: Asking, time: Time
) -> None:
    authorizing = gateway.authorizing
    requests = OAuthRequests(
        gateway.database,
        clients=authorizing.clients,
        grants=authorizing.grants,
        cipher=gateway.cipher,
        issuer=asking.issuer,
        clock=time,
        most_idle=3,
    )
    client_id = (await asking.registered())["client_id"]
    async with gateway.database.write() as tx:
        server = await tx.mcp_servers.find(asking.server_id)
        assert server is not None
        claimed = by_email_code("a@b.example", "a@b.example")
        identity = await identity_of(tx, TenantScope(server.organization_id), claimed, now=time())
    asked = NewRequest(
        server=server,
        client_id=client_id,
        redirect_uri=REDIRECT,
        scopes=["mcp:tools"],
        state=None,
        challenge=CHALLENGE,
    )
    keys: list[str] = []
    for _ in range(6):
        time.passed += timedelta(seconds=1)
        keys.append(await requests.begin(asked, browser="b"))
        if len(keys) == 1:
            await requests.signed_in(keys[0], browser="b", identity_id=identity.id)
    found = [await requests.open(key, browser="b") is not None for key in keys]
    assert found == [True, False, False, True, True, True]


async def test_one_address_registers_a_hundred_clients_a_minute(asking: Asking, time: Time) -> None:
    async def register() -> httpx2.Response:
        return await asking.client.post("/oauth/register", json={"redirect_uris": [REDIRECT]})

    answers = [await register() for _ in range(101)]
    assert [answer.status_code for answer in answers] == [201] * 100 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    time.passed += timedelta(minutes=1)
    assert (await register()).status_code == 201


async def test_the_newest_registrations_that_were_never_used_push_out_the_oldest_and_no_used_one(
    gateway: Gateway, asking: Asking, time: Time, api: Rest
) -> None:
    egress = gateway.egress
    clients = OAuthClients(
        gateway.database, documents=ClientDocuments(egress, clock=time), clock=time, most_never_used=3
    )
    used = (await asking.registered())["client_id"]
    assert (await asking.redeemed(used)).status_code == 200
    await clients.note_use(await clients.find(used))
    over_rest = (await api.post("/oauth-clients", {"name": "Ours", "redirectUris": [HOSTED]})).json()
    made: list[str] = []
    for _ in range(5):
        time.passed += timedelta(seconds=1)
        made.append((await clients.register(read_metadata({"redirect_uris": [HOSTED]}))).record.client_id)
    assert [await _is_known(clients, each) for each in made] == [False, False, True, True, True]
    assert await _is_known(clients, used)
    assert await _is_known(clients, over_rest["oauthClient"]["clientId"])


async def test_a_registration_ends_after_a_week_unless_it_is_used_and_lives_as_long_as_it_refreshes(
    gateway: Gateway, asking: Asking, time: Time
) -> None:
    clients = gateway.authorizing.clients
    unused, used = (await asking.registered())["client_id"], (await asking.registered())["client_id"]
    granted = (await asking.redeemed(used)).json()
    await clients.note_use(await clients.find(used))
    time.passed += timedelta(days=6, hours=23)
    assert await _is_known(clients, unused)
    time.passed += timedelta(hours=2)
    assert not await _is_known(clients, unused)
    for _ in range(3):
        time.passed += timedelta(days=60)
        form = {"grant_type": "refresh_token", "client_id": used, "resource": asking.resource}
        answer = await asking.token({**form, "refresh_token": granted["refresh_token"]})
        assert answer.status_code == 200, answer.text
        granted = answer.json()
    time.passed += timedelta(days=91)
    assert not await _is_known(clients, used)


async def _is_known(clients: OAuthClients, client_id: str) -> bool:
    try:
        await clients.find(client_id)
    except UnknownClient:
        return False
    return True
