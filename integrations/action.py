"""What a Python action is given and what it hands back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from integrations.ports import Credentials, Http, Json, Mcp, McpAnswer, State


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image or another file that belongs to a result."""

    name: str
    mime_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What an action answers: a JSON value, and files that go with it."""

    output: Json
    attachments: tuple[Attachment, ...] = ()
    mcp: McpAnswer | None = None
    """The answer of a remote MCP server as it came, for callers that speak MCP themselves."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's successful answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    json: Json = None
    """The decoded body where it is JSON, else None."""


class Api(Protocol):
    """The provider's API as one connection may use it: `path` is a template below the manifest's `base_url`.

    `values` fill the `{name}`s of `path`, each as one encoded segment. The credential, the manifest's headers, its
    retry and its failures apply. Raises the classes of `failures`.
    """

    async def get(self, path: str, values: Mapping[str, Json] = ..., *, query: Mapping[str, Json] = ...) -> Json:
        """The decoded JSON answer to a GET (None where it is not JSON)."""
        ...

    async def post(
        self, path: str, values: Mapping[str, Json] = ..., *, query: Mapping[str, Json] = ..., json: Json = ...
    ) -> Json:
        """The decoded JSON answer to a POST with a JSON body."""
        ...

    async def send(
        self,
        method: str,
        path: str,
        values: Mapping[str, Json] = ...,
        *,
        query: Mapping[str, Json] = ...,
        json: Json = ...,
        form: Mapping[str, Json] | None = ...,
        content: bytes | None = ...,
        headers: Mapping[str, str] = ...,
    ) -> Answer:
        """Any request. `content` is a body that is encoded already; its Content-Type goes into `headers`."""
        ...

    def presigned(self, method: str, path: str, values: Mapping[str, Json] = ..., *, expires_seconds: int) -> str:
        """An address with a signature in it, for whoever shall do this one thing without the credential.

        Raises RuntimeError where the auth method signs nothing.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What every action run needs from outside."""

    http: Http
    state: State | None = None
    mcp: Mcp | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep


@dataclass(frozen=True, slots=True)
class ActionCall:
    """One call of a Python action: `async def run(call: ActionCall) -> ActionResult | Json`."""

    arguments: Mapping[str, Json] = field(repr=False)
    """Already validated against the input schema; absent optional inputs are absent."""
    credentials: Credentials | None
    """For what `api` can't do (request signing); None where there is nothing to connect."""
    ports: Ports = field(repr=False)
    connected_api: Api | None = field(default=None, repr=False)

    @property
    def api(self) -> Api:
        """The provider's API, bound to the credential. Raises RuntimeError where the manifest has no `api`."""
        if self.connected_api is None:
            raise RuntimeError("the manifest has no api section")
        return self.connected_api

    @property
    def http(self) -> Http:
        """The bare port, without base URL and credential."""
        return self.ports.http

    @property
    def state(self) -> State:
        """The state of this call's namespace. Raises RuntimeError unless the manifest says `uses_state: true`."""
        if self.ports.state is None:
            raise RuntimeError("this call has no state: does the manifest say uses_state: true?")
        return self.ports.state

    @property
    def now(self) -> datetime:
        """The present moment, in UTC."""
        return self.ports.now()

    @property
    def auth_method(self) -> str | None:
        """Key of the auth method of the connection in use."""
        return self.credentials.auth_method if self.credentials else None
