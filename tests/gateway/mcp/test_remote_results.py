"""Claims about how a remote server's answers reach a client: checked, in its era, within bounds."""

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from gateway.mcp.client_side import refuse_question
from gateway.mcp.log_levels import LogLevels, is_wanted
from gateway.mcp.remote_names import RemoteNames
from gateway.mcp.remote_results import call_result, wire_result
from gateway.mcp.results import Dialect
from gateway.principals import McpPrincipal
from gateway.tools.execution import Outcome
from gateway.upstreams.conversation import NoAnswer
from integrations.action import ActionResult
from integrations.ports import McpAnswer

MODERN = Dialect(is_modern=True, takes_url_elicitation=False)
OLD = Dialect(is_modern=False, takes_url_elicitation=False)
OLD_OPENING = Dialect(is_modern=False, takes_url_elicitation=True)
NAMES = RemoteNames("docs", "Docs", is_bare=False)
LINK: dict[str, Any] = {
    "code": -32042,
    "message": "sign in first",
    "data": {
        "elicitations": [{"mode": "url", "url": "https://docs.example/in", "message": "Open", "elicitationId": "1"}]
    },
}


def called(
    answer: McpAnswer, dialect: Dialect, *, capabilities: dict[str, Any] | None = None, most: int = 10_000
) -> dict[str, Any]:
    version = "2026-07-28" if dialect.is_modern else "2025-11-25"
    outcome = Outcome(ActionResult(None, mcp=answer), None)
    return call_result(
        outcome, names=NAMES, version=version, dialect=dialect, capabilities=capabilities or {}, most=most
    )


