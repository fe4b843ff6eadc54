"""Manifests of remote MCP servers over REST: what they may say, and what an MCP server may pass through."""

from typing import Any

import pytest

from gateway.wiring import Gateway
from tests.parts.rest import Rest, failure

WIKI: dict[str, Any] = {
    "name": "custom-wiki",
    "title": "Wiki",
    "auth": [{"key": "token", "type": "secret_text"}],
    "mcp": {
        "url": "https://wiki.example.com/mcp",
        "tools": [{"name": "pages.search", "description": "Finds pages.", "inputSchema": {"type": "object"}}],
    },
}


def with_mcp(**changes: Any) -> dict[str, Any]:
    return {**WIKI, "mcp": {**WIKI["mcp"], **changes}}


@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ({**WIKI, "mcp": {"command": "npx", "args": ["-y", "some-server"]}}, "mcp.command is not a key"),
        (with_mcp(command="sh -c true"), "mcp.command is not a key"),
        (with_mcp(type="stdio"), "mcp.type is not a key"),
        (with_mcp(env={"LD_PRELOAD": "/tmp/x.so"}), "mcp.env is not a key"),
        (with_mcp(url="stdio:///usr/bin/env"), "mcp.url"),
        (with_mcp(url="file:///etc/passwd"), "mcp.url"),
        (with_mcp(url="javascript:alert(1)"), "mcp.url"),
        (with_mcp(url="http://wiki.example.com/mcp"), "http"),
        (with_mcp(url="https://user:secret@wiki.example.com/mcp"), "http(s) address"),
        ({**WIKI, "api": {"base_url": "https://wiki.example.com/"}}, "no place beside"),
        (with_mcp(tools=[{"name": "a b", "inputSchema": {"type": "object"}}]), "its name"),
        (with_mcp(tools=[{"name": "a", "inputSchema": {"$ref": "https://evil.example/"}}]), "a can't be approved"),
        (with_mcp(tools=[{"name": name, "inputSchema": {"type": "object"}} for name in ("a.b", "a_b")]), "here too"),
        (with_mcp(withheld=["nothing"]), "there is no tool"),
    ],
)
async def test_r33_nothing_but_the_https_address_of_a_server_and_usable_definitions_is_taken(
    api: Rest, manifest: dict[str, Any], told: str
) -> None:
    answer = await api.post("/integrations", {"manifest": manifest})

    assert failure(answer) == (400, "VALIDATION_ERROR")
    assert told in answer.text


async def test_the_tools_of_a_manifest_are_in_the_catalogue(api: Rest) -> None:
    answer = await api.post("/integrations", {"manifest": WIKI})

    assert answer.status_code == 201, answer.text
    assert list(answer.json()["integration"]["actions"]) == ["pages_search"]
    assert (await api.get("/integrations", summary="true")).status_code == 200


async def test_an_mcp_server_passes_the_only_integration_of_its_workspace_through(api: Rest, gateway: Gateway) -> None:
    await api.post("/integrations", {"manifest": WIKI})
    workspace = await api.made("/workspaces", {"name": "Shop", "slug": "shop"})
    refused = await api.post("/mcp/servers", {"name": "Tools", "workspaceId": "shop", "passThrough": True})
    assert failure(refused) == (400, "VALIDATION_ERROR")
    assert "passThrough" in refused.text

    configured = {"integrationName": "custom-wiki", "alias": "wiki", "connectionStrategy": "per_user"}
    await api.made(f"/workspaces/{workspace['id']}/integrations", configured)
    server = await api.made("/mcp/servers", {"name": "Tools", "workspaceId": "shop"})
    assert "passThrough" not in server
    assert [tool.name for tool in (await gateway.toolsets.of(server["id"])).tools] == ["wiki__pages_search"]

    changed = await api.patch(f"/mcp/servers/{server['id']}", {"passThrough": True})
    assert changed.json()["server"]["passThrough"] is True
    toolset = await gateway.toolsets.of(server["id"])
    assert [tool.name for tool in toolset.tools] == ["pages.search"]
    assert toolset.passed_through is not None
    assert toolset.passed_through.alias == "wiki"

    other = await api.made(f"/workspaces/{workspace['id']}/integrations", {"integrationName": "storage"})
    toolset = await gateway.toolsets.of(server["id"])
    assert "wiki__pages_search" in toolset.by_name
    assert toolset.passed_through is None
    refused = await api.patch(f"/mcp/servers/{server['id']}", {"passThrough": True})
    assert failure(refused) == (400, "VALIDATION_ERROR")

    await api.delete(f"/workspaces/{workspace['id']}/integrations/{other['id']}")
    assert "pages.search" in (await gateway.toolsets.of(server["id"])).by_name
    off = await api.patch(f"/mcp/servers/{server['id']}", {"passThrough": False})
    assert "passThrough" not in off.json()["server"]
