"""Claims about agents that find out by themselves what ids a tool takes: at Slack and GitHub, as emulated, and at Acme."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.flows.agents import PythonAgent, python_agent
from tests.flows.product import Product, Server
from tests.parts.emulators import Emulators
from tests.parts.rest import failure
from tests.parts.served import Served, serving


@pytest.fixture
async def served(tmp_path: Path, fresh_emulators: Emulators) -> AsyncIterator[Served]:
    """A gateway that reaches the emulators where it would reach Slack and GitHub."""
    urls = {name: fresh_emulators.url_map(name) for name in ("slack", "github")}
    async with serving(tmp_path, urls=urls) as running:
        yield running


async def look_up(agent: PythonAgent, tool: str, of_input: str, wanted: str, **known: str) -> Any:
    """Do what a model does: read which tool lists an input's values, search there, and take the one that is wanted."""
    tools = {each.name: each for each in (await agent.client.list_tools()).tools}
    description = tools[tool].input_schema["properties"][of_input]["description"]
    named = re.search(r"\(from (\w+)\)$", description)
    assert named is not None, description
    hints = tools[named[1]].annotations
    assert hints is not None
    assert hints.read_only_hint
    reply = await agent.call(named[1], {**known, "search": wanted})
    assert not reply.is_error, reply
    [option] = reply.structured["options"]
    return option["value"]


async def test_a_message_reaches_the_channel_that_the_agent_found_by_its_name(
    product: Product, fresh_emulators: Emulators
) -> None:
    await product.add("slack", authMethodKey="user", enabledActions=["send_channel_message"])
    await product.connect("alice", await fresh_emulators.access_token("slack", "alice"), "slack", authMethodKey="user")
    server, tool = await product.server(), "slack__send_channel_message"

    async with python_agent(server.endpoint, await product.token(server, "alice"), mode="auto") as agent:
        channel = await look_up(agent, tool, "channel", "rand")
        sent = await agent.call(tool, {"channel": channel, "text": "found by name"})

    assert not sent.is_error, sent
    last = (await fresh_emulators.slack_messages("random"))[-1]
    assert (last.author, last.text) == ("alice", "found by name")


async def test_an_issue_is_opened_where_the_agent_found_the_repository_and_each_person_finds_their_own(
    product: Product, fresh_emulators: Emulators
) -> None:
    await product.add("github", alias="git-hub", authMethodKey="oauth", enabledActions=["create_issue"])
    server, tool = await product.server(), "git_hub__create_issue"
    for person in ("alice", "bob"):
        await product.connect(
            person, await fresh_emulators.access_token("github", person), "github", authMethodKey="oauth"
        )
        async with python_agent(server.endpoint, await product.token(server, person), mode="auto") as agent:
            repository = await look_up(agent, tool, "repository", f"{person}-notes")
            opened = await agent.call(tool, {"repository": repository, "title": f"by {person}"})
            others = await agent.call("git_hub__list_repos", {"search": "-notes"})
        assert not opened.is_error, opened
        assert [option["value"] for option in others.structured["options"]] == [f"{person}/{person}-notes"]
        assert [(issue.author, issue.title) for issue in await fresh_emulators.github_issues(repository)] == [
            (person, f"by {person}")
        ]


@pytest.fixture
async def acme_server(product: Product, served: Served) -> Server:
    """Acme, where alice has an account and bob has none."""
    await product.add("acme", enabledActions=["create_note"])
    await product.connect_acme(served.acme, "alice")
    return await product.server()


async def test_who_has_no_account_gets_the_link_from_a_lookup_as_from_an_action(
    product: Product, served: Served, acme_server: Server
) -> None:
    async with python_agent(acme_server.endpoint, await product.token(acme_server, "bob"), mode="auto") as agent:
        reply = await agent.call("acme__list_projects")
        assert reply.is_error
        assert reply.structured["code"] == "CONNECTION_REQUIRED"
        assert reply.structured["setupUrl"].startswith(f"{served.url}/connect/s/")
        await product.connect_acme(served.acme, "bob")
        assert not (await agent.call("acme__list_projects")).is_error


async def test_a_lookup_of_a_tool_pinned_to_the_teams_account_uses_the_teams_account(
    product: Product, served: Served
) -> None:
    team = await product.connect(None, served.acme.app.issue_token("alice")["access_token"])
    await product.add("acme", enabledActions=["whoami"])
    server = await product.server()
    await product.add_tool(server, "acme", "create_note", connectionId=team["id"])
    async with python_agent(server.endpoint, await product.token(server, "bob"), mode="auto") as agent:
        assert not (await agent.call("acme__list_projects")).is_error
        assert (await agent.call("acme__whoami")).structured["code"] == "CONNECTION_REQUIRED"


async def test_rest_knows_a_lookup_by_the_input_that_it_serves_and_not_as_an_action(
    product: Product, acme_server: Server
) -> None:
    shown = (await product.rest.get(f"/mcp/servers/{acme_server.id}")).json()["tools"]
    assert [tool["actionName"] for tool in shown] == ["create_note"]
    refused = await product.execute("acme", "list_projects", "alice")
    assert failure(refused) == (404, "ACTION_NOT_FOUND")
    asked = {"propertyName": "project", "actionName": "create_note", "workspaceId": product.workspace_id}
    found = await product.rest.post("/integrations/acme/properties/options", {**asked, "endUserId": "alice"})
    async with python_agent(acme_server.endpoint, await product.token(acme_server, "alice"), mode="auto") as agent:
        listed = await agent.call("acme__list_projects")
    assert found.json()["options"] == listed.structured["options"]


async def test_a_workspace_that_wants_no_lookups_has_none(product: Product, acme_server: Server) -> None:
    path = f"/workspaces/{product.workspace_id}/integrations"
    [integration] = (await product.rest.get(path)).json()["integrations"]
    async with python_agent(acme_server.endpoint, await product.token(acme_server, "alice"), mode="auto") as agent:
        assert await agent.tool_names() == ["acme__create_note", "acme__list_projects"]
        await product.change(integration, settings={"lookupTools": False})
        assert await agent.tool_names() == ["acme__create_note"]
