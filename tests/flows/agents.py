"""Real MCP clients, each with the same hands on it: list, call, and what a person does with a URL that is to be opened."""

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import unquote, urlsplit

import httpx2
import mcp
from mcp.client.session import ClientRequestContext
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import (
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    ElicitCompleteNotification,
    ElicitRequestParams,
    ElicitRequestURLParams,
    ElicitResult,
    EmbeddedResource,
    ImageContent,
    ToolListChangedNotification,
)

from tests.parts.node import Node
from tests.parts.presence import missing

PROGRAM = Path(__file__).parents[1] / "node" / "agent.mjs"
URL_ELICITATION_REQUIRED = -32042

Action: TypeAlias = Literal["accept", "decline"]
OnUrl: TypeAlias = Callable[[str], Awaitable[Action]]
"""What the person does who is asked to open a URL."""
OnAuthorize: TypeAlias = Callable[[str], Awaitable[str]]
"""What the person does who is sent to sign in; returns where the browser comes out."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool call came to, as the client's own caller sees it."""

    text: str = ""
    structured: dict[str, Any] = field(default_factory=dict[str, Any])
    is_error: bool = False
    raised_urls: tuple[str, ...] = ()
    """The URLs of error -32042, where the client raised that."""
    raised_ids: tuple[str, ...] = ()
    """The ids that they go by."""
    files: tuple[tuple[str, str, str], ...] = ()
    """Name, media type and base64 of what came as a file; pictures have no name."""


class Agent(Protocol):
    """A connected client."""

    version: str

    async def tool_names(self) -> list[str]: ...

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> Reply: ...


class Listener(Agent, Protocol):
    """A connected client that can be told of changes."""

    heard: asyncio.Queue[None]
    """A mark for every time that it was told that its tool list has changed."""
    listening: asyncio.Event
    """Set while a stream is open on which it would be told."""


class Connect(Protocol):
    """Connects a client of a kind; `on_url` is needed where it opens URLs."""

    def __call__(
        self, kind: "Kind", endpoint: str, token: str, *, on_url: OnUrl | None = None
    ) -> AbstractAsyncContextManager[Agent]: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """Which client, and what it can do."""

    name: str
    version: str
    opens_urls: bool

    def __str__(self) -> str:
        return f"{self.name}{'+url' if self.opens_urls else ''}"


MODERN, HANDSHAKE = "2026-07-28", "2025-11-25"
KINDS = [
    Kind(name, version, opens_urls)
    for name, version in {
        "mcp auto": MODERN,
        "mcp legacy": HANDSHAKE,
        "fastmcp": MODERN,
        "client auto": MODERN,
        "client default": HANDSHAKE,
        "sdk default": HANDSHAKE,
    }.items()
    for opens_urls in (False, True)
]


# Python: the official client.


@dataclass
class PythonAgent:
    """The official Python client."""

    client: mcp.Client
    version: str = ""
    heard: asyncio.Queue[None] = field(default_factory=asyncio.Queue[None])
    completed: asyncio.Queue[str] = field(default_factory=asyncio.Queue[str])
    """The ids of the elicitations that it was told to be complete (2025-11-25)."""
    listening: asyncio.Event = field(default_factory=asyncio.Event)

    async def tool_names(self) -> list[str]:
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> Reply:
        try:
            return _reply(await self.client.call_tool(name, arguments))
        except MCPError as error:
            return _raised(error.code, error.data)

    async def listen(self) -> None:
        """Subscribe to changes, until the server ends the stream (2026-07-28)."""
        async with self.client.listen(tools_list_changed=True) as changes:
            self.listening.set()
            async for _ in changes:
                self.heard.put_nowait(None)
        self.listening.clear()


