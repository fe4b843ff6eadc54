"""Sessions of the handshake revisions: shared, lost, taken up again, ended; and requests that nobody waits for."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from gateway.upstreams.upstreams import Upstreams
from integrations.failures import ProviderTimedOut, ProviderUnavailable
from tests.gateway.upstreams.hostile import Misbehaving, as_event, as_json, begins_a_stream, misbehaving, reply, says
from tests.parts.eras import HandshakeOnly
from tests.parts.ports import free_port
from tests.parts.talking import BOTH, EVERYTHING, HANDSHAKE, MODERN, Servers, Talk, servers, serving
from tests.support.everything.server import create_app

# The server has what 2026-07-28 deprecates, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")


async def hangs(_: Any, __: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def test_requests_of_one_caller_share_a_session(remote: Servers) -> None:
    server = HandshakeOnly(create_app())
    async with serving(server) as url:
        await asyncio.gather(*(remote.call(url, "test_simple_text", talk=Talk(HANDSHAKE)) for _ in range(20)))
    assert server.methods().count("initialize") == 1
    assert server.methods().count("tools/call") == 20


@pytest.mark.parametrize("version", BOTH)
async def test_a_server_that_was_started_again_is_reached_again(remote: Servers, version: str) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    for _ in range(2):
        async with serving(HandshakeOnly(create_app()), port=port):
            assert (await remote.call(url, "test_simple_text", talk=Talk(version))).error is None
    with pytest.raises(ProviderUnavailable, match="no connection"):
        await remote.call(url, "test_simple_text", talk=Talk(version))
    async with serving(create_app(), port=port):
        answers = await asyncio.gather(*(remote.call(url, "test_simple_text", talk=Talk(version)) for _ in range(10)))
    assert all(answer.error is None for answer in answers)


_NO_SESSION = {"code": -32000, "message": "Bad Request: No valid session ID provided"}


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (as_json(b"no such session", status="404 Not Found", kind="text/plain"), "forgets its sessions"),
        (
            as_json({"jsonrpc": "2.0", "id": None, "error": _NO_SESSION}, status="400 Bad Request"),
            "forgets its sessions",
        ),
        (
            as_json(b"which session?", status="400 Bad Request", kind="text/plain"),
            "refused the request with status 400",
        ),
    ],
)
async def test_a_server_that_forgets_every_session_is_asked_twice_and_no_more(
    remote: Servers, refusal: bytes, said: str
) -> None:
    async def forgets(_: Any, writer: asyncio.StreamWriter) -> None:
        await says(writer, refusal)

    async with misbehaving(forgets) as server:
        server.session_id = "s1"
        with pytest.raises(ProviderUnavailable, match=said):
            await remote.call(server.url, "act", talk=Talk(HANDSHAKE))
    assert server.methods().count("initialize") == 2
    assert server.methods().count("tools/call") == 2


async def test_a_session_is_ended_at_the_server_when_the_gateway_stops() -> None:
    async with misbehaving(_answers) as server:
        server.session_id = "s1"
        async with servers() as remote:
            await remote.call(server.url, "act", talk=Talk(HANDSHAKE))
        ended = [head for head in server.heads if head.startswith("DELETE ")]
    assert len(ended) == 1
    assert "mcp-session-id: s1" in ended[0].lower()


async def test_idle_sessions_make_room() -> None:
    now = [0.0]
    async with Egress(EgressPolicy(("127.0.0.1",))) as egress, misbehaving(_answers) as server:
        upstreams = Upstreams(egress, timeout_seconds=5, now=lambda: now[0])
        async with upstreams.running():
            await Servers(upstreams).call(server.url, "act", talk=Talk(HANDSHAKE))
            sessions = upstreams._reach._sessions
            assert len(sessions) == 1
            await sessions._sweep()
            assert len(sessions) == 1
            now[0] = 700.0
            await sessions._sweep()
            assert len(sessions) == 0


async def test_a_cancelled_request_is_cancelled_at_a_handshake_server(remote: Servers) -> None:
    async with misbehaving(hangs) as server:
        await _cancelled_in_mid_call(remote, server, HANDSHAKE)
        call = await server.until_method("tools/call")
        told = await server.until_method("notifications/cancelled")
    assert told["params"]["requestId"] == call["id"]


async def test_a_cancelled_request_ends_the_stream_of_a_modern_server(remote: Servers) -> None:
    async with misbehaving(hangs) as server:
        await _cancelled_in_mid_call(remote, server, MODERN)
        await server.hung_up.wait()
        assert "notifications/cancelled" not in server.methods()


async def test_a_request_out_of_time_is_cancelled_at_a_handshake_server() -> None:
    async with servers(0.3) as remote, misbehaving(hangs) as server:
        with pytest.raises(ProviderTimedOut):
            await remote.call(server.url, "act", talk=Talk(HANDSHAKE))
        await server.until_method("notifications/cancelled")


async def test_a_stream_that_the_server_ends_is_taken_up_again(remote: Servers) -> None:
    """Resumption as 2025-11-25 has it: an id, a pause, and the rest on another stream."""

    async def breaks_off(_: Any, writer: asyncio.StreamWriter) -> None:
        await begins_a_stream(writer, b"id: e1\nretry: 10\ndata:\n\n")
        writer.close()

    async with misbehaving(breaks_off) as server:

        async def resumed(head: str, writer: asyncio.StreamWriter) -> None:
            call = next(each for each in server.requests if each.get("method") == "tools/call")
            await begins_a_stream(writer, as_event(reply(call, content=["resumed"]), event_id="e2"))
            writer.close()

        server.on_get = resumed
        answer = await remote.call(server.url, "act", talk=Talk(HANDSHAKE))
        (get,) = [head for head in server.heads if head.startswith("GET ")]
    assert answer.result == {"content": ["resumed"]}
    assert "last-event-id: e1" in get.lower()


async def test_a_stream_is_not_taken_up_for_ever(remote: Servers) -> None:
    async def breaks_off(_: Any, writer: asyncio.StreamWriter) -> None:
        await begins_a_stream(writer, b"id: e1\nretry: 1\ndata:\n\n")
        writer.close()

    async with misbehaving(breaks_off) as server:
        server.on_get = breaks_off
        with pytest.raises(ProviderUnavailable, match="ended the stream before its answer"):
            await remote.call(server.url, "act", talk=Talk(HANDSHAKE))
        assert len([head for head in server.heads if head.startswith("GET ")]) == 20


async def test_a_server_of_everything_may_break_off_and_go_on(remote: Servers, everything: str) -> None:
    answer = await remote.call(everything, "test_reconnection", talk=Talk(HANDSHAKE))
    assert "Reconnection test completed" in str(answer.result)


async def test_time_stands_while_a_person_is_asked() -> None:
    class Slow(Talk):
        async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
            await asyncio.sleep(0.8)
            return await super().ask(method, params)

    answers = {"elicitation/create": {"action": "accept", "content": {"username": "ada", "email": "a@example.com"}}}
    async with servers(0.4) as remote, serving(create_app()) as url:
        talk = Slow(HANDSHAKE, EVERYTHING, answers=answers)
        assert "ada" in str((await remote.call(url, "test_elicitation", {"message": "?"}, talk=talk)).result)


async def test_a_question_that_the_server_withdraws_is_asked_no_longer(remote: Servers) -> None:
    asking, withdrawn = asyncio.Event(), asyncio.Event()

    class Hesitant(Talk):
        async def ask(self, method: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
            asking.set()
            try:
                await asyncio.Event().wait()
            finally:
                withdrawn.set()
            return await super().ask(method, params)

    async def withdraws(message: Any, writer: asyncio.StreamWriter) -> None:
        question = {"jsonrpc": "2.0", "id": "q1", "method": "elicitation/create", "params": {"message": "?"}}
        await begins_a_stream(writer, as_event(question))
        await asking.wait()
        never_mind = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "q1"}}
        await says(writer, as_event(never_mind))
        await withdrawn.wait()
        await says(writer, as_event(reply(message)))
        writer.close()

    async with misbehaving(withdraws) as server:
        answer = await remote.call(server.url, "act", talk=Hesitant(HANDSHAKE, EVERYTHING))
    assert answer.error is None


async def test_a_ping_is_answered_and_what_nobody_knows_refused(remote: Servers) -> None:
    async def asks_strange_things(message: Any, writer: asyncio.StreamWriter) -> None:
        questions = [{"jsonrpc": "2.0", "id": "p", "method": "ping"}, {"jsonrpc": "2.0", "id": "x", "method": "x/y"}]
        await begins_a_stream(writer, *(as_event(each) for each in questions))
        for name in ("p", "x"):
            await server.until(lambda each, name=name: each.get("id") == name)
        await says(writer, as_event(reply(message)))
        writer.close()

    async with misbehaving(asks_strange_things) as server:
        answer = await remote.call(server.url, "act", talk=Talk(HANDSHAKE))
        assert answer.error is None
        said = {each["id"]: each for each in server.requests if "method" not in each}
    assert said["p"]["result"] == {}
    assert said["x"]["error"]["code"] == -32601


async def test_a_server_that_asks_without_end_is_left(remote: Servers) -> None:
    async def asks_for_ever(_: Any, writer: asyncio.StreamWriter) -> None:
        await begins_a_stream(writer)
        for number in range(10_000):
            await says(writer, as_event({"jsonrpc": "2.0", "id": number, "method": "ping"}))

    async with misbehaving(asks_for_ever) as server:
        with pytest.raises(ProviderUnavailable, match="asks the client more than anybody can answer"):
            await remote.call(server.url, "act", talk=Talk(HANDSHAKE))


async def _answers(message: Any, writer: asyncio.StreamWriter) -> None:
    await says(writer, as_json(reply(message)))


async def _cancelled_in_mid_call(remote: Servers, server: Misbehaving, version: str) -> None:
    call = asyncio.create_task(remote.call(server.url, "act", talk=Talk(version)))
    await server.until_method("tools/call")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
