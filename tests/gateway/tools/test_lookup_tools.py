"""Tools that list the values which other tools take: which there are, what they say, and whose account they use."""

from collections.abc import Sequence
from typing import Any

from gateway.naming import tool_prefix
from gateway.tools.tool import Tool
from gateway.tools.toolset import Toolset, compile_toolset
from integrations.catalog import Catalog
from integrations.integration import Integration
from integrations.loading import load
from storage.records import McpServerTool, WorkspaceIntegration
from tests.storage import tenant

LONGEST = "list_everything_that_there_is_to_list_in_the_whole_wide_world"

MANIFEST = f"""
name: desk
title: Desk
auth: [{{key: person, type: secret_text}}, {{key: bot, type: secret_text}}]
api: {{base_url: "https://api.example.com/"}}
options:
  list_queues: {{title: List queues, description: Queues by name., request: {{get: q}}, value: /id, label: /id}}
  list_labels: {{title: List labels, request: {{get: "{{queue}}/l"}}, value: /id, label: /id, depends_on: [queue]}}
  list_agents: {{title: List agents, request: {{get: a}}, value: /id, label: /id, auth_methods: [bot]}}
  {LONGEST}: {{title: List all, request: {{get: e}}, value: /id, label: /id}}
  {LONGEST}_twice: {{title: List all twice, request: {{get: e}}, value: /id, label: /id}}
actions:
  - name: open_ticket
    title: Open a ticket
    description: Opens a ticket
    input:
      queue: {{type: string, description: Id of the queue, options: list_queues}}
      label: {{type: string, description: A label., options: list_labels, optional: true}}
      title: {{type: string, description: Title}}
    request: {{post: t, json: input}}
  - name: move_ticket
    title: Move a ticket
    description: Moves a ticket
    input: {{queue: {{type: string, description: Where to, options: list_queues}}}}
    request: {{post: m, json: input}}
  - name: list_queues
    title: All queues
    description: Everything about each queue
    request: {{get: q}}
  - name: assign
    title: Assign
    description: Assigns a ticket
    input: {{agent: {{type: string, description: "Whom, as list_agents tells", options: list_agents}}}}
    request: {{post: a, json: input}}
  - name: collect
    title: Collect
    description: Collects
    input:
      one: {{type: string, description: One, options: {LONGEST}}}
      two: {{type: string, description: Two, options: {LONGEST}_twice}}
    request: {{post: c, json: input}}
  - name: whoami
    title: Who am I
    description: Says who you are
    request: {{get: me}}
"""
DESK = Integration(load(MANIFEST, "desk.yaml"))
WORKSPACE = tenant.a_workspace(tenant.an_organization())
SERVER = tenant.a_server(WORKSPACE)


def desk(alias: str = "desk", **values: Any) -> WorkspaceIntegration:
    names = {"integration_name": "desk", "alias": alias, "tool_prefix": tool_prefix(alias)}
    return tenant.an_integration(WORKSPACE, **names, **values)


def by_hand(action: str, **values: Any) -> McpServerTool:
    names = {"integration_name": "desk", "integration_alias": "desk", "action_name": action}
    return tenant.a_tool(SERVER, **{**names, **values})


def compiled(*configured: WorkspaceIntegration, manual: Sequence[McpServerTool] = ()) -> Toolset:
    catalog = Catalog(shipped=None).extended([DESK])
    return compile_toolset(SERVER, configured=configured, manual=manual, catalog=catalog)


def lookups(toolset: Toolset) -> list[str]:
    return [tool.name for tool in toolset.tools if tool.is_lookup]


def told(tool: Tool, name: str) -> str:
    return tool.input_schema["properties"][name]["description"]


def test_the_lookups_that_enabled_actions_need_are_listed_behind_them() -> None:
    toolset = compiled(desk(enabled_actions=["whoami", "open_ticket"]))
    names = [tool.name for tool in toolset.tools]
    assert names == ["desk__open_ticket", "desk__whoami", "desk__list_queues", "desk__list_labels"]
    assert [*toolset.by_name] == names
    assert lookups(compiled(desk(enabled_actions=["whoami"]))) == []


def test_an_input_names_the_tool_that_lists_its_values_and_that_one_what_it_is_for() -> None:
    tools = compiled(desk(enabled_actions=["open_ticket"])).by_name
    assert told(tools["desk__open_ticket"], "queue") == "Id of the queue (from desk__list_queues)"
    assert told(tools["desk__open_ticket"], "label") == "A label (from desk__list_labels)"
    assert told(tools["desk__open_ticket"], "title") == "Title"
    assert told(tools["desk__list_labels"], "queue") == "Id of the queue (from desk__list_queues)"
    assert tools["desk__list_queues"].description == (
        "Queues by name. Its values are for queue of desk__open_ticket, desk__list_labels."
    )
    assert tools["desk__list_labels"].description == "Desk: List labels. Its values are for label of desk__open_ticket."


def test_it_only_reads_and_takes_a_search() -> None:
    seen = compiled(desk(enabled_actions=["open_ticket"])).by_name["desk__list_labels"].visible
    hints = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": True}
    assert seen["annotations"] == {"title": "List labels", **hints}
    assert [*seen["inputSchema"]["properties"]] == ["queue", "search", "max_items"]
    assert seen["inputSchema"]["required"] == ["queue"]


def test_what_the_manifest_says_of_an_action_is_not_changed() -> None:
    compiled(desk())
    properties = DESK.actions["open_ticket"].input_schema["properties"]
    assert properties["queue"]["description"] == "Id of the queue"


