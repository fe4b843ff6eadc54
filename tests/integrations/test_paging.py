from collections.abc import Mapping
from itertools import pairwise

import pytest

from integrations.failures import ActionFailed, InvalidInput
from integrations.integration import Integration
from integrations.loading import load
from integrations.manifest import CursorPaging
from integrations.paging import Cursor, next_link
from integrations.ports import HttpRequest, HttpResponse, Json
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

TOTAL = 25


def acme(paging: str, *, request: str = "{get: things, query: [kind]}", output: str = "{}") -> Integration:
    text = f"""
name: acme
title: Acme
auth: [{{key: main, type: secret_text}}]
api: {{base_url: "https://api.example.com/v1/"}}
actions:
  - name: list
    title: List
    input: {{kind: {{type: string, optional: true}}}}
    request: {request}
    paging: {paging}
    output: {output}
"""
    return Integration(load(text, "acme.yaml"))


def page(start: int, size: int) -> list[Json]:
    return [{"id": number} for number in range(start, min(start + size, TOTAL))]


def one(query: Mapping[str, list[str]], name: str, default: int) -> int:
    return int(query.get(name, [str(default)])[0])


def by_link(request: HttpRequest) -> HttpResponse:
    query = sent_query(request)
    number, size = one(query, "page", 1), one(query, "per_page", 10)
    items = page((number - 1) * size, size)
    more = number * size < TOTAL
    # As GitHub does: another path, and everything repeated.
    link = f'<https://api.example.com/v1/ids/7/things?page={number + 1}&per_page={size}>; rel="next", <x>; rel="last"'
    return json_response(items, link=link) if more else json_response(items)


def by_cursor(request: HttpRequest) -> HttpResponse:
    query = sent_query(request)
    start, size = one(query, "cursor", 0), one(query, "limit", 10)
    more = start + size < TOTAL
    return json_response({"items": page(start, size), "meta": {"next": str(start + size) if more else ""}})


def by_last(request: HttpRequest) -> HttpResponse:
    query = sent_query(request)
    start, size = one(query, "starting_after", -1) + 1, one(query, "limit", 10)
    return json_response({"data": page(start, size), "has_more": start + size < TOTAL})


def by_body(request: HttpRequest) -> HttpResponse:
    body = sent_json(request)
    start, size = int(body.get("start_cursor", 0)), body["page_size"]
    return json_response({"items": page(start, size), "next": str(start + size) if start + size < TOTAL else None})


def by_offset(request: HttpRequest) -> HttpResponse:
    query = sent_query(request)
    return json_response({"items": page(one(query, "offset", 0), one(query, "limit", 10)), "total": TOTAL})


def by_page(request: HttpRequest) -> HttpResponse:
    query = sent_query(request)
    return json_response({"items": page((one(query, "p", 1) - 1) * 10, 10)})


KINDS = {
    "link header": (
        '{style: link, items: "", limit_param: per_page, limit: 10}',
        by_link,
        "{get: things, query: [kind]}",
    ),
    "cursor": (
        "{style: cursor, items: /items, cursor_param: cursor, next: /meta/next, limit_param: limit, limit: 10}",
        by_cursor,
        "{get: things, query: [kind]}",
    ),
    "last item": (
        "{style: cursor, items: /data, cursor_param: starting_after, last: /id, more: /has_more, limit_param: limit, limit: 10}",
        by_last,
        "{get: things, query: [kind]}",
    ),
    "cursor in the body": (
        "{style: cursor, items: /items, cursor_param: start_cursor, next: /next, limit_param: page_size, limit: 10, send_in: json}",
        by_body,
        "{post: search, json: input}",
    ),
    "offset": (
        "{style: offset, items: /items, param: offset, limit_param: limit, limit: 10}",
        by_offset,
        "{get: things, query: [kind]}",
    ),
    "offset with total": (
        "{style: offset, items: /items, param: offset, limit_param: limit, limit: 10, total: /total}",
        by_offset,
        "{get: things, query: [kind]}",
    ),
    "page number": (
        "{style: page, items: /items, param: p, first: 1, limit: 10}",
        by_page,
        "{get: things, query: [kind]}",
    ),
}


async def listed(kind_of_paging: str, **arguments: Json) -> tuple[dict[str, Json], RecordedHttp]:
    paging, provider, request = KINDS[kind_of_paging]
    http = RecordedHttp([provider] * 30)
    run = acme(paging, request=request).actions["list"].run
    result = await run(arguments, credentials("main", secret_text="key"), ports(http))
    return result.output, http


@pytest.mark.parametrize("kind", KINDS)
async def test_all_pages_are_read_until_nothing_is_left(kind: str):
    output, http = await listed(kind)
    assert output == {"items": page(0, TOTAL)}
    assert len(http.requests) == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1, 4, 10, 12])
async def test_a_list_read_in_steps_is_the_whole_list_without_gaps_or_repeats(kind: str, step: int):
    seen: list[Json] = []
    cursor: dict[str, Json] = {}
    while True:
        output, _ = await listed(kind, max_items=step, **cursor)
        assert len(output["items"]) <= step
        seen.extend(output["items"])
        if "next_cursor" not in output:
            break
        cursor = {"cursor": output["next_cursor"]}
    assert seen == page(0, TOTAL)


