"""What an integration needs from outside, as protocols, and the values that pass through them.

The gateway provides all of them; tests provide loopback ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeAlias

Json: TypeAlias = Any
"""A JSON value: `dict[str, Json] | list[Json] | str | int | float | bool | None`.

Written as `Any` because a recursive alias makes every look-up a cast; it never crosses a wire unchecked.
"""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One outgoing HTTP request; `url` is absolute, `body` is already encoded.

    Any of url, headers and body may carry a credential, so none of them is in the repr.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0
    max_response_bytes: int = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back; header names are lower case, `body` is decoded of any content encoding."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class HttpError(Exception):
    """The request got no usable answer. `message` is for the caller and holds no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class HttpRefused(HttpError):
    """Our own egress policy does not let this request out; nothing was sent."""


class HttpUnreachable(HttpError):
    """No connection could be made (name, address, TLS); nothing was sent."""


class HttpTimedOut(HttpError):
    """No complete answer within the time; the request may have had its effect."""


class HttpTooLarge(HttpError):
    """The answer is larger than `max_response_bytes`; the request had its effect."""


class HttpBroken(HttpError):
    """The connection broke or the answer was not HTTP; the request may have had its effect."""


class Http(Protocol):
    """Sends one request, follows no redirect, raises `HttpError` and nothing else."""

    async def send(self, request: HttpRequest) -> HttpResponse: ...


@dataclass(frozen=True, slots=True)
class McpRequest:
    """One request to a remote MCP server (Streamable HTTP); `url` and `headers` may carry a credential.

    `params` is what the method takes, without what the protocol's `_meta` says of versions and capabilities.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    method: str
    params: Mapping[str, Json] = field(repr=False)
    expects: Mapping[str, Json] | None = field(default=None, repr=False)
    """The definition under which the tool that is called was approved: one that says otherwise now is not called."""


@dataclass(frozen=True, slots=True)
class McpAnswer:
    """What the server said to it: `result`, or the JSON-RPC `error` (code, message, perhaps data)."""

    result: Mapping[str, Json] = field(default_factory=dict[str, Json], repr=False)
    error: Mapping[str, Json] | None = field(default=None, repr=False)


class Mcp(Protocol):
    """Asks remote MCP servers on behalf of one caller, who is told of progress and asked what they want to know.

    Raises the classes of `failures` and nothing else: `CredentialsRejected` for a 401, `PermissionMissing` for a 403,
    `ToolChanged` for a tool that is not as it is expected to be; that one was not called.
    """

    async def ask(self, request: McpRequest) -> McpAnswer: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a namespace; `content` is absent in listings."""

    path: str
    size: int
    content_type: str
    updated_at: datetime
    content: bytes | None = field(default=None, repr=False)


class State(Protocol):
    """The key-value and file space of one persistence namespace (contract 4.17).

    Every method is atomic. Which namespace it is was decided before: an action can't name another.
    """

    async def get(self, key: str) -> Json | None:
        """The value, or None where there is no such key."""
        ...

    async def put(self, key: str, value: Json) -> None: ...

    async def delete(self, key: str) -> bool:
        """Whether there was such a key."""
        ...

    async def add_to_list(self, key: str, value: Json) -> list[Json]:
        """Append to the list at `key` (made if absent); the whole list after. Raises InvalidInput on a non-list."""
        ...

    async def remove_from_list(self, key: str, value: Json) -> list[Json]:
        """Remove every element equal to `value`; the whole list after. Raises InvalidInput on a non-list."""
        ...

    async def read_file(self, path: str) -> StoredFile | None: ...

    async def write_file(self, path: str, content: bytes, *, content_type: str) -> StoredFile: ...

    async def delete_file(self, path: str) -> bool: ...

    async def list_files(self, prefix: str) -> list[StoredFile]: ...

    async def download_url(self, path: str, *, expires_in_seconds: int) -> str | None:
        """A link that opens the file without sign-in until it expires, or None where there is no such file."""
        ...


@dataclass(frozen=True, slots=True)
class Credentials:
    """The opened credential of one connection: which auth method of the manifest, and its secret values.

    Keys of `values` by connection type: SECRET_TEXT `secret_text`; BASIC_AUTH `username`, `password`;
    CUSTOM_AUTH the manifest's own fields; OAUTH2 and PLATFORM_OAUTH2 `access_token` (and `refresh_token`,
    `token_type`, and what the manifest keeps of the token answer).
    """

    auth_method: str
    values: Mapping[str, Any] = field(repr=False)
