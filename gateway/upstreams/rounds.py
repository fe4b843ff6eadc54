"""Questions of servers without handshake, for callers with one: put to them on the way, and the request sent again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, cast

from gateway.upstreams.conversation import NoAnswer
from gateway.upstreams.frames import Question
from gateway.upstreams.relay import Relay
from integrations.failures import ProviderUnavailable
from integrations.ports import Json, McpAnswer

INPUT_REQUIRED: Final = "input_required"
_MAX_ROUNDS: Final = 10
_MAX_QUESTIONS: Final = 16
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0

Again: TypeAlias = Callable[[Mapping[str, Json]], Awaitable[McpAnswer]]
"""Sends the request once more, with these further params."""


async def answered(answer: McpAnswer, again: Again, relay: Relay, *, host: str) -> McpAnswer:
    """Return the answer in which the server wants to know nothing more (MCP 2026-07-28, multi round-trip requests).

    A question that nobody answers ends the request with an error, since there is no other way to tell the server.
    """
    pause = _FIRST_PAUSE_SECONDS
    for _ in range(_MAX_ROUNDS):
        if answer.result.get("resultType") != INPUT_REQUIRED:
            return answer
        further: dict[str, Json] = {}
        try:
            if questions := _questions(answer.result.get("inputRequests") or {}, host):
                further["inputResponses"] = {key: await relay.asked(each) for key, each in questions.items()}
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        except NoAnswer as none:
            return McpAnswer(error={"code": none.code, "message": none.message})
        if (state := answer.result.get("requestState")) is not None:
            further["requestState"] = state
        answer = await again(further)
    raise ProviderUnavailable(f"{host} still wanted to know more after {_MAX_ROUNDS} rounds of questions")


def _questions(requests: Json, host: str) -> dict[str, Question]:
    if not isinstance(requests, dict) or len(cast("dict[str, Json]", requests)) > _MAX_QUESTIONS:
        raise ProviderUnavailable(f"{host} asks the client more than anybody can answer")
    questions: dict[str, Question] = {}
    for key, wanted in cast("dict[str, Json]", requests).items():
        match wanted:
            case {"method": str(method)}:
                questions[key] = Question(key, method, wanted.get("params") or {})
            case _:
                raise ProviderUnavailable(f"{host} asks the client in a way that can't be understood")
    return questions
