"""Outside as it is written down: what stands at which address, and what was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from integrations.ports import HttpRefused, HttpRequest, HttpResponse, HttpUnreachable


@dataclass
class WrittenHttp:
    """Answers by address: JSON for anything that is no answer yet, 404 where nothing stands."""

    pages: Mapping[str, Any]
    refused: frozenset[str] = frozenset()
    """Addresses that nobody may ask for."""
    dead: frozenset[str] = frozenset()
    """Addresses where nobody answers."""
    asked: list[str] = field(default_factory=list[str])

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.url)
        if request.url in self.refused:
            raise HttpRefused("10.0.0.1 is not a public address")
        if request.url in self.dead:
            raise HttpUnreachable("no connection could be made")
        page = self.pages.get(request.url)
        if isinstance(page, HttpResponse):
            return page
        return HttpResponse(404, {}, b"") if page is None else json_answer(page)


def json_answer(page: Any, status: int = 200, **headers: str) -> HttpResponse:
    """An answer with JSON in it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, {"content-type": "application/json", **named}, orjson.dumps(page))
