import pytest

from integrations.failures import InvalidInput
from integrations.integration import Integration
from integrations.loading import load
from integrations.options import DEFAULT_OPTIONS, MAX_OPTIONS, MAX_SEARCHED, Option, lookup_options
from integrations.ports import Json
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_query

ACME = Integration(
    load(
        """
name: acme
title: Acme
auth: [{key: main, type: secret_text}]
api: {base_url: "https://api.example.com/"}
options:
  list_channels:
    title: List channels
    request: {get: channels}
    items: /channels
    value: /id
    label: [/title, /name]
    paging: {style: cursor, items: /channels, cursor_param: cursor, next: /next, limit_param: limit}
  list_users:
    title: List users
    description: People of the workspace.
    request: {get: users, query: {q: "{search}"}}
    value: /id
    label: /name
  list_labels:
    title: List labels
    request: {get: "repos/{repository}/labels"}
    value: /name
    label: /name
    depends_on: [repository]
  list_files:
    title: List files
    request: {get: files}
    base_url: https://files.example.com/v2/
    value: /id
    label: /name
  list_amounts:
    title: List amounts
    request: {get: amounts}
    value: /id
    label: /name
actions:
  - name: send
    title: Send
    input:
      amount: {type: integer, options: list_amounts}
      channel: {type: string, options: list_channels}
      user: {type: string, options: list_users}
      repository: {type: string, description: owner/name, segments: 2}
      labels: {type: array, items: {type: string}, options: list_labels}
    request: {post: send, json: input}
""",
        "acme.yaml",
    )
)
KEY = credentials("main", secret_text="key")


async def options(name: str, http: RecordedHttp, search: str | None = None, **arguments: Json) -> list[Option]:
    return await lookup_options(ACME.option_lookup(name), arguments, credentials=KEY, ports=ports(http), search=search)


async def test_options_come_from_every_page_with_the_first_label_that_has_text():
    http = RecordedHttp(
        [
            json_response(
                {"channels": [{"id": "C1", "name": "general"}, {"id": "C2", "title": "Team", "name": "t"}], "next": "n"}
            ),
            json_response({"channels": [{"id": "C3", "title": ""}, {"name": "no id"}], "next": ""}),
        ]
    )
    assert await options("list_channels", http) == [("general", "C1"), ("Team", "C2"), ("C3", "C3")]


async def test_the_provider_searches_where_it_can():
    http = RecordedHttp([json_response([{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}])])
    assert await options("list_users", http, "an") == [("Ann", "1"), ("Bob", "2")]
    assert sent_query(http.request) == {"q": ["an"]}


async def test_without_a_search_its_parameter_is_left_out():
    http = RecordedHttp([json_response([])])
    await options("list_users", http)
    assert http.request.url == "https://api.example.com/users"


async def test_choices_may_stand_elsewhere_than_in_the_api():
    http = RecordedHttp([json_response([{"id": "F1", "name": "Plan"}])])
    assert await options("list_files", http) == [("Plan", "F1")]
    assert http.request.url == "https://files.example.com/v2/files"


async def test_labels_are_searched_here_where_the_provider_cannot():
    channels = [{"id": f"C{number}", "name": f"channel-{number}"} for number in range(150)]
    pages = [json_response({"channels": channels[:100], "next": "n"}), json_response({"channels": channels[100:]})]
    assert await options("list_channels", RecordedHttp([*pages]), "CHANNEL-14") == [
        ("channel-14", "C14"),
        *[(f"channel-{number}", f"C{number}") for number in range(140, 150)],
    ]


async def test_ids_that_the_provider_counts_are_text_where_the_inputs_take_text():
    found = json_response([{"id": 7, "name": "Ada"}])
    assert await options("list_users", RecordedHttp([found])) == [Option("Ada", "7")]
    assert await options("list_amounts", RecordedHttp([found])) == [Option("Ada", 7)]


async def test_no_more_options_than_a_list_can_show():
    page = json_response({"channels": [{"id": str(number), "name": "n"} for number in range(1000)]})
    assert len(await options("list_channels", RecordedHttp([page]))) == MAX_OPTIONS