def test_an_action_of_the_same_name_goes_before_and_is_what_inputs_name() -> None:
    tools = compiled(desk(enabled_actions=["open_ticket", "list_queues"])).by_name
    assert tools["desk__list_queues"].action is DESK.actions["list_queues"]
    assert tools["desk__list_queues"].description == "Everything about each queue"
    assert told(tools["desk__open_ticket"], "queue") == "Id of the queue (from desk__list_queues)"


def test_a_lookup_that_the_workspaces_way_to_connect_does_not_suit_is_left_out() -> None:
    assert lookups(compiled(desk(enabled_actions=["assign"], auth_method_key="person"))) == []
    assert lookups(compiled(desk(enabled_actions=["assign"], auth_method_key="bot"))) == ["desk__list_agents"]
    assert lookups(compiled(desk(enabled_actions=["assign"]))) == ["desk__list_agents"]


def test_an_input_that_names_its_lookup_already_is_left_as_it_is() -> None:
    tools = compiled(desk(enabled_actions=["assign"])).by_name
    assert told(tools["desk__assign"], "agent") == "Whom, as list_agents tells"


def test_a_workspace_may_do_without_them() -> None:
    settings = {"lookupTools": False}
    assert lookups(compiled(desk(settings=settings))) == []
    tools = compiled(desk(settings=settings)).by_name
    assert told(tools["desk__open_ticket"], "queue") == "Id of the queue (from desk__list_queues)"
    assert told(tools["desk__open_ticket"], "label") == "A label."


def test_names_that_are_too_long_are_cut_and_stay_apart() -> None:
    found = lookups(compiled(desk("support-desk-of-the-company", enabled_actions=["collect"])))
    assert len(set(found)) == 2
    assert all(len(name) == 64 for name in found)


def test_each_alias_has_lookups_of_its_own_under_its_own_title() -> None:
    toolset = compiled(
        desk("desk-eu", enabled_actions=["assign"], display_name="Desk Europe"),
        desk("desk-us", enabled_actions=["assign"]),
    )
    assert lookups(toolset) == ["desk_eu__list_agents", "desk_us__list_agents"]
    eu, us = (toolset.by_name[name] for name in lookups(toolset))
    assert (eu.title, us.title) == ("Desk Europe: List agents", "List agents")
    assert eu.instance is not None
    assert us.instance is not None
    assert (eu.instance.alias, us.instance.alias) == ("desk-eu", "desk-us")


# Tools added by hand.


def test_a_lookup_for_tools_pinned_to_a_connection_uses_that_connection() -> None:
    toolset = compiled(
        desk(enabled_actions=["whoami"], auth_method_key="person"), manual=[by_hand("assign", connection_id="c1")]
    )
    assert toolset.by_name["desk__list_agents"].connection_id == "c1"


def test_a_lookup_for_a_tool_by_hand_without_an_integration_has_none_either() -> None:
    lookup = compiled(manual=[by_hand("assign")]).by_name["desk__list_agents"]
    assert (lookup.alias, lookup.instance, lookup.connection_id) == ("desk", None, None)


def test_where_accounts_differ_the_workspaces_has_the_name_and_pinned_tools_are_not_told_of_it() -> None:
    pinned = by_hand("open_ticket", connection_id="c1")
    tools = compiled(desk(enabled_actions=["open_ticket", "move_ticket"]), manual=[pinned]).by_name
    assert tools["desk__list_queues"].connection_id is None
    assert told(tools["desk__move_ticket"], "queue") == "Where to (from desk__list_queues)"
    assert told(tools["desk__open_ticket"], "queue") == "Id of the queue"
    assert "open_ticket" not in tools["desk__list_queues"].description


def test_a_pinned_tool_is_not_told_of_an_action_that_uses_another_account() -> None:
    pinned = by_hand("open_ticket", connection_id="c1")
    tools = compiled(desk(enabled_actions=["list_queues"]), manual=[pinned]).by_name
    assert not tools["desk__list_queues"].is_lookup
    assert told(tools["desk__open_ticket"], "queue") == "Id of the queue"


def test_of_two_pinned_accounts_the_first_has_the_name_and_only_its_tool_is_told() -> None:
    pinned = [by_hand("open_ticket", connection_id="c1"), by_hand("move_ticket", connection_id="c2")]
    tools = compiled(manual=pinned).by_name
    assert tools["desk__list_queues"].connection_id == "c1"
    assert told(tools["desk__open_ticket"], "queue") == "Id of the queue (from desk__list_queues)"
    assert told(tools["desk__move_ticket"], "queue") == "Where to"


def test_an_input_that_is_filled_in_beforehand_needs_no_lookup() -> None:
    toolset = compiled(manual=[by_hand("open_ticket", input_defaults={"queue": "q1"})])
    assert lookups(toolset) == ["desk__list_labels"]
    assert told(toolset.by_name["desk__open_ticket"], "queue") == "Id of the queue"


# The whole catalogue.


def test_the_whole_catalogue_has_unique_names_of_at_most_64_characters() -> None:
    catalog = Catalog()
    names = [name for name in catalog.names() if name in catalog]
    configured = [
        tenant.an_integration(WORKSPACE, integration_name=name, alias=name, tool_prefix=tool_prefix(name))
        for name in names
    ]
    toolset = compile_toolset(SERVER, configured=configured, manual=[], catalog=catalog)
    assert all(len(tool.name) <= 64 for tool in toolset.tools)
    assert len({tool.name for tool in toolset.tools}) == len(toolset.tools)
    assert {"github__list_repos", "google_sheets__list_tabs"} <= set(lookups(toolset))
    assert "slack__list_channels" in toolset.by_name
    assert "slack__list_channels" not in lookups(toolset)
