"""Claims about questions to handshake-era clients in the middle of a call."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.mcp.questions import MAX_OPEN_OF_ONE, Questions
from gateway.principals import McpPrincipal
from gateway.upstreams.conversation import NoAnswer

ALICE = McpPrincipal("t1", "s1", "o", "w", "alice", frozenset({"mcp:tools"}))
RENEWED = McpPrincipal("t2", "s1", "o", "w", "alice", frozenset({"mcp:tools"}))
BOB = McpPrincipal("t3", "s1", "o", "w", "bob", frozenset({"mcp:tools"}))
ELSEWHERE = McpPrincipal("t1", "s2", "o", "w", "alice", frozenset({"mcp:tools"}))
STATIC = McpPrincipal("t1", "s1", "o", "w", None, frozenset({"mcp:tools"}))


class Wire:
    """What was sent to the client."""

    def __init__(self) -> None:
        self.sent: list[Mapping[str, Any]] = []
        self.is_there = asyncio.Event()

    async def send(self, message: Mapping[str, Any]) -> None:
        self.sent.append(message)
        self.is_there.set()

    async def asked(self) -> Mapping[str, Any]:
        await self.is_there.wait()
        return self.sent[-1]


def begun(questions: Questions, wire: Wire, principal: McpPrincipal = ALICE) -> "asyncio.Task[Mapping[str, Any]]":
    return asyncio.create_task(questions.ask(principal, "roots/list", {}, send=wire.send))


async def test_the_clients_answer_is_the_questions_even_under_a_renewed_token() -> None:
    questions, wire = Questions(), Wire()
    asking = begun(questions, wire)
    asked = await wire.asked()

    assert questions.answered(RENEWED, {"jsonrpc": "2.0", "id": asked["id"], "result": {"roots": []}})
    assert await asking == {"roots": []}
    assert asked["method"] == "roots/list"


@pytest.mark.parametrize("other", [BOB, ELSEWHERE, STATIC])
async def test_nobody_else_can_answer(other: McpPrincipal) -> None:
    questions, wire = Questions(seconds=0.2), Wire()
    asking = begun(questions, wire)
    asked = await wire.asked()

    assert not questions.answered(other, {"id": asked["id"], "result": {"roots": [{"uri": "file:///etc"}]}})
    with pytest.raises(NoAnswer, match="nobody answered"):
        await asking


async def test_an_answer_counts_once() -> None:
    questions, wire = Questions(), Wire()
    asking = begun(questions, wire)
    answer = {"id": (await wire.asked())["id"], "result": {}}

    assert questions.answered(ALICE, answer)
    assert not questions.answered(ALICE, answer)
    await asking
    assert not questions.answered(ALICE, answer)


@pytest.mark.parametrize(
    ("answer", "said", "code"),
    [
        ({"error": {"code": -1, "message": "not today"}}, "not today", -1),
        ({"error": {"message": 5}}, "the client gave no result", -32603),
        ({"error": "no"}, "the client gave no result", -32603),
        ({"result": [1]}, "the client gave no result", -32603),
        ({"result": None}, "the client gave no result", -32603),
    ],
)
async def test_what_is_no_result_is_a_refusal(answer: dict[str, Any], said: str, code: int) -> None:
    questions, wire = Questions(), Wire()
    asking = begun(questions, wire)

    assert questions.answered(ALICE, {"id": (await wire.asked())["id"], **answer})
    with pytest.raises(NoAnswer, match=said) as refusal:
        await asking
    assert refusal.value.code == code


@pytest.mark.parametrize("request_id", [None, "1", 1.5, True, [1], {"a": 1}, 2**60])
def test_an_answer_to_nothing_is_not_taken(request_id: object) -> None:
    assert not Questions().answered(ALICE, {"id": request_id, "result": {}})


async def test_one_client_has_so_many_questions_open_and_leaves_room_to_others() -> None:
    questions, wire = Questions(), Wire()
    asking = [begun(questions, wire) for _ in range(MAX_OPEN_OF_ONE)]
    await asyncio.sleep(0)

    with pytest.raises(NoAnswer, match="too many"):
        await questions.ask(ALICE, "roots/list", {}, send=wire.send)
    other = Wire()
    bobs = begun(questions, other, BOB)
    assert questions.answered(BOB, {"id": (await other.asked())["id"], "result": {}})
    await bobs

    questions.close()
    told = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(each, NoAnswer) for each in told)
    again = [begun(questions, wire) for _ in range(MAX_OPEN_OF_ONE)]
    await asyncio.sleep(0)
    assert not any(each.done() for each in again), "those that ended hold no place"
    questions.close()
    await asyncio.gather(*again, return_exceptions=True)


async def test_a_call_that_ends_leaves_no_question_behind() -> None:
    questions, wire = Questions(), Wire()
    asking = begun(questions, wire)
    asked = await wire.asked()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert not questions.answered(ALICE, {"id": asked["id"], "result": {}})
