"""Claims about tool calls: whose account, which answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.mcp.results import LINK_REQUEST
from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.mcp_wire import Wire
from tests.parts.served import Served, serving

URL_CAPABLE = {"elicitation": {"form": {}, "url": {}}}
HANDSHAKE = {"jsonrpc": "2.0", "id": 0, "method": "initialize"}


def initialize(version: str, capabilities: dict[str, Any] | None = None) -> dict[str, Any]:
    about = {"name": "test", "version": "1"}
    return {
        **HANDSHAKE,
        "params": {"protocolVersion": version, "capabilities": capabilities or {}, "clientInfo": about},
    }


async def test_a_call_runs_by_the_end_users_own_account(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    await shop.connect(shop.alice, "alice")
    await shop.connect(shop.bob, "bob")

    result = await wire.call("acme__create_note", {"title": "hello", "text": "world"})

    assert result["isError"] is False
    assert result["structuredContent"]["author"]["id"] == "alice"
    assert result["_meta"]["io.toolgate/account"]["externalId"] == "alice-at-acme"


@pytest.mark.promise("000-20")
async def test_a_missing_account_is_answered_with_the_setup_url_in_the_text(shop: Shop, wire: Wire) -> None:
    integration = await shop.add("acme")

    result = await wire.call("acme__whoami")

    assert result["isError"] is True
    assert f"{shop.served.url}/connect/s/" in result["content"][0]["text"]
    told = result["structuredContent"]
    assert told["setupUrl"] in result["content"][0]["text"]
    assert {name: told[name] for name in ("status", "code", "integrationAlias", "workspaceIntegrationId")} == {
        "status": "connection_required",
        "code": "CONNECTION_REQUIRED",
        "integrationAlias": "acme",
        "workspaceIntegrationId": integration.id,
    }


@pytest.mark.promise("000-21")
async def test_the_retry_succeeds_once_the_account_is_connected(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    assert (await wire.call("acme__whoami"))["isError"]

    await shop.connect(shop.alice, "alice")

    assert (await wire.call("acme__whoami"))["structuredContent"]["id"] == "alice"


async def test_a_modern_client_that_opens_urls_is_asked_to_open_it_once(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    call = {"name": "acme__whoami", "arguments": {}}

    first = (await wire.modern("tools/call", call, capabilities=URL_CAPABLE)).json()["result"]
    answered = {**call, "inputResponses": {LINK_REQUEST: {"action": "accept"}}}
    second = (await wire.modern("tools/call", answered, capabilities=URL_CAPABLE)).json()["result"]

    assert first["resultType"] == "input_required"
    asked = first["inputRequests"][LINK_REQUEST]
    assert (asked["method"], asked["params"]["mode"]) == ("elicitation/create", "url")
    assert asked["params"]["url"].startswith(f"{shop.served.url}/connect/s/")
    assert second["isError"] is True
    assert asked["params"]["url"] in second["content"][0]["text"]


async def test_a_modern_client_that_only_fills_forms_is_told_in_words(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")

    answer = await wire.modern("tools/call", {"name": "acme__whoami"}, capabilities={"elicitation": {}})

    assert answer.json()["result"]["isError"] is True


@pytest.mark.parametrize(
    ("version", "capabilities", "code"),
    [
        ("2025-11-25", URL_CAPABLE, -32042),
        ("2025-11-25", {"elicitation": {}}, None),
        ("2025-06-18", URL_CAPABLE, None),
        ("2025-03-26", {}, None),
    ],
)
async def test_a_handshake_client_gets_the_url_error_only_if_it_said_that_it_opens_urls(
    shop: Shop, wire: Wire, version: str, capabilities: dict[str, Any], code: int | None
) -> None:
    await shop.add("acme")
    json_only = {"Accept": "application/json"}
    session = (await wire.post(initialize(version, capabilities), **json_only)).headers["mcp-session-id"]

    answer = await wire.bare("tools/call", {"name": "acme__whoami", "arguments": {}}, **{"Mcp-Session-Id": session})

    body = answer.json()
    if code is None:
        assert body["result"]["isError"] is True
        assert "/connect/s/" in body["result"]["content"][0]["text"]
    else:
        assert body["error"]["code"] == code
        assert body["error"]["data"]["elicitations"][0]["url"].startswith(f"{shop.served.url}/connect/s/")


async def test_a_bare_call_without_any_handshake_is_answered_in_plain_json(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")

    listed = await wire.bare("tools/list")
    called = await wire.bare("tools/call", {"name": "acme__whoami", "arguments": {}})

    assert listed.headers["content-type"] == called.headers["content-type"] == "application/json"
    assert "acme__whoami" in {tool["name"] for tool in listed.json()["result"]["tools"]}
    assert called.json()["result"]["isError"] is True


async def test_a_refused_credential_asks_for_reconnection_and_a_new_one_mends_it(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    connection_id = await shop.connect(shop.alice, "alice")
    shop.served.acme.app.revoke_tokens("alice")

    refused = await wire.call("acme__whoami")
    again = await wire.call("acme__whoami")

    assert "no longer works" in refused["content"][0]["text"]
    assert refused["structuredContent"]["setupUrl"] == again["structuredContent"]["setupUrl"]
    token = shop.served.acme.app.issue_token("alice")["access_token"]
    await shop.served.gateway.connections.replace_credentials(shop.scope, connection_id, {"accessToken": token})
    assert (await wire.call("acme__whoami"))["structuredContent"]["id"] == "alice"


async def test_a_broken_account_of_ones_own_is_never_replaced_by_the_shared_one(shop: Shop, wire: Wire) -> None:
    shared = await shop.connect(None, "bob", external_id="shared")
    await shop.add("acme", "per_user_with_fallback", connection_id=shared)
    await shop.connect(shop.alice, "alice")
    shop.served.acme.app.revoke_tokens("alice")

    result = await wire.call("acme__create_note", {"title": "x", "text": "as whom?"})

    assert result["isError"] is True
    assert "setupUrl" in result["structuredContent"]
    assert (await wire.call("acme__whoami"))["isError"] is True


async def test_whoever_has_not_connected_uses_the_shared_account(shop: Shop, wire: Wire) -> None:
    shared = await shop.connect(None, "bob", external_id="shared")
    await shop.add("acme", "per_user_with_fallback", connection_id=shared)

    assert (await wire.call("acme__whoami"))["structuredContent"]["id"] == "bob"


async def test_a_fixed_account_that_is_broken_hands_the_end_user_no_link(shop: Shop, wire: Wire) -> None:
    shared = await shop.connect(None, "bob", external_id="shared")
    await shop.add("acme", "fixed", connection_id=shared)
    shop.served.acme.app.revoke_tokens("bob")

    first, second = await wire.call("acme__whoami"), await wire.call("acme__whoami")

    for result in (first, second):
        assert result["isError"] is True
        assert "/connect/" not in str(result)


async def test_a_sibling_alias_never_serves(shop: Shop, wire: Wire) -> None:
    work = await shop.add("acme", alias="work")
    await shop.add("acme", alias="home")
    await shop.connect(shop.alice, "alice", workspace_integration_id=work.id)

    assert (await wire.call("work__whoami"))["isError"] is False
    assert (await wire.call("home__whoami"))["isError"] is True


async def test_arguments_are_refused_before_any_account_is_touched(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    await shop.connect(shop.alice, "alice")
    before = shop.served.acme.app.counters.api_calls

    result = await wire.call("acme__create_note", {"title": "x", "text": 5})

    assert result["isError"] is True
    assert "/text" in result["content"][0]["text"]
    assert shop.served.acme.app.counters.api_calls == before


async def test_the_providers_own_words_are_told_and_not_its_headers(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    await shop.connect(shop.alice, "alice")

    result = await wire.call("acme__get_note", {"id": "no-such-note"})

    assert result["isError"] is True
    assert result["structuredContent"]["reason"] == "not_found"


async def test_a_picture_comes_as_a_picture(shop: Shop, wire: Wire) -> None:
    await shop.add("acme")
    await shop.connect(shop.alice, "alice")

    result = await wire.call("acme__get_picture", {"id": "alice"})

    kinds = {block["type"] for block in result["content"]}
    assert "image" in kinds


async def test_an_unknown_tool_is_a_protocol_error_in_every_era(shop: Shop, wire: Wire) -> None:
    modern = await wire.modern("tools/call", {"name": "nope", "arguments": {}})
    bare = await wire.bare("tools/call", {"name": "nope", "arguments": {}})

    assert modern.json()["error"]["code"] == bare.json()["error"]["code"] == -32602
    assert shop.server.id not in modern.text


@pytest.fixture
async def served_with_small_results(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, tool_result_max_bytes=64 * 1024) as running:
        yield running


async def test_a_result_that_is_too_long_is_cut_with_a_notice(
    served_with_small_results: Served, client: httpx2.AsyncClient
) -> None:
    shop = await open_shop(served_with_small_results)
    await shop.add("kv-store", "fixed")
    wire = Wire(client, shop.url, await shop.token(shop.alice))
    await wire.call("kv_store__put", {"key": "small", "value": "x" * 50_000})
    await wire.call("kv_store__put", {"key": "big", "value": "ä" * 40_000})

    whole = await wire.call("kv_store__get", {"key": "small"})
    cut = await wire.call("kv_store__get", {"key": "big"})

    assert whole["structuredContent"]["value"] == "x" * 50_000
    assert "structuredContent" not in cut
    assert "The result was cut here" in cut["content"][0]["text"][-300:]
    assert len(cut["content"][0]["text"].encode()) < 64 * 1024 + 300
