"""The switches for trouble, and the counters that tell what happened."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, TypeAlias

import anyio
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

Times: TypeAlias = Annotated[int, Field(ge=0, le=1_000_000)]
"""How many of the next requests are hit; each hit takes one off."""

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]
Refuse: TypeAlias = Callable[[int, str, str], Response]
"""Renders an error in an endpoint's own form from (HTTP status, code, message)."""


class _Switches(BaseModel):
    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class Faults(_Switches):
    """What goes wrong at one group of endpoints. Several at once: the first in this order that is due."""

    slow_seconds: Annotated[float, Field(ge=0, le=600, allow_inf_nan=False)] = 0.0
    """Every request waits this long before anything happens."""
    unauthorized: Times = 0
    """Answer 401, whatever the credential."""
    rate_limited: Times = 0
    """Answer 429 with `Retry-After`."""
    retry_after_seconds: Annotated[int, Field(ge=0, le=86_400)] = 1
    server_errors: Times = 0
    """Answer 503 without doing anything."""
    refused: Times = 0
    """Answer 400, by a code that no standard knows, without doing anything."""
    lost_answers: Times = 0
    """Do the work, then answer 502: the caller can't know that it was done."""
    invalid_json: Times = 0
    """Do the work, then answer 200 with JSON that stops in the middle."""
    wrong_shape: Times = 0
    """Do the work, then answer 200 with JSON that is not what it should be: an empty list."""


class Chaos(_Switches):
    """All switches. Set them on the running object, or with `PUT /_chaos`; the defaults mean no trouble at all."""

    access_token_seconds: Annotated[int, Field(ge=0, le=31_536_000)] = 3600
    """How long access tokens live that are issued from now on."""
    rotate_refresh_tokens: bool = True
    """Each refresh gives a new refresh token; presenting a used one again revokes the whole grant."""
    omit_refresh_token: bool = False
    """Refresh answers hold no refresh token, and the one presented stays good (as Google does it)."""
    api: Faults = Field(default_factory=Faults)
    token: Faults = Field(default_factory=Faults)

    def replace(self, other: "Chaos") -> None:
        """Take over every switch of `other`."""
        for name in Chaos.model_fields:
            setattr(self, name, getattr(other, name))


@dataclass(slots=True)
class Counters:
    """What was called since the start; requests that a fault refused count in `faults` alone."""

    codes_redeemed: int = 0
    refreshes: int = 0
    refreshes_refused: int = 0
    revocations: int = 0
    api_calls: Counter[str] = field(default_factory=Counter[str])
    """By person (or client id), authenticated calls only."""
    api_refusals: int = 0
    """Calls without a good credential."""
    notes_created: int = 0
    idempotent_replays: int = 0
    """Creations answered with the earlier note because the `Idempotency-Key` was known."""
    faults: int = 0

    def to_wire(self) -> dict[str, Any]:
        """As JSON."""
        return {counter.name: getattr(self, counter.name) for counter in fields(self)}


class FaultyEndpoints:
    """Wraps endpoints so that the switches of one group apply to them."""

    def __init__(self, faults: Callable[[], Faults], counters: Counters, refuse: Refuse) -> None:
        self._faults = faults
        self._counters = counters
        self._refuse = refuse

    def __call__(self, endpoint: Endpoint) -> Endpoint:
        """Return `endpoint` with trouble: refused instead of run, or run and its good answer spoilt."""

        async def faulty(request: Request) -> Response:
            if self._faults().slow_seconds:
                await anyio.sleep(self._faults().slow_seconds)
            refusal = self._refusal()
            if refusal is not None:
                return refusal
            return self._spoil(await endpoint(request))

        return faulty

    def _refusal(self) -> Response | None:
        faults = self._faults()
        if self._due("unauthorized"):
            return self._refuse(401, "unauthorized", "The credential is not accepted")
        if self._due("rate_limited"):
            response = self._refuse(429, "rate_limited", "Too many requests, slow down")
            response.headers["retry-after"] = str(faults.retry_after_seconds)
            return response
        if self._due("server_errors"):
            return self._refuse(503, "unavailable", "Acme is out of order, try again later")
        if self._due("refused"):
            return self._refuse(400, "not_today", "Acme does not feel like it")
        return None

    def _spoil(self, response: Response) -> Response:
        if self._due("lost_answers"):
            return self._refuse(502, "bad_gateway", "The answer got lost")
        if self._due("invalid_json"):
            return Response(b'{"unfinished": "', media_type="application/json")
        if self._due("wrong_shape"):
            return Response(b"[]", media_type="application/json")
        return response

    def _due(self, switch: str) -> bool:
        """Take one off a switch; False if it was off."""
        faults = self._faults()
        left: int = getattr(faults, switch)
        if left == 0:
            return False
        setattr(faults, switch, left - 1)
        self._counters.faults += 1
        return True