@asynccontextmanager
async def python_agent(
    endpoint: str, token: str, *, mode: str, on_url: OnUrl | None = None
) -> AsyncGenerator[PythonAgent]:
    """Connect the official Python client."""

    async def elicited(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        assert on_url is not None
        assert isinstance(params, ElicitRequestURLParams)
        return ElicitResult(action=await on_url(params.url))

    async def told(message: Any) -> None:
        # Whoever subscribed hears it there.
        if isinstance(message, ToolListChangedNotification) and agent.version == HANDSHAKE:
            agent.heard.put_nowait(None)
        if isinstance(message, ElicitCompleteNotification):
            agent.completed.put_nowait(message.params.elicitation_id)

    async def noted(response: httpx2.Response) -> None:
        if response.request.method == "GET" and response.status_code == 200:
            agent.listening.set()

    headers = {"Authorization": f"Bearer {token}"}
    hooks = {"response": [noted]}
    async with httpx2.AsyncClient(headers=headers, event_hooks=hooks, trust_env=False, timeout=30) as http:
        client = mcp.Client(
            streamable_http_client(endpoint, http_client=http),
            mode=mode,
            elicitation_callback=elicited if on_url else None,
            message_handler=told,
        )
        agent = PythonAgent(client)
        async with client:
            agent.version = client.protocol_version
            yield agent


# Python: fastmcp.


@dataclass
class FastMcpAgent:
    """The client of the fastmcp framework."""

    client: Any
    version: str

    async def tool_names(self) -> list[str]:
        return [tool.name for tool in await self.client.list_tools()]

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> Reply:
        try:
            return _reply(await self.client.call_tool_mcp(name, arguments or {}))
        except MCPError as error:
            return _raised(error.code, error.data)


@asynccontextmanager
async def fastmcp_agent(endpoint: str, token: str, *, on_url: OnUrl | None = None) -> AsyncGenerator[FastMcpAgent]:
    """Connect fastmcp's client."""
    try:
        import fastmcp  # a part that not every platform has
    except ImportError:
        missing("fastmcp (`./run setup` installs it)")

    async def elicited(message: str, response_type: Any, params: ElicitRequestParams, context: Any) -> Any:
        assert on_url is not None
        assert isinstance(params, ElicitRequestURLParams)
        return ElicitResult(action=await on_url(params.url))

    async with fastmcp.Client(endpoint, auth=token, elicitation_handler=elicited if on_url else None) as client:
        yield FastMcpAgent(client, client.session.protocol_version or "")


# TypeScript: both packages, in a process of their own.


class NodeAgent:
    """A TypeScript client in a process of its own."""

    def __init__(
        self, process: asyncio.subprocess.Process, on_url: OnUrl | None, on_authorize: OnAuthorize | None
    ) -> None:
        self.version = ""
        self.heard: asyncio.Queue[None] = asyncio.Queue()
        self.listening = asyncio.Event()
        self._process = process
        self._on_url = on_url
        self._on_authorize = on_authorize
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._connected: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def tool_names(self) -> list[str]:
        return [tool["name"] for tool in (await self._ask(list=True))["result"]["tools"]]

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> Reply:
        answer = await self._ask(call={"name": name, "arguments": arguments or {}})
        if "error" in answer:
            return _raised(answer["error"].get("code"), answer["error"].get("data"))
        return _reply(CallToolResult.model_validate(answer["result"]))

    async def start(self, **wanted: Any) -> None:
        """Say which client is wanted, and wait until it has connected."""
        self._write(wanted)
        self.version = await self._connected

    async def read(self) -> None:
        """Take in what the process says, until it ends."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            match json.loads(line):
                case {"id": int(request_id), **answer}:
                    self._waiting.pop(request_id).set_result(answer)
                case {"open": str(url)}:
                    assert self._on_url is not None
                    self._write({"opened": await self._on_url(url)})
                case {"authorize": str(url)}:
                    assert self._on_authorize is not None
                    self._write({"authorized": await self._on_authorize(url)})
                case {"changed": True}:
                    self.heard.put_nowait(None)
                case {"listening": True}:
                    self.listening.set()
                case {"connected": str(version)}:
                    self._connected.set_result(version)
                case unknown:
                    raise AssertionError(unknown)
        for waiting in (self._connected, *self._waiting.values()):
            if not waiting.done():
                waiting.set_exception(AssertionError("the Node program has ended; its error stands above"))

    async def _ask(self, **what: Any) -> dict[str, Any]:
        request_id = next(self._ids)
        self._waiting[request_id] = asyncio.get_running_loop().create_future()
        self._write({"id": request_id, **what})
        return await self._waiting[request_id]

    def _write(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line).encode() + b"\n")


@asynccontextmanager
async def node_agent(
    endpoint: str, token: str, *, node: Node, package: str, era: str, on_url: OnUrl | None = None
) -> AsyncGenerator[NodeAgent]:
    """Connect a TypeScript client: `package` is `client` (2.x; era `auto` or `default`) or `sdk` (1.x)."""
    wanted = {"package": package, "era": era, "url": endpoint, "token": token, "opensUrls": on_url is not None}
    async with in_node(node, wanted, on_url=on_url) as agent:
        yield agent


@asynccontextmanager
async def in_node(
    node: Node, wanted: dict[str, Any], *, on_url: OnUrl | None = None, on_authorize: OnAuthorize | None = None
) -> AsyncGenerator[NodeAgent]:
    """Start tests/node/agent.mjs, and connect as is `wanted`."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(node.binary), str(PROGRAM), stdin=pipe, stdout=pipe, env=node.environment, limit=2**24
    )
    agent = NodeAgent(process, on_url, on_authorize)
    reading = asyncio.create_task(agent.read())
    try:
        await agent.start(**wanted)
        yield agent
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await reading


def _reply(result: CallToolResult) -> Reply:
    text = "\n".join(block.text for block in result.content if block.type == "text")
    files = tuple(file for block in result.content for file in _files(block))
    return Reply(text, result.structured_content or {}, is_error=bool(result.is_error), files=files)


def _files(block: ContentBlock) -> list[tuple[str, str, str]]:
    match block:
        case ImageContent():
            return [("", block.mime_type, block.data)]
        case EmbeddedResource(resource=BlobResourceContents() as file):
            return [(unquote(urlsplit(file.uri).path[1:]), file.mime_type or "", file.blob)]
        case _:
            return []


def _raised(code: int | None, data: Any) -> Reply:
    if code != URL_ELICITATION_REQUIRED:
        raise AssertionError(f"JSON-RPC error {code}: {data}")
    asked = data["elicitations"]
    urls, ids = tuple(each["url"] for each in asked), tuple(each["elicitationId"] for each in asked)
    return Reply(is_error=True, raised_urls=urls, raised_ids=ids)
