"""Claims about who gets in: tokens, challenges, hosts, origins, sessions (security R1-R9)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.kit.tokens import TokenKind, hash_token, mint
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.mcp_wire import Wire
from tests.parts.served import Served, serving
from tests.storage import tenant


@dataclass
class HandClock:
    """A clock that a test sets."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 21, 12, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now


async def status(wire: Wire) -> int:
    return (await wire.modern("tools/list")).status_code


async def test_without_a_token_the_challenge_says_where_to_get_one_and_names_no_error(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    answer = await Wire(client, shop.url).modern("tools/list")

    assert answer.status_code == 401
    metadata = f"{shop.served.url}/.well-known/oauth-protected-resource/mcp/srv_{shop.server.id}"
    assert answer.headers["www-authenticate"] == f'Bearer resource_metadata="{metadata}", scope="mcp:tools"'
    document = (await client.get(metadata)).json()
    assert document["resource"] == shop.url


@pytest.mark.parametrize(
    "token",
    ["x", "mcp_", mint(TokenKind.MCP).plain, mint(TokenKind.API_KEY).plain, "mcp_' OR 1=1 --", "mcp_" + "a" * 4000],
)
async def test_a_token_that_is_none_of_ours_is_an_invalid_token(
    shop: Shop, client: httpx2.AsyncClient, token: str
) -> None:
    answer = await Wire(client, shop.url, headers={"Authorization": f"Bearer {token}"}).modern("tools/list")

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert token == "x" or token not in answer.text


async def test_a_token_opens_its_own_server_only(shop: Shop, wire: Wire) -> None:
    other = tenant.a_server(shop.workspace, auth_mode="oauth_and_bearer")
    async with shop.served.gateway.database.write() as tx:
        await tx.mcp_servers.insert(other)

    assert await status(wire) == 200
    wire.url = shop.served.endpoint(other.id)
    assert await status(wire) == 401


async def test_a_token_in_the_address_does_not_count(shop: Shop, client: httpx2.AsyncClient) -> None:
    token = await shop.token(shop.alice)

    assert await status(Wire(client, f"{shop.url}?access_token={token}")) == 401


async def test_two_tokens_that_begin_alike_are_two_people(shop: Shop, client: httpx2.AsyncClient) -> None:
    await shop.add("acme")
    await shop.connect(shop.alice, "alice")
    await shop.connect(shop.bob, "bob")
    one, other = await shop.token(shop.alice), await shop.token(shop.bob)

    for token, person in ((one, "alice"), (other, "bob"), (one, "alice")):
        assert (await Wire(client, shop.url, token).call("acme__whoami"))["structuredContent"]["id"] == person


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def timed_shop(tmp_path: Path, clock: HandClock) -> AsyncIterator[Shop]:
    async with serving(tmp_path, clock=clock) as served:
        yield await open_shop(served)


async def test_a_token_ends_at_its_moment(timed_shop: Shop, clock: HandClock, client: httpx2.AsyncClient) -> None:
    expires_at = clock.now + timedelta(seconds=60)
    wire = Wire(client, timed_shop.url, await timed_shop.token(timed_shop.alice, expires_at=expires_at))

    assert await status(wire) == 200
    clock.now = expires_at
    assert await status(wire) == 401


async def change_server(shop: Shop, **values: Any) -> None:
    async with shop.served.gateway.database.write() as tx:
        row = await tx.mcp_servers.get(shop.scope, shop.server.id)
        assert row is not None
        await tx.mcp_servers.update(row, **values)


@pytest.mark.parametrize("kind", ["token", "end user", "suspension", "server", "workspace", "organization", "mode"])
async def test_what_ends_a_token_ends_it_with_the_next_request(shop: Shop, wire: Wire, kind: str) -> None:
    assert await status(wire) == 200

    async with shop.served.gateway.database.write() as tx:
        end_user = await tx.end_users.get(shop.scope, shop.alice.id)
        workspace = await tx.workspaces.get(shop.scope, shop.workspace.id)
        organization = await tx.organizations.find(shop.workspace.organization_id)
        server = await tx.mcp_servers.get(shop.scope, shop.server.id)
        token = await tx.mcp_tokens.by_hash(hash_token(wire.token or ""))
        assert end_user
        assert workspace
        assert organization
        assert server
        assert token
        match kind:
            case "token":
                await tx.mcp_tokens.delete(token)
            case "end user":
                await tx.end_users.delete(end_user)
            case "suspension":
                await tx.end_users.update(end_user, suspended_at=datetime.now(UTC))
            case "server":
                await tx.mcp_servers.delete(server)
            case "workspace":
                await tx.workspaces.delete(workspace)
            case "organization":
                await tx.organizations.delete(organization)
            case _:
                await tx.mcp_servers.update(server, auth_mode="oauth")

    assert await status(wire) == (404 if kind in {"server", "workspace", "organization"} else 401)


async def test_a_suspended_end_user_is_let_in_again_when_resumed(shop: Shop, wire: Wire) -> None:
    for suspended_at, expected in ((datetime.now(UTC), 401), (None, 200)):
        async with shop.served.gateway.database.write() as tx:
            end_user = await tx.end_users.get(shop.scope, shop.alice.id)
            assert end_user
            await tx.end_users.update(end_user, suspended_at=suspended_at)

        assert await status(wire) == expected


async def test_a_pinned_server_serves_its_end_user_alone_and_nobody_once_that_one_is_gone(
    shop: Shop, client: httpx2.AsyncClient
) -> None:
    await change_server(shop, end_user_id=shop.alice.id, is_pinned=True)
    hers, his, static = [Wire(client, shop.url, await shop.token(who)) for who in (shop.alice, shop.bob, None)]

    assert [await status(each) for each in (hers, his, static)] == [200, 401, 200]
    async with shop.served.gateway.database.write() as tx:
        row = await tx.end_users.get(shop.scope, shop.alice.id)
        assert row
        await tx.end_users.delete(row)
    assert [await status(each) for each in (hers, his, static)] == [401, 401, 401]


async def test_a_static_token_acts_for_the_end_user_of_a_pinned_server(shop: Shop, client: httpx2.AsyncClient) -> None:
    await shop.add("acme")
    await shop.connect(shop.alice, "alice")
    await change_server(shop, end_user_id=shop.alice.id, is_pinned=True)

    result = await Wire(client, shop.url, await shop.token(None)).call("acme__whoami")

    assert result["structuredContent"]["id"] == "alice"


async def test_a_static_token_has_no_account_of_its_own(shop: Shop, client: httpx2.AsyncClient) -> None:
    await shop.add("acme")

    result = await Wire(client, shop.url, await shop.token(None)).call("acme__whoami")

    assert result["isError"] is True
    assert "/connect/" not in str(result)


async def test_a_token_without_the_scope_is_told_every_scope_it_needs(shop: Shop, client: httpx2.AsyncClient) -> None:
    answer = await Wire(client, shop.url, await shop.token(shop.alice, scopes=["mcp:code"])).modern("tools/list")

    assert answer.status_code == 403
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="mcp:tools"' in challenge
    assert "resource_metadata=" in challenge


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Host": "evil.example.com"}, 421),
        ({"Host": "127.0.0.1.evil.example.com"}, 421),
        ({"Origin": "https://evil.example.com"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_another_host_or_origin_is_refused(wire: Wire, headers: dict[str, str], expected: int) -> None:
    assert (await wire.modern("tools/list", **headers)).status_code == expected


async def test_our_own_origin_and_any_name_of_this_machine_are_let_through(shop: Shop, wire: Wire) -> None:
    port = shop.served.url.rsplit(":", 1)[1]

    for headers in ({"Origin": shop.served.url}, {"Host": f"localhost:{port}"}, {"Host": f"[::1]:{port}"}):
        assert (await wire.modern("tools/list", **headers)).status_code == 200


@pytest.mark.parametrize("path", ["srv_x", "srv_", "x", "srv_00000000-0000-0000-0000-000000000000", "srv_..%2f.."])
async def test_a_path_that_leads_nowhere_is_not_found(shop: Shop, wire: Wire, path: str) -> None:
    wire.url = f"{shop.served.url}/mcp/{path}"

    assert (await wire.modern("tools/list")).status_code == 404


async def test_bobs_agent_can_not_use_alices_session(shop: Shop, wire: Wire, client: httpx2.AsyncClient) -> None:
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    session = (await wire.bare("initialize", params)).headers["mcp-session-id"]
    bob = Wire(client, shop.url, await shop.token(shop.bob))

    assert (await wire.bare("tools/list", **{"Mcp-Session-Id": session})).status_code == 200
    assert (await bob.bare("tools/list", **{"Mcp-Session-Id": session})).status_code == 404
    assert (await wire.bare("tools/list", **{"Mcp-Session-Id": session + "x"})).status_code == 404


async def test_a_fault_in_the_lookup_of_a_token_lets_nobody_in(shop: Shop, wire: Wire, served: Served) -> None:
    async with served.gateway.database.connection() as connection:
        await connection.exec_driver_sql("ALTER TABLE mcp_tokens RENAME TO mcp_tokens_gone")

    answer = await wire.modern("tools/list")

    assert answer.status_code == 500
    assert "mcp_tokens" not in answer.text
