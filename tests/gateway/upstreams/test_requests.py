"""Every method, in both eras, against a server that we did not make up for it."""

from typing import Any

import pytest

from tests.parts.talking import BOTH, EVERYTHING, HANDSHAKE, MODERN, Servers, Talk

# The server has what 2026-07-28 deprecates, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")


@pytest.fixture(params=BOTH)
def talk(request: pytest.FixtureRequest) -> Talk:
    """A caller of each era, who answers whatever is asked."""
    return Talk(request.param, EVERYTHING)


async def test_a_tool_is_called(remote: Servers, everything: str, talk: Talk) -> None:
    answer = await remote.call(everything, "test_simple_text", talk=talk)
    assert answer.error is None
    assert answer.result["content"] == [{"type": "text", "text": "This is a simple text response for testing."}]


async def test_all_tools_are_listed_and_told_of(remote: Servers, everything: str, talk: Talk) -> None:
    answer = await remote.ask(everything, "tools/list", talk=talk)
    names = {tool["name"] for tool in answer.result["tools"]}
    assert {"test_simple_text", "test_x_mcp_header"} <= names
    assert [len(tools) for tools in remote.lists] == [len(names)]


@pytest.mark.parametrize(
    ("method", "params", "key"),
    [
        ("resources/list", {}, "resources"),
        ("resources/templates/list", {}, "resourceTemplates"),
        ("resources/read", {"uri": "test://static-text"}, "contents"),
        ("resources/read", {"uri": "test://static-binary"}, "contents"),
        ("prompts/list", {}, "prompts"),
        ("prompts/get", {"name": "test_prompt_with_arguments", "arguments": {"arg1": "a", "arg2": "b"}}, "messages"),
        (
            "completion/complete",
            {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "arg1", "value": "par"}},
            "completion",
        ),
    ],
)
async def test_other_methods_go_through(
    remote: Servers, everything: str, talk: Talk, method: str, params: dict[str, Any], key: str
) -> None:
    answer = await remote.ask(everything, method, params, talk=talk)
    assert answer.error is None
    assert answer.result[key]


@pytest.mark.parametrize("method", ["logging/setLevel", "resources/subscribe", "resources/unsubscribe", "ping"])
async def test_methods_of_the_handshake_era_go_through(remote: Servers, everything: str, method: str) -> None:
    params = {"level": "info"} if method == "logging/setLevel" else {"uri": "test://watched-resource"}
    answer = await remote.ask(everything, method, {} if method == "ping" else params, talk=Talk(HANDSHAKE))
    assert answer.error is None


async def test_an_error_of_the_server_is_the_answer(remote: Servers, everything: str, talk: Talk) -> None:
    answer = await remote.call(everything, "no_such_tool", talk=talk)
    assert answer.error is not None
    assert answer.error["code"] == -32602
    assert "no_such_tool" in answer.error["message"]


async def test_progress_reaches_the_caller_under_their_own_token(remote: Servers, everything: str, talk: Talk) -> None:
    talk.meta = {"progressToken": "mine"}
    await remote.call(everything, "test_tool_with_progress", talk=talk)
    assert [(params["progressToken"], params["progress"]) for _, params in talk.heard] == [
        ("mine", 0),
        ("mine", 50),
        ("mine", 100),
    ]


async def test_progress_that_nobody_asked_for_is_not_told(remote: Servers, everything: str, talk: Talk) -> None:
    await remote.call(everything, "test_tool_with_progress", talk=talk)
    assert talk.heard == []


async def test_what_the_server_logs_reaches_who_wants_it(remote: Servers, everything: str) -> None:
    old, new, deaf = (
        Talk(HANDSHAKE),
        Talk(MODERN, meta={"io.modelcontextprotocol/logLevel": "info"}),
        Talk(MODERN),
    )
    for talk in (old, new, deaf):
        await remote.call(everything, "test_tool_with_logging", talk=talk)
    assert [[method for method, _ in talk.heard] for talk in (old, new, deaf)] == [
        ["notifications/message"] * 3,
        ["notifications/message"] * 3,
        [],
    ]


async def test_a_handshake_caller_is_asked_in_mid_call(remote: Servers, everything: str) -> None:
    answers = {"elicitation/create": {"action": "accept", "content": {"username": "ada", "email": "a@example.com"}}}
    talk = Talk(HANDSHAKE, EVERYTHING, answers=answers)
    answer = await remote.call(everything, "test_elicitation", {"message": "Who?"}, talk=talk)
    assert [method for method, _ in talk.questions] == ["elicitation/create"]
    assert "ada" in str(answer.result)


async def test_a_modern_server_s_questions_go_through_untouched(remote: Servers, everything: str) -> None:
    talk = Talk(MODERN, EVERYTHING)
    first = await remote.call(everything, "test_input_required_result_elicitation", talk=talk)
    assert first.result["resultType"] == "input_required"
    (key,) = first.result["inputRequests"]
    talk.request_state = first.result.get("requestState")
    talk.input_responses = {key: {"action": "accept", "content": {"name": "ada"}}}
    second = await remote.call(everything, "test_input_required_result_elicitation", talk=talk)
    assert second.error is None
    assert "ada" in str(second.result)


async def test_arguments_are_repeated_in_headers_as_the_schema_wants(remote: Servers, everything: str) -> None:
    listed = await remote.ask(everything, "tools/list")
    (tool,) = [each for each in listed.result["tools"] if each["name"] == "test_x_mcp_header"]
    params = {"name": "test_x_mcp_header", "arguments": {"region": "Île"}}
    answer = await remote.ask(everything, "tools/call", params, expects=tool)
    assert answer.error is None
    refused = await remote.ask(everything, "tools/call", params)
    assert refused.error is not None
    assert refused.error["code"] == -32020
