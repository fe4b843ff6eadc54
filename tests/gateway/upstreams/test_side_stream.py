"""Claims about the stream of a session that belongs to no request."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.upstreams.frames import Message, Notice, Question
from gateway.upstreams.patience import Patience
from gateway.upstreams.questions import Questions
from gateway.upstreams.relay import Relay
from gateway.upstreams.side_stream import SideStream
from gateway.upstreams.wire import Broken, Unfit
from tests.parts.talking import Talk

CAN: dict[str, Any] = {"elicitation": {}}
ASKED = Question(7, "elicitation/create", {"message": "?"})


class Server:
    """What a server says on its stream, and what comes of it."""

    def __init__(self, *faults: Exception) -> None:
        self.says: asyncio.Queue[Message] = asyncio.Queue()
        self.answers: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        self.refused: list[Question] = []
        self.refusal = asyncio.Event()
        self.changes = 0
        self.streams = 0
        self.open = 0
        self._faults = list(faults)
        self.side = SideStream(self._listen, refuse=self._refuse, changed=self._changed)

    @asynccontextmanager
    async def working(self, number: int, talk: Talk, *, session: object = "s") -> AsyncGenerator[None]:
        """A request under way."""
        relay = Relay(talk, Patience(5))
        async with (
            relay.patience.limiting(),
            Questions(relay.asked, self.answers.put, host="docs.example") as questions,
            self.side.heard_for(number, relay, questions, session=session),
        ):
            yield

    async def _listen(self, begun: asyncio.Event) -> AsyncGenerator[Message]:
        self.streams += 1
        if self._faults:
            raise self._faults.pop(0)
        begun.set()
        self.open += 1
        try:
            while True:
                yield await self.says.get()
        finally:
            self.open -= 1

    def _refuse(self, question: Question) -> None:
        self.refused.append(question)
        self.refusal.set()

    def _changed(self) -> None:
        self.changes += 1


def talk(name: str = "alice", capabilities: Mapping[str, Any] = CAN) -> Talk:
    """A handshake-era caller who says who they are when asked."""
    return Talk(
        "2025-11-25",
        capabilities=capabilities,
        meta={"progressToken": name},
        answers={"elicitation/create": {"content": name}},
    )


async def test_a_question_beside_the_request_is_put_to_whoever_made_it() -> None:
    server = Server()
    async with server.working(1, talk()):
        await server.says.put(ASKED)
        answer = await asyncio.wait_for(server.answers.get(), 5)
    await server.side.close()

    assert answer == {"id": 7, "result": {"content": "alice"}}
    assert (server.streams, server.open) == (1, 0)


async def test_the_stream_stays_between_requests_and_what_comes_then_is_refused() -> None:
    server = Server()
    async with server.working(1, talk()):
        pass
    await server.says.put(ASKED)
    await asyncio.wait_for(server.refusal.wait(), 5)
    async with server.working(2, talk()):
        await asyncio.sleep(0)
    await server.side.close()

    assert server.streams == 1
    assert server.refused == [ASKED]
    assert server.answers.empty()


async def test_nobody_listens_for_callers_who_answer_nothing() -> None:
    server = Server()
    async with server.working(1, talk(capabilities={})):
        pass
    assert server.streams == 0


async def test_a_server_without_such_a_stream_is_not_asked_for_it_again() -> None:
    server = Server(Unfit("no", status=405))
    for number in range(3):
        async with server.working(number, talk()):
            await asyncio.sleep(0)
    assert server.streams == 1


async def test_a_stream_that_broke_is_opened_again_by_the_next_request() -> None:
    server = Server(Broken("gone"))
    async with server.working(1, talk()):
        await asyncio.sleep(0)
    async with server.working(2, talk()):
        await server.says.put(ASKED)
        await asyncio.wait_for(server.answers.get(), 5)
    await server.side.close()
    assert server.streams == 2


async def test_a_new_session_is_heard_on_a_stream_of_its_own() -> None:
    server = Server()
    async with server.working(1, talk(), session="old"):
        pass
    async with server.working(2, talk(), session="new"):
        await asyncio.sleep(0)
        assert server.open == 1
    await server.side.close()
    assert server.streams == 2


async def test_logs_progress_and_changes_find_their_way_and_nothing_else_does() -> None:
    server, first, second = Server(), talk("first"), talk("second")
    async with server.working(1, first), server.working(2, second):
        for message in (
            Notice("notifications/progress", {"progressToken": 1, "progress": 5}),
            Notice("notifications/progress", {"progressToken": 9, "progress": 6}),
            Notice("notifications/message", {"level": "info", "data": "x"}),
            Notice("notifications/tools/list_changed", {}),
            Notice("notifications/odd", {}),
            ASKED,
        ):
            await server.says.put(message)
        answer = await asyncio.wait_for(server.answers.get(), 5)
    await server.side.close()

    assert [params["progress"] for method, params in first.heard if method == "notifications/progress"] == [5]
    assert [method for method, _ in second.heard] == ["notifications/message"]
    assert server.changes == 1
    assert answer["result"] == {"content": "second"}


@pytest.mark.parametrize("closed_while", ["idle", "busy"])
async def test_closing_ends_the_stream(closed_while: str) -> None:
    server = Server()
    async with server.working(1, talk()):
        if closed_while == "busy":
            await server.side.close()
    await server.side.close()
    assert server.open == 0
