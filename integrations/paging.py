"""Lists that come in pages: where the next page is, and a cursor of our own to go on with.

A cursor only ever becomes the value of one paging parameter, so whoever makes one up reaches no other address.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast
from urllib.parse import parse_qs, urlsplit

import orjson

from integrations.action import Answer
from integrations.failures import ActionFailed, InvalidInput
from integrations.manifest import CursorPaging, LinkPaging, OffsetPaging, Paging
from integrations.notation import MISSING, find
from integrations.ports import Json

MAX_ITEMS: Final = 1000
DEFAULT_ITEMS: Final = 100
MAX_PAGES: Final = 20

INPUTS: Final[Mapping[str, Json]] = {
    "max_items": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_ITEMS,
        "default": DEFAULT_ITEMS,
        "description": "How many items to return at most.",
    },
    "cursor": {
        "type": "string",
        "maxLength": 2000,
        "description": "The next_cursor of an earlier answer, to go on where it ended.",
    },
}
"""The inputs that every action with paging has."""

Position: TypeAlias = str | int | None
Fetch: TypeAlias = Callable[[Mapping[str, Json]], Awaitable[Answer]]
"""Fetch one page with these paging parameters."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on: the page at `position`, asked for with `size`, without its first `skip` items."""

    position: Position
    size: int
    skip: int = 0

    def encoded(self) -> str:
        """The cursor as callers see it."""
        return urlsafe_b64encode(orjson.dumps([self.position, self.size, self.skip])).decode().rstrip("=")

    @classmethod
    def decoded(cls, cursor: str, paging: Paging) -> "Cursor":
        """Raises InvalidInput where `cursor` is none of ours."""
        try:
            match orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))):
                case [str() | int() | None as position, int(size), int(skip)] if (
                    not isinstance(position, bool) and 1 <= size <= paging.limit and skip >= 0
                ):
                    return cls(position, size, skip)
                case _:
                    pass
        except ValueError:
            pass
        raise InvalidInput("The cursor is not one that an earlier answer gave.", path="/cursor")


@dataclass(frozen=True, slots=True)
class ItemList:
    """Items of one or more pages, and the cursor to go on with if more is left."""

    items: list[Json]
    next_cursor: str | None


async def collect(paging: Paging, fetch: Fetch, *, max_items: int | None, cursor: str | None) -> ItemList:
    """Fetch pages until `max_items` are together, nothing is left, or 20 pages were read.

    Raises:
        InvalidInput: `cursor` is none of ours.
        ActionFailed: a page holds no list where the manifest says.
    """
    wanted = min(max_items or DEFAULT_ITEMS, MAX_ITEMS)
    here = Cursor.decoded(cursor, paging) if cursor else Cursor(None, min(paging.limit, wanted))
    collected: list[Json] = []
    for _ in range(MAX_PAGES):
        answer = await fetch(_parameters(paging, here))
        page = _items(answer, paging)
        collected.extend(page[here.skip :])
        if len(collected) > wanted:
            left_over = len(collected) - wanted
            return ItemList(collected[:wanted], Cursor(here.position, here.size, len(page) - left_over).encoded())
        position = _next_position(paging, answer, page, here=here)
        if position is None or position == here.position:
            return ItemList(collected, None)
        here = Cursor(position, here.size)
        if len(collected) == wanted:
            break
    return ItemList(collected, here.encoded())


def _parameters(paging: Paging, here: Cursor) -> dict[str, Json]:
    sent: dict[str, Json] = {paging.limit_param: here.size} if paging.limit_param else {}
    if isinstance(paging, OffsetPaging):
        return sent | {paging.param: paging.first if here.position is None else here.position}
    return sent if here.position is None else sent | {paging.cursor_param: here.position}


def _items(answer: Answer, paging: Paging) -> list[Json]:
    found = find(answer.json, paging.items)
    if isinstance(found, list):
        return cast("list[Json]", found)
    if found is MISSING or found is None:
        return []
    raise ActionFailed("The provider's answer has no list where one was expected.", status=answer.status)


def _next_position(paging: Paging, answer: Answer, page: list[Json], *, here: Cursor) -> Position:
    """Where the next page is, or None after the last."""
    match paging:
        case LinkPaging():
            return _linked(paging, answer)
        case CursorPaging():
            return _cursor(paging, answer, page)
        case OffsetPaging():
            return _number(paging, answer, page, here=here)


def _linked(paging: LinkPaging, answer: Answer) -> Position:
    link = next_link(answer.headers.get("link", "")) if paging.next is None else find(answer.json, paging.next)
    if not isinstance(link, str):
        return None
    try:
        query = urlsplit(link).query
    except ValueError:
        return None
    return parse_qs(query).get(paging.cursor_param, [None])[0]


def next_link(header: str) -> str | None:
    """The target of rel="next" in a Link header (RFC 8288). One with results="false" leads to nothing (Sentry)."""
    for link in header.split("<")[1:]:
        target, _, parameters = link.partition(">")
        said = [(name.strip(), value.strip(' ,"').lower()) for name, _, value in _pairs(parameters)]
        if any(name == "rel" and "next" in value.split() for name, value in said):
            return None if ("results", "false") in said else target
    return None


def _pairs(parameters: str) -> list[tuple[str, str, str]]:
    return [item.partition("=") for item in parameters.split(";")]


def _cursor(paging: CursorPaging, answer: Answer, page: list[Json]) -> Position:
    if paging.more is not None and find(answer.json, paging.more) is not True:
        return None
    if paging.next is not None:
        found = find(answer.json, paging.next)
    else:
        found = find(page[-1], paging.last or "") if page else None
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    # An empty or zero cursor is how some providers say "the end"; an item may well have the id 0.
    return None if paging.next is not None and not found else found


def _number(paging: OffsetPaging, answer: Answer, page: list[Json], *, here: Cursor) -> Position:
    current = here.position if isinstance(here.position, int) else paging.first
    following = current + (len(page) if paging.style == "offset" else 1)
    if not page:
        return None
    if paging.more is not None:
        return following if find(answer.json, paging.more) is True else None
    if paging.total is not None:
        total = find(answer.json, paging.total)
        seen = following - paging.first if paging.style == "offset" else (following - paging.first) * here.size
        return following if isinstance(total, int) and seen < total else None
    size = here.size if paging.limit_param else paging.limit
    return following if len(page) >= size else None
