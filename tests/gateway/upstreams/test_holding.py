"""Claims about lists that are held against what was approved, as plain values."""

import tracemalloc
from typing import Any

from gateway.upstreams.holding import MOST_NEW, hold_against
from gateway.upstreams.views import ADDED, CHANGED, REFUSED, REMOVED, Held, Views
from integrations.upstream.definitions import digest
from tests.gateway.upstreams.remote_shop import a_tool, poisoned

APPROVED = [a_tool(), a_tool("read")]
DIGESTS = {each["name"]: digest(each) for each in APPROVED}


def differences(*tools: Any) -> dict[str, Held]:
    return dict(hold_against(tools, APPROVED, DIGESTS).differences)


def test_what_is_as_approved_is_no_difference_whatever_stands_beside_what_is_pinned() -> None:
    assert differences({**a_tool(), "_meta": {"a": 1}, "icons": []}, a_tool("read")) == {}


def test_each_way_to_differ_has_its_kind() -> None:
    assert differences(poisoned(), a_tool("new"), a_tool("a b")) == {
        "search": Held(CHANGED, digest(poisoned())),
        "new": Held(ADDED, digest(a_tool("new"))),
        "a b": Held(REFUSED, digest(a_tool("a b"))),
        "read": Held(REMOVED, None),
    }


def test_a_second_tool_of_an_approved_name_is_neither_approved_nor_can_it_be() -> None:
    assert differences(a_tool(), poisoned(), a_tool("read"))["search"].kind == REFUSED


def test_what_is_no_tool_at_all_is_refused_and_hurts_nothing_else() -> None:
    found = differences(a_tool(), a_tool("read"), "text", {"name": 5}, None, {"name": ""})

    assert {held.kind for held in found.values()} == {REFUSED}


def test_there_is_an_end_to_how_much_of_one_list_is_held_back() -> None:
    found = differences(*APPROVED, *(a_tool(f"t{number}") for number in range(MOST_NEW + 50)))

    assert len(found) == MOST_NEW


def test_a_tool_is_removed_when_nobody_is_shown_it_and_changed_when_anybody_is_shown_another() -> None:
    views = Views()
    gone, other = Held(REMOVED, None), Held(CHANGED, "d")
    views.note("alice", {"search": gone})
    assert views.differences() == {"search": {gone}}
    views.note("bob", {"search": other})
    assert views.differences() == {"search": {other}}
    views.note("bob", {})
    assert views.differences() == {}


def test_views_of_many_accounts_of_a_server_that_lies_to_each_take_little_memory() -> None:
    views = Views()
    tracemalloc.start()
    try:
        for account in range(80):
            tools = [a_tool(f"{account:04}{number:03}".ljust(128, "x")) for number in range(900)]
            views.note(f"account {account}", hold_against(tools, APPROVED, DIGESTS).differences)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 20 * 1024 * 1024
    assert len(views.differences()) <= 40 * (MOST_NEW + len(APPROVED))
