"""A small kit for the tests of integrations: an `Http` that records what is sent and answers what it is told."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson

from integrations.action import Ports
from integrations.ports import Credentials, HttpError, HttpRequest, HttpResponse, Json, State

Reply: TypeAlias = HttpResponse | HttpError | Callable[[HttpRequest], HttpResponse | Awaitable[HttpResponse]]


def json_response(body: Json, status: int = 200, **headers: str) -> HttpResponse:
    """An answer with a JSON body; `retry_after="2"` becomes the header `retry-after`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, {"content-type": "application/json", **named}, orjson.dumps(body))


@dataclass
class RecordedHttp:
    """Answers with `replies` in their order and keeps every request; runs out with an AssertionError."""

    replies: list[Reply] = field(default_factory=list[Reply])
    requests: list[HttpRequest] = field(default_factory=list[HttpRequest])

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        if not self.replies:
            raise AssertionError(f"no reply is left for {request.method} {request.url}")
        reply = self.replies.pop(0)
        if isinstance(reply, HttpError):
            raise reply
        if isinstance(reply, HttpResponse):
            return reply
        answer = reply(request)
        return answer if isinstance(answer, HttpResponse) else await answer

    @property
    def request(self) -> HttpRequest:
        """The only request so far."""
        assert len(self.requests) == 1, f"{len(self.requests)} requests were sent"  # noqa: S101 - a test kit
        return self.requests[0]


@dataclass
class Moment:
    """A clock that moves only when someone sleeps; `slept` are the seconds of each sleep."""

    now: datetime = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    slept: list[float] = field(default_factory=list[float])

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


def ports(http: RecordedHttp, *, moment: Moment | None = None, state: State | None = None) -> Ports:
    """Ports over a recording Http and a clock that stands still."""
    clock = moment or Moment()
    return Ports(http=http, state=state, now=lambda: clock.now, sleep=clock.sleep)


def credentials(auth_method: str, **values: str) -> Credentials:
    """A connection's opened credential."""
    return Credentials(auth_method, values)


def sent_json(request: HttpRequest) -> Json:
    """The JSON body of a recorded request."""
    return orjson.loads(request.body or b"null")


def sent_query(request: HttpRequest) -> Mapping[str, list[str]]:
    """The query parameters of a recorded request."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(request.url).query, keep_blank_values=True):
        found.setdefault(name, []).append(value)
    return found