def test_a_result_gets_what_its_revision_demands_and_loses_what_it_has_not() -> None:
    answer = McpAnswer(result={"content": [{"type": "text", "text": "x"}], "resultType": "complete", "ttlMs": 5})

    modern, old = called(answer, MODERN), called(answer, OLD)

    assert modern["resultType"] == "complete"
    assert modern["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "toolgate"
    assert old.keys() <= {"content", "_meta", "isError"}


@pytest.mark.parametrize(
    "result",
    [{}, {"content": "text"}, {"content": [{"type": "nonsense"}]}],
)
def test_what_is_no_result_is_an_error_and_not_repeated(result: dict[str, Any]) -> None:
    with pytest.raises(MCPError, match="Docs gave an answer") as error:
        called(McpAnswer(result=result), MODERN)
    assert "nonsense" not in str(error.value)


@pytest.mark.parametrize("dialect", [MODERN, OLD])
def test_no_server_says_in_our_name_by_which_account_it_was_asked(dialect: Dialect) -> None:
    meta = {"io.toolgate/account": {"label": "somebody@else.example"}, "other": 1}
    result = called(McpAnswer(result={"content": [], "_meta": meta}), dialect)

    assert result["_meta"]["other"] == 1
    assert "io.toolgate/account" not in result["_meta"]


@pytest.mark.parametrize("dialect", [MODERN, OLD])
def test_a_link_to_open_is_told_in_words_to_who_opens_none(dialect: Dialect) -> None:
    result = called(McpAnswer(error=LINK), dialect)

    assert result["isError"] is True
    assert "https://docs.example/in" in result["content"][0]["text"]


def test_a_link_to_open_is_the_error_that_its_revision_knows() -> None:
    with pytest.raises(MCPError) as error:
        called(McpAnswer(error=LINK), OLD_OPENING)
    assert error.value.error.code == -32042
    asked = {**LINK["data"]["elicitations"][0], "message": "Docs asks: Open"}
    assert error.value.error.data == {"elicitations": [asked]}


@pytest.mark.parametrize("dialect", [MODERN, OLD, OLD_OPENING])
@pytest.mark.parametrize(
    "elicitations",
    [
        7,
        "https://docs.example/in",
        [{"mode": "url", "url": "javascript:alert(1)", "message": "Open", "elicitationId": "1"}],
        [{"mode": "url", "url": "file:///etc/passwd", "message": "Open", "elicitationId": "1"}],
    ],
)
def test_nobody_is_sent_to_what_is_no_web_address(elicitations: Any, dialect: Dialect) -> None:
    result = called(McpAnswer(error={**LINK, "data": {"elicitations": elicitations}}), dialect)

    assert result["isError"] is True
    assert result["content"] == [{"type": "text", "text": "sign in first"}]


def test_other_errors_of_the_protocol_stay_what_they_are() -> None:
    with pytest.raises(MCPError, match="no such thing") as error:
        called(McpAnswer(error={"code": -32602, "message": "no such thing", "data": {"a": 1}}), MODERN)
    assert (error.value.error.code, error.value.error.data) == (-32602, {"a": 1})


def test_a_result_that_no_agent_can_take_in_says_so_in_its_place() -> None:
    result = called(McpAnswer(result={"content": [{"type": "text", "text": "x" * 20_000}]}), MODERN, most=1_000)

    assert result["isError"] is True
    assert "at most 1000" in result["content"][0]["text"]


def needing(**requests: Any) -> McpAnswer:
    return McpAnswer(result={"resultType": "input_required", "inputRequests": requests, "requestState": "s"})


FORM = {
    "method": "elicitation/create",
    "params": {"message": "Who?", "requestedSchema": {"type": "object", "properties": {}}},
}


def test_questions_are_shown_with_who_asks_and_their_state_untouched() -> None:
    result = called(needing(name=FORM), MODERN, capabilities={"elicitation": {}})

    assert result["resultType"] == "input_required"
    assert result["requestState"] == "s"
    assert result["inputRequests"]["name"]["params"]["message"] == "Docs asks: Who?"


@pytest.mark.parametrize(
    ("method", "params", "capabilities"),
    [
        ("elicitation/create", FORM["params"], {}),
        ("sampling/createMessage", {"messages": [], "maxTokens": 1}, {"elicitation": {}}),
        ("roots/list", {}, {"elicitation": {}, "sampling": {}}),
        ("tools/call", {}, {"elicitation": {}}),
        ("elicitation/create", {"mode": "url", "url": "https://a.b", "message": ""}, {"elicitation": {}}),
        (
            "elicitation/create",
            {"mode": "url", "url": "javascript:alert(1)", "message": ""},
            {"elicitation": {"url": {}}},
        ),
        ("elicitation/create", {"mode": "url", "url": "http://a.b", "message": ""}, {"elicitation": {"url": {}}}),
        ("elicitation/create", {"mode": "url", "url": None, "message": ""}, {"elicitation": {"url": {}}}),
        ("elicitation/create", {"message": "form"}, {"elicitation": {"url": {}}}),
    ],
)
def test_a_question_that_the_client_can_not_take_is_refused(
    method: str, params: dict[str, Any], capabilities: dict[str, Any]
) -> None:
    with pytest.raises(NoAnswer):
        refuse_question(method, params, capabilities)
    with pytest.raises(MCPError):
        called(needing(it={"method": method, "params": params}), MODERN, capabilities=capabilities)


@pytest.mark.parametrize("question", [None, "x", [], {}, {"method": 5}, {"method": "elicitation/create", "params": 5}])
def test_an_odd_question_is_an_error_and_no_crash(question: Any) -> None:
    with pytest.raises(MCPError):
        called(needing(it=question), MODERN, capabilities={"elicitation": {}})


def test_lists_of_remote_servers_are_kept_by_nobody() -> None:
    shown = wire_result(
        {"prompts": [], "ttlMs": 99_999, "cacheScope": "public"},
        method="prompts/list",
        names=NAMES,
        version="2026-07-28",
        is_modern=True,
    )

    assert (shown["ttlMs"], shown["cacheScope"]) == (0, "private")


@pytest.mark.parametrize(
    ("level", "wanted", "is_heard"),
    [("info", None, True), ("info", "error", False), ("error", "error", True), ("odd", "debug", False), (5, "x", True)],
)
def test_who_wants_little_hears_little(level: object, wanted: object, is_heard: bool) -> None:
    assert is_wanted(level, wanted) is is_heard


def test_a_level_is_one_persons_at_one_server() -> None:
    alice = McpPrincipal("t", "s", "o", "w", "alice", frozenset())
    bob = McpPrincipal("t", "s", "o", "w", "bob", frozenset())
    levels = LogLevels()
    levels.set(alice, "error")

    assert (levels.of(alice), levels.of(bob)) == ("error", None)
