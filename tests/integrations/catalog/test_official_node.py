"""A client for Node that fails says so, instead of passing or hanging: every comparison with one stands on that."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official
from tests.integrations.catalog.official_node import module_of, node_client
from tests.integrations.catalog.officials import OFFICIALS
from tests.integrations.catalog.recorder import recording
from tests.integrations.catalog.test_official import asked_by_theirs
from tests.parts.node import Node

FOR_NODE = [official for official in OFFICIALS if official.connect is None]


def program(folder: Path, calls: Mapping[str, str]) -> Path:
    """A client of our own making, with these functions of the address as calls."""
    members = ", ".join(f"{name}: {call}" for name, call in calls.items())
    module = folder / "acme.mjs"
    module.write_text(
        f'export const address = "https://api.acme.example";\nexport const connect = (at) => at;\n'
        f"export const calls = {{ {members} }};\n"
    )
    return module


def test_what_a_client_asks_is_seen_and_where_it_would_go(node: Node, tmp_path: Path):
    module = program(tmp_path, {"get_thing": "(at) => fetch(`${at}/things/1`)"})
    official = Official("acme", "acme", Credentials("key", {}), {"get_thing": Call({}, answers=({},))})
    with recording() as recorder, node_client(node, module, recorder.address) as client:
        asked, address = asked_by_theirs(recorder, lambda _: client, official, "get_thing")
    assert [(each.method, each.path) for each in asked] == [("GET", ("", "things", "1"))]
    assert address == "https://api.acme.example"


def test_a_client_whose_call_fails_asked_nothing_and_takes_the_next_call(
    node: Node, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    module = program(tmp_path, {"broken": "() => nowhere.at.all()", "whole": "(at) => fetch(at)"})
    with recording() as recorder, node_client(node, module, recorder.address) as client:
        recorder.expect([{}])
        client.call("broken")
        assert recorder.asked() == []
        client.call("whole")
        assert len(recorder.asked()) == 1
    assert "broken: ReferenceError: nowhere is not defined" in capfd.readouterr().err


def test_a_client_that_ends_during_a_call_is_named(node: Node, tmp_path: Path):
    module = program(tmp_path, {"leave": "() => process.exit(0)"})
    with recording() as recorder, node_client(node, module, recorder.address) as client:
        for _ in range(2):
            with pytest.raises(AssertionError, match=r"acme\.mjs ended during leave"):
                client.call("leave")


def test_a_client_that_does_not_start_is_named(node: Node, tmp_path: Path):
    module = tmp_path / "acme.mjs"
    module.write_text('import "no-such-package";\n')
    with (
        pytest.raises(AssertionError, match=r"acme\.mjs ended before it said"),
        node_client(node, module, "http://127.0.0.1:9"),
    ):
        pass


def test_a_call_that_the_client_has_not_got_is_named(node: Node, tmp_path: Path):
    module = program(tmp_path, {})
    with (
        node_client(node, module, "http://127.0.0.1:9") as client,
        pytest.raises(AssertionError, match=r"acme\.mjs has no call for get_thing"),
    ):
        client.call("get_thing")


@pytest.mark.parametrize("official", FOR_NODE, ids=lambda official: official.integration)
def test_every_call_of_a_client_is_compared_with_an_action(node: Node, official: Official):
    with node_client(node, module_of(official.integration), "http://127.0.0.1:9") as client:
        assert set(client.calls) == set(official.calls)