async def test_what_a_lookup_depends_on_goes_into_its_address():
    http = RecordedHttp([json_response([{"name": "bug"}])])
    assert await options("list_labels", http, repository="acme/site", other="x") == [("bug", "bug")]
    assert http.request.url == "https://api.example.com/repos/acme/site/labels"


@pytest.mark.parametrize("arguments", [{}, {"repository": ""}, {"repository": None}])
async def test_a_lookup_says_which_input_must_be_chosen_first(arguments: dict[str, Json]):
    with pytest.raises(InvalidInput) as caught:
        await options("list_labels", RecordedHttp(), **arguments)
    assert (caught.value.path, caught.value.message) == ("/repository", "repository must be chosen first.")


async def test_a_lookup_is_a_read_only_tool_as_well():
    tool = ACME.lookups["list_users"]
    assert (tool.title, tool.description, tool.hints.read_only) == ("List users", "People of the workspace.", True)
    assert [*tool.input_schema["properties"]] == ["search", "max_items"]
    result = await tool.run({"search": "a"}, KEY, ports(RecordedHttp([json_response([{"id": 1, "name": "Ann"}])])))
    assert result.output == {"options": [{"label": "Ann", "value": "1"}], "has_more": False}


async def test_a_lookup_tool_answers_briefly_and_says_when_there_is_more():
    users = [{"id": number, "name": f"User {number}"} for number in range(120)]
    tool = ACME.lookups["list_users"]
    for asked, told, more in (
        ({}, DEFAULT_OPTIONS, True),
        ({"max_items": 3}, 3, True),
        ({"max_items": 200}, 120, False),
    ):
        result = await tool.run(asked, KEY, ports(RecordedHttp([json_response(users)])))
        assert (len(result.output["options"]), result.output["has_more"]) == (told, more)


async def test_a_lookup_tool_fetches_no_more_than_it_tells():
    http = RecordedHttp([json_response({"channels": [{"id": "C1", "name": "general"}] * 3, "next": "n"})])
    result = await ACME.lookups["list_channels"].run({"max_items": 3}, KEY, ports(http))
    assert (len(result.output["options"]), result.output["has_more"]) == (3, True)
    assert sent_query(http.request) == {"limit": ["3"]}


async def test_a_search_on_our_side_says_when_it_has_not_seen_everything():
    page = {"channels": [{"id": str(number), "name": "n"} for number in range(MAX_SEARCHED)], "next": "n"}
    result = await ACME.lookups["list_channels"].run({"search": "z"}, KEY, ports(RecordedHttp([json_response(page)])))
    assert result.output == {"options": [], "has_more": True}


def test_a_lookup_tool_requires_what_it_depends_on_as_the_action_describes_it():
    schema = ACME.lookups["list_labels"].input_schema
    assert schema["required"] == ["repository"]
    assert schema["properties"]["repository"] == {"type": "string", "description": "owner/name"}


def test_a_lookup_knows_which_others_list_what_it_depends_on():
    manifest = """
name: acme
title: Acme
auth: [{key: main, type: secret_text}]
api: {base_url: "https://api.example.com/"}
options:
  list_repos: {title: Repositories, request: {get: repos}, value: /id, label: /id}
  list_labels: {title: L, request: {get: "{repo}/labels"}, value: /id, label: /id, depends_on: [repo]}
actions:
  - name: add
    title: Add
    input:
      repo: {type: string, options: list_repos, optional: true}
      label: {type: string, options: list_labels}
    request: {post: add, json: input}
"""
    labels = Integration(load(manifest, "acme.yaml")).lookups["list_labels"]
    assert (labels.lookups, labels.input_schema["required"]) == ({"repo": "list_repos"}, ["repo"])


def test_an_action_knows_which_lookups_serve_its_inputs():
    assert ACME.actions["send"].lookups == {
        "amount": "list_amounts",
        "channel": "list_channels",
        "user": "list_users",
        "labels": "list_labels",
    }


def test_an_unknown_lookup_is_a_key_error():
    with pytest.raises(KeyError):
        ACME.option_lookup("nothing")
