"""Questions to handshake-era clients in the middle of a call: sent ahead of its answer, answered by a message of its own.

A question is good for whoever was asked: the answer has to come in the same session (server and end user).
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias, cast

from gateway.mcp.sessions import owner_of
from gateway.principals import McpPrincipal
from gateway.upstreams.conversation import NoAnswer

SECONDS: Final = 600.0
"""How long a person may take."""
MAX_OPEN: Final = 2_000
MAX_OPEN_OF_ONE: Final = 32

Send: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]
_Key: TypeAlias = tuple[str, str, int]


class Questions:
    """All questions of this process that wait for their answer."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._open: dict[_Key, asyncio.Future[Mapping[str, Any]]] = {}
        self._by_owner: Counter[tuple[str, str]] = Counter()

    async def ask(
        self, principal: McpPrincipal, method: str, params: Mapping[str, Any], *, send: Send
    ) -> Mapping[str, Any]:
        """Send a question and return the client's result. Raises `NoAnswer`."""
        owner = (principal.server_id, owner_of(principal))
        if len(self._open) >= MAX_OPEN or self._by_owner[owner] >= MAX_OPEN_OF_ONE:
            raise NoAnswer("too many questions wait for an answer")
        key = (*owner, secrets.randbits(53))
        answer = self._open[key] = asyncio.get_running_loop().create_future()
        self._by_owner[owner] += 1
        try:
            await send({"jsonrpc": "2.0", "id": key[2], "method": method, "params": params})
            async with asyncio.timeout(self._seconds):
                return await answer
        except TimeoutError:
            raise NoAnswer(f"{method}: nobody answered within {self._seconds:g} seconds") from None
        finally:
            del self._open[key]
            self._by_owner[owner] -= 1
            if not self._by_owner[owner]:
                del self._by_owner[owner]

    def answered(self, principal: McpPrincipal, message: Mapping[str, Any]) -> bool:
        """Take a client's answer; False for what answers no question that this client was asked."""
        asked = message.get("id")
        waiting = None
        if isinstance(asked, int):
            waiting = self._open.get((principal.server_id, owner_of(principal), asked))
        if waiting is None or waiting.done():
            return False
        result = message.get("result")
        if isinstance(result, dict):
            waiting.set_result(cast("dict[str, Any]", result))
        else:
            waiting.set_exception(_refusal(message.get("error")))
        return True

    def close(self) -> None:
        """Leave all questions without an answer: for shutting down."""
        for waiting in self._open.values():
            if not waiting.done():
                waiting.set_exception(NoAnswer("the gateway is shutting down"))


def _refusal(error: object) -> NoAnswer:
    """Return what the client said instead of an answer."""
    told = cast("dict[str, Any]", error) if isinstance(error, dict) else {}
    message, code = told.get("message"), told.get("code")
    return NoAnswer(
        message[:500] if isinstance(message, str) else "the client gave no result",
        code=code if isinstance(code, int) else -32603,
    )
