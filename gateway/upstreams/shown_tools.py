"""The tools that a server shows: all of them, within bounds, and whether one is still what was approved."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from gateway.upstreams.about import About
from gateway.upstreams.frames import printable, written
from integrations.failures import ProviderUnavailable, ToolChanged
from integrations.ports import Json, McpAnswer
from integrations.upstream.definitions import digest

LIST: Final = "tools/list"
_MAX_AGE_SECONDS: Final = 60.0
_MAX_PAGES: Final = 50
_MAX_TOOLS: Final = 1_000
_MAX_BYTES: Final = 5 * 1024 * 1024

Now: TypeAlias = Callable[[], float]
"""A clock that only runs on, in seconds."""
Page: TypeAlias = Callable[[Mapping[str, Json]], Awaitable[McpAnswer]]
"""Asks for one page of the list, with these params."""
Listed: TypeAlias = Callable[[Sequence[Json], About], Awaitable[Any]]
"""Hears of all tools that a server has just shown, whole, and writes down which are not as they were approved."""


class ShownTools:
    """What one session, or one credential, was last shown."""

    def __init__(self, host: str, now: Now) -> None:
        self.about = About()
        self._host = host
        self._now = now
        self._digests: Mapping[str, frozenset[str]] | None = None
        self._shown_at = 0.0
        self._changes = 0
        self._listing = asyncio.Lock()

    def changed(self) -> None:
        """Trust no list that was begun before now (`notifications/tools/list_changed`)."""
        self._digests = None
        self._changes += 1

    async def all(self, page: Page, listed: Listed) -> McpAnswer:
        """Ask for the whole list, tell `listed` of it, and return it as one page; or the server's error."""
        async with self._listing:
            return await self._list(page, listed)

    async def require(self, expected: Mapping[str, Json], page: Page, listed: Listed) -> None:
        """Raise `ToolChanged` unless the server shows the tool as it is expected; ask it where we don't know."""
        async with self._listing:
            digests = self._known()
            if digests is None:
                answer = await self._list(page, listed)
                if answer.error is not None:
                    raise ProviderUnavailable(f"{self._host} does not list its tools: {answer.error['message']}")
                digests = self._digests or {}
        name = expected["name"]
        shown = digests.get(name)
        if shown is None:
            raise ToolChanged(f"{self._host} no longer has the tool {printable(name)}; it was not called")
        if shown != frozenset({digest(expected)}):
            raise ToolChanged(
                f"the tool {printable(name)} of {self._host} is no longer what was approved; "
                "it was not called, and can be again once somebody has approved what it says now"
            )

    def _known(self) -> Mapping[str, frozenset[str]] | None:
        return self._digests if self._now() - self._shown_at < _MAX_AGE_SECONDS else None

    async def _list(self, page: Page, listed: Listed) -> McpAnswer:
        began, changes = self._now(), self._changes
        answer = await _whole(page, self._host)
        if answer.error is not None:
            return answer
        tools = cast("list[dict[str, Json]]", answer.result["tools"])
        await listed(tools, self.about)
        self._digests = _digests(tools)
        # What was announced while we read may be in the list or not: it holds for this call, and no other.
        self._shown_at = began if changes == self._changes else -_MAX_AGE_SECONDS
        return answer


async def _whole(page: Page, host: str) -> McpAnswer:
    tools: list[dict[str, Json]] = []
    cursors: set[str] = set()
    size, params = 0, dict[str, Json]()
    for _ in range(_MAX_PAGES):
        answer = await page(params)
        if answer.error is not None:
            return answer
        shown = _tools_of(answer.result, host)
        tools += shown
        size += len(written({"result": shown}))
        if len(tools) > _MAX_TOOLS or size > _MAX_BYTES:
            raise ProviderUnavailable(f"{host} shows more than {_MAX_TOOLS} tools, or tools of more than 5 MiB")
        cursor = answer.result.get("nextCursor")
        if cursor is None:
            return McpAnswer(result={**answer.result, "tools": tools})
        if not isinstance(cursor, str) or cursor in cursors:
            raise ProviderUnavailable(f"{host} lists its tools in pages without end")
        cursors.add(cursor)
        params = {"cursor": cursor}
    raise ProviderUnavailable(f"{host} lists its tools in more than {_MAX_PAGES} pages")


def _tools_of(result: Mapping[str, Json], host: str) -> list[dict[str, Json]]:
    tools: Json = result.get("tools")
    if not isinstance(tools, list) or not all(_is_tool(each) for each in cast("list[Json]", tools)):
        raise ProviderUnavailable(f"{host} lists tools without a name or an input schema")
    return cast("list[dict[str, Json]]", tools)


def _is_tool(value: Json) -> bool:
    match value:
        case {"name": str(), "inputSchema": dict()}:
            return True
        case _:
            return False


def _digests(tools: Sequence[Mapping[str, Json]]) -> dict[str, frozenset[str]]:
    """Return what stands under each name: more than one thing is never what was approved."""
    found: dict[str, frozenset[str]] = {}
    for tool in tools:
        found[tool["name"]] = found.get(tool["name"], frozenset()) | {digest(tool)}
    return found
