"""Callers and servers of different eras."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from gateway.upstreams import eras
from integrations.failures import ProviderUnavailable
from integrations.ports import McpAnswer
from tests.gateway.upstreams.hostile import as_json, misbehaving, reply, says
from tests.parts.eras import HandshakeOnly, ModernOnly
from tests.parts.ports import free_port
from tests.parts.talking import EVERYTHING, HANDSHAKE, MODERN, Servers, Talk, serving
from tests.support.everything.server import create_app

# The server has what 2026-07-28 deprecates, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")

_ACCEPTED = {
    "action": "accept",
    "content": {"name": "ada", "username": "ada", "email": "a@example.com", "color": "red"},
}
_ANSWERS = {
    "elicitation/create": _ACCEPTED,
    "sampling/createMessage": {"role": "assistant", "content": {"type": "text", "text": "Paris"}, "model": "m"},
    "roots/list": {"roots": [{"uri": "file:///home/ada"}]},
}


@pytest.mark.parametrize("in_plain_text", [False, True])
async def test_a_modern_caller_reaches_a_server_that_knows_only_handshakes(
    remote: Servers, in_plain_text: bool
) -> None:
    server = HandshakeOnly(create_app(), in_plain_text=in_plain_text)
    async with serving(server) as url:
        for _ in range(2):
            answer = await remote.call(url, "test_simple_text", talk=Talk(MODERN))
            assert answer.error is None
    assert server.methods() == ["initialize", "notifications/initialized", "tools/call", "tools/call"]


async def test_a_handshake_caller_reaches_a_server_that_knows_no_handshakes(remote: Servers) -> None:
    async with serving(ModernOnly(create_app())) as url:
        for _ in range(2):
            answer = await remote.call(url, "test_simple_text", talk=Talk(HANDSHAKE))
            assert answer.error is None


async def test_a_server_of_both_eras_is_asked_in_each_caller_s_own(remote: Servers, everything: str) -> None:
    for version in (MODERN, HANDSHAKE, MODERN, HANDSHAKE):
        answer = await remote.call(everything, "test_simple_text", talk=Talk(version))
        assert ("resultType" in answer.result) == (version == MODERN)


async def test_a_server_that_speaks_no_revision_of_ours_is_said_to(remote: Servers) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<h1>Not here</h1>"})

    async with serving(app) as url:
        for version in (MODERN, HANDSHAKE):
            with pytest.raises(ProviderUnavailable, match=r"127\.0\.0\.1 refused the request with status 404"):
                await remote.call(url, "test_simple_text", talk=Talk(version))


@pytest.mark.parametrize(
    ("tool", "asked", "said"),
    [
        ("test_input_required_result_elicitation", ["elicitation/create"], "ada"),
        ("test_input_required_result_sampling", ["sampling/createMessage"], "Paris"),
        ("test_input_required_result_list_roots", ["roots/list"], "file:///home/ada"),
        (
            "test_input_required_result_multiple_inputs",
            ["elicitation/create", "sampling/createMessage", "roots/list"],
            "All inputs received",
        ),
        ("test_input_required_result_multi_round", ["elicitation/create", "elicitation/create"], "red"),
    ],
)
async def test_what_a_modern_server_wants_to_know_is_asked_of_a_handshake_caller(
    remote: Servers, tool: str, asked: list[str], said: str
) -> None:
    talk = Talk(HANDSHAKE, EVERYTHING, answers=_ANSWERS)
    async with serving(ModernOnly(create_app())) as url:
        answer = await remote.call(url, tool, talk=talk)
    assert sorted(method for method, _ in talk.questions) == sorted(asked)
    assert said in str(answer.result)


async def test_a_handshake_caller_who_does_not_answer_gets_an_error(remote: Servers) -> None:
    async with serving(ModernOnly(create_app())) as url:
        silent = await remote.call(
            url, "test_input_required_result_elicitation", talk=Talk(HANDSHAKE, {"elicitation": {}})
        )
    assert silent.error == {"code": -32600, "message": "nobody is there"}


async def test_a_modern_caller_is_told_what_a_handshake_server_asks_and_comes_back_with_it(remote: Servers) -> None:
    server = HandshakeOnly(create_app())
    async with serving(server) as url:
        first = await remote.call(url, "test_elicitation", {"message": "Who?"}, talk=Talk(MODERN, EVERYTHING))
        second = await remote.call(url, "test_elicitation", {"message": "Who?"}, talk=_coming_back(first))
    assert first.result["resultType"] == "input_required"
    assert [each["method"] for each in first.result["inputRequests"].values()] == ["elicitation/create"]
    assert "ada" in str(second.result)
    # The server saw one call, in the midst of which it was answered.
    assert server.methods().count("tools/call") == 1


async def test_a_request_state_serves_once_and_only_who_was_given_it(remote: Servers) -> None:
    async with serving(HandshakeOnly(create_app())) as url:
        first = await remote.call(url, "test_elicitation", {"message": "?"}, talk=Talk(MODERN, EVERYTHING))
        params = {"name": "test_elicitation", "arguments": {"message": "?"}}
        with_another = await remote.ask(
            url, "tools/call", params, talk=_coming_back(first), headers={"authorization": "Bearer another"}
        )
        assert with_another.error is not None
        assert with_another.error["code"] == -32602
        assert (await remote.ask(url, "tools/call", params, talk=_coming_back(first))).error is None
        again = await remote.ask(url, "tools/call", params, talk=_coming_back(first))
        assert again.error is not None
        assert again.error["code"] == -32602


async def test_a_parked_request_of_which_the_caller_leaves_is_cancelled_at_the_server(remote: Servers) -> None:
    server = HandshakeOnly(create_app())
    async with serving(server) as url:
        first = await remote.call(url, "test_elicitation", {"message": "?"}, talk=Talk(MODERN, EVERYTHING))
        talk = _coming_back(first)
        talk.input_responses = {"x": "no object"}
        wrong = await remote.call(url, "test_elicitation", {"message": "?"}, talk=talk)
        assert wrong.error is not None
        # A request on the same connection comes after the cancellation.
        await remote.call(url, "test_simple_text", talk=Talk(MODERN, EVERYTHING))
    assert "notifications/cancelled" in server.methods()


async def test_what_a_caller_has_not_said_to_answer_is_refused_to_the_server(remote: Servers) -> None:
    server = HandshakeOnly(create_app())
    async with serving(server) as url:
        answer = await remote.call(url, "test_elicitation", {"message": "?"}, talk=Talk(MODERN))
    assert answer.error is not None or answer.result["isError"]


def _coming_back(first: McpAnswer) -> Talk:
    responses = {key: _ANSWERS[each["method"]] for key, each in first.result["inputRequests"].items()}
    return Talk(MODERN, EVERYTHING, input_responses=responses, request_state=first.result["requestState"])


async def test_a_server_that_has_changed_its_era_is_found_out(remote: Servers) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    for wrap in (HandshakeOnly, ModernOnly, HandshakeOnly):
        async with serving(wrap(create_app()), port=port):
            for talk in (Talk(HANDSHAKE), Talk(MODERN)):
                # The first request after a change may be the one by which it is found out.
                with suppress(ProviderUnavailable):
                    await remote.call(url, "test_simple_text", talk=talk)
                assert (await remote.call(url, "test_simple_text", talk=talk)).error is None


async def test_a_modern_caller_who_leaves_a_call_in_a_session_cancels_it(remote: Servers) -> None:
    async def hangs(_: Any, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with misbehaving(hangs) as server:
        server.further = {"server/discover": lambda _: {"supportedVersions": [HANDSHAKE], "capabilities": {}}}
        call = asyncio.create_task(remote.call(server.url, "act", talk=Talk(MODERN, EVERYTHING)))
        await server.until_method("tools/call")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await server.until_method("notifications/cancelled")


async def test_one_caller_parks_no_more_than_a_few_requests(remote: Servers) -> None:
    async with serving(HandshakeOnly(create_app())) as url:
        answers = [
            await remote.call(url, "test_elicitation", {"message": "?"}, talk=Talk(MODERN, EVERYTHING))
            for _ in range(18)
        ]
    waiting = [answer.result.get("resultType") == "input_required" for answer in answers]
    assert waiting == [True] * 16 + [False] * 2


async def test_a_server_that_leaves_strangers_waiting_is_asked_for_a_session(
    remote: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers(message: Any, writer: asyncio.StreamWriter) -> None:
        await says(writer, as_json(reply(message)))

    monkeypatch.setattr(eras, "_PROBING_SECONDS", 0.1)
    async with misbehaving(answers) as server:
        server.silent_on = frozenset({"server/discover"})
        for _ in range(2):
            assert (await remote.call(server.url, "act", talk=Talk(MODERN))).error is None
    assert server.methods().count("server/discover") == 1