@pytest.mark.parametrize("kind", KINDS)
async def test_no_more_is_asked_for_than_wanted(kind: str):
    _, http = await listed(kind, max_items=3)
    assert len(http.requests) == 1


@pytest.mark.parametrize("kind", ["link header", "cursor", "offset"])
async def test_every_page_is_asked_for_with_the_same_inputs_below_the_same_address(kind: str):
    _, http = await listed(kind, kind="open")
    for first, second in pairwise(http.requests):
        assert first.url.partition("?")[0] == second.url.partition("?")[0] == "https://api.example.com/v1/things"
        assert sent_query(second)["kind"] == ["open"]


async def test_no_more_than_twenty_pages_are_read_and_the_rest_can_be_fetched():
    action = acme("{style: cursor, items: /items, cursor_param: c, next: /next}").actions["list"]
    numbers = iter(range(1, 100))
    http = RecordedHttp([lambda _: json_response({"items": [0], "next": f"c{next(numbers)}"})] * 30)
    output = (await action.run({"max_items": 1000}, credentials("main", secret_text="k"), ports(http))).output
    assert len(http.requests) == len(output["items"]) == 20
    paging = CursorPaging(style="cursor", items="/items", cursor_param="c", next="/next")
    assert Cursor.decoded(output["next_cursor"], paging).position == "c20"


async def test_a_provider_that_repeats_its_cursor_does_not_loop():
    action = acme("{style: cursor, items: /items, cursor_param: c, next: /next}").actions["list"]
    http = RecordedHttp([json_response({"items": [1], "next": "same"})] * 5)
    output = (await action.run({}, credentials("main", secret_text="k"), ports(http))).output
    assert output == {"items": [1, 1]}


async def test_pick_and_shape_apply_to_every_item():
    integration = acme(
        "{style: page, items: /items, param: p}", output="{pick: /thing, shape: {number: /id, gone: /x}}"
    )
    http = RecordedHttp([json_response({"items": [{"thing": {"id": 1, "noise": 2}}]})])
    result = await integration.actions["list"].run({}, credentials("main", secret_text="k"), ports(http))
    assert result.output == {"items": [{"number": 1}]}


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!",
        "bnVsbA",
        Cursor("a", 11).encoded(),
        Cursor("a", 0).encoded(),
        Cursor("a", 5, -1).encoded(),
        "W10",
        "é",
    ],
)
async def test_a_made_up_cursor_is_refused_before_anything_is_sent(cursor: str):
    http = RecordedHttp()
    action = acme("{style: cursor, items: /items, cursor_param: c, next: /next, limit: 10}").actions["list"]
    with pytest.raises(InvalidInput) as caught:
        await action.run({"cursor": cursor}, credentials("main", secret_text="k"), ports(http))
    assert caught.value.path == "/cursor"
    assert http.requests == []


async def test_a_forged_cursor_reaches_no_other_address_and_no_other_parameter():
    action = acme("{style: cursor, items: /items, cursor_param: c, next: /next, limit: 10}").actions["list"]
    forged = Cursor("x&admin=1#/../../admin", 10).encoded()
    http = RecordedHttp([json_response({"items": []})])
    await action.run({"cursor": forged}, credentials("main", secret_text="k"), ports(http))
    assert http.request.url.partition("?")[0] == "https://api.example.com/v1/things"
    assert sent_query(http.request) == {"c": ["x&admin=1#/../../admin"]}


async def test_an_answer_without_a_list_is_a_failure_but_null_is_an_empty_one():
    action = acme("{style: page, items: /items, param: p}").actions["list"]
    http = RecordedHttp([json_response({"items": {"a": 1}})])
    with pytest.raises(ActionFailed, match="no list"):
        await action.run({}, credentials("main", secret_text="k"), ports(http))
    http = RecordedHttp([json_response({"items": None})])
    assert (await action.run({}, credentials("main", secret_text="k"), ports(http))).output == {"items": []}


def test_an_action_with_paging_says_so_in_its_schema():
    properties = acme("{style: page, items: /items, param: p}").actions["list"].input_schema["properties"]
    assert {*properties} == {"kind", "max_items", "cursor"}


@pytest.mark.parametrize(
    ("header", "target"),
    [
        ('<https://e.com/a?page=2>; rel="next"', "https://e.com/a?page=2"),
        ('<a>; rel="prev", <b>; title="x"; rel=next', "b"),
        ('<a>; rel="last next"', "a"),
        ("<a>; rel=NEXT", "a"),
        ('<a>; rel="nextish"', None),
        ('<a>; rel="previous"; results="false", <b>; rel="next"; results="true"; cursor="0:100:0"', "b"),
        ('<a>; rel="previous"; results="true", <b>; rel="next"; results="false"; cursor="0:100:0"', None),
        ('<a>; title="next"', None),
        ("garbage", None),
        ("", None),
    ],
)
def test_the_next_link_is_read_from_the_header(header: str, target: str | None):
    assert next_link(header) == target
