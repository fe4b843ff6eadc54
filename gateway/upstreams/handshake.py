"""Servers of the revisions with a handshake: sessions, and what they ask and tell in the middle of a request."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from mcp_types import LOG_LEVEL_META_KEY, UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from gateway.upstreams.about import About
from gateway.upstreams.frames import Message, Notice, Question, Reply, printable, written
from gateway.upstreams.modern import CLIENT_INFO
from gateway.upstreams.parameter_headers import VERSION_HEADER
from gateway.upstreams.patience import Patience
from gateway.upstreams.questions import Questions
from gateway.upstreams.relay import Relay, unheard
from gateway.upstreams.shown_tools import Now, ShownTools
from gateway.upstreams.side_stream import SideStream
from gateway.upstreams.wire import Broken, Exchange, Remote, Resumption, Unfit, Wire, answer_to
from integrations.failures import CredentialsRejected, ProviderUnavailable
from integrations.ports import Json, McpAnswer

_PING_SECONDS: Final = 10.0
_SESSION_HEADER: Final = "mcp-session-id"
_MAX_SESSION_ID: Final = 4_096
_MAX_RESUMPTIONS: Final = 20
_MAX_RETRY_SECONDS: Final = 30.0
_METHOD_NOT_FOUND: Final = -32601


class HandshakeRefused(ProviderUnavailable):
    """The server does not take part in the handshake: it speaks later revisions only, or is no MCP server."""


class _SessionLost(Exception):
    """The server no longer knows the session; it did nothing. `message` is for whoever hears it of a new one, too."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class _Opened:
    """What a handshake agreed on."""

    version: str
    session_id: str | None = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        headers = {VERSION_HEADER: self.version}
        return headers if self.session_id is None else {**headers, _SESSION_HEADER: self.session_id}


class HandshakeServer:
    """One session with a server, which concurrent requests of the same credential share.

    Whatever the server sends belongs to the request on whose stream it comes; what belongs to none comes by `listen`.
    """

    def __init__(
        self,
        wire: Wire,
        remote: Remote,
        *,
        version: str,
        capabilities: Mapping[str, Json],
        is_one_clients: bool,
        beside: Callable[[Awaitable[None]], None],
        now: Now,
    ) -> None:
        """`version` and `capabilities` are what is offered; `beside` runs what nobody waits for."""
        self.tools = ShownTools(remote.host, now)
        self._wire = wire
        self._remote = remote
        self._version = version
        self._capabilities = capabilities
        self._beside = beside
        self._ids = count(1)
        self._opened: _Opened | None = None
        self._opening = asyncio.Lock()
        self._side: SideStream | None = None
        if is_one_clients:
            self._side = SideStream(self.listen, refuse=self.refuse, changed=self.tools.changed)

    async def ask(
        self,
        method: str,
        params: Mapping[str, Json],
        relay: Relay,
        *,
        once_more: Callable[[], Awaitable[None]] | None = None,
    ) -> McpAnswer:
        """Send one request and return its answer; leaving it tells the server. Raises `integrations.failures`.

        A session that the server has forgotten is made anew, once; `once_more` judges then again what was judged
        before, since the server may be another one by now.
        """
        opened = await self.opened()
        try:
            return await self._request(opened, method, params, relay)
        except _SessionLost:
            self._forget(opened)
        opened = await self.opened()
        if once_more is not None:
            await once_more()
            opened = await self.opened()
        try:
            return await self._request(opened, method, params, relay)
        except _SessionLost as lost:
            self._forget(opened)
            raise ProviderUnavailable(lost.message) from None

    async def opened(self) -> _Opened:
        """Return the session, after a handshake where there is none. Raises `HandshakeRefused`."""
        async with self._opening:
            if self._opened is None:
                self._opened = await self._open()
                self.tools.changed()
            return self._opened

    async def listen(self, begun: asyncio.Event) -> AsyncGenerator[Message]:
        """Yield what the server sends on the stream that belongs to no request; `begun` tells that it is open.

        Raises `integrations.failures`, `Unfit` where the server has no such stream.
        """
        opened = await self.opened()
        try:
            async with (
                self._wire.listen(self._remote, opened.headers) as exchange,
                aclosing(_of_session(exchange, opened)) as messages,
            ):
                begun.set()
                async for message in messages:
                    yield message
                    if self._opened is not opened:
                        raise Broken(f"{self._remote.host} is followed in a session that it has forgotten")
        except _SessionLost:
            self._forget(opened)
            raise Broken(f"{self._remote.host} has forgotten its session") from None
        except CredentialsRejected as error:
            # Some servers say so of the stream alone; an account must not be given up for that.
            await self._request(opened, "ping", {}, unheard(Patience(_PING_SECONDS)))
            raise Unfit(f"{self._remote.host} has no such stream for this credential", status=error.status) from None

    def refuse(self, question: Question) -> None:
        """Answer a question that came to nobody: there is nothing of the kind here, beyond being there."""
        if self._opened is not None:
            refusal: dict[str, Json] = {"error": {"code": _METHOD_NOT_FOUND, "message": "Method not found"}}
            answer: dict[str, Json] = {"result": {}} if question.method == "ping" else refusal
            body = written({"id": question.id, **answer})
            self._beside(self._wire.send(self._remote, body, self._opened.headers))

    async def close(self) -> None:
        """End the session at the server."""
        if self._side is not None:
            await self._side.close()
        opened, self._opened = self._opened, None
        if opened is not None and opened.session_id is not None:
            await self._wire.delete(self._remote, opened.headers)

    def _forget(self, opened: _Opened) -> None:
        # Another request may have made a new one already.
        if self._opened is opened:
            self._opened = None

    async def _open(self) -> _Opened:
        params = {"protocolVersion": self._version, "capabilities": self._capabilities, "clientInfo": CLIENT_INFO}
        request_id = next(self._ids)
        body = written({"id": request_id, "method": "initialize", "params": params})
        try:
            async with self._wire.post(self._remote, body, {}) as exchange:
                answer = await self._only_answer(exchange, request_id)
        except Unfit as error:
            raise HandshakeRefused(error.message, status=error.status) from error
        opened = self._agreed(answer, exchange.headers.get(_SESSION_HEADER))
        self.tools.about = About.of(answer.result)
        await self._wire.send(self._remote, written({"method": "notifications/initialized"}), opened.headers)
        return opened

    async def _only_answer(self, exchange: Exchange, request_id: int) -> McpAnswer:
        async with aclosing(exchange.messages()) as messages:
            async for message in messages:
                if isinstance(message, Reply):
                    return answer_to(request_id, message, host=self._remote.host)
        raise Broken(f"{self._remote.host} ended the stream before its answer")

    def _agreed(self, answer: McpAnswer, session_id: str | None) -> _Opened:
        host = self._remote.host
        if answer.error is not None:
            raise HandshakeRefused(f"{host} refuses the handshake: {printable(answer.error['message'])}")
        version = answer.result.get("protocolVersion")
        if version not in HANDSHAKE_PROTOCOL_VERSIONS:
            raise HandshakeRefused(f"{host} speaks the revision {printable(str(version))}, which is not known here")
        if session_id is not None and not (
            session_id.isascii() and session_id.isprintable() and len(session_id) <= _MAX_SESSION_ID
        ):
            raise ProviderUnavailable(f"{host} gave its session an id that can't be sent back")
        return _Opened(version, session_id)

    async def _request(self, opened: _Opened, method: str, params: Mapping[str, Json], relay: Relay) -> McpAnswer:
        request_id = next(self._ids)
        meta: dict[str, Json] = {**(params.get("_meta") or {}), **relay.meta(request_id)}
        meta.pop(LOG_LEVEL_META_KEY, None)
        if meta:
            params = {**params, "_meta": meta}
        body = written({"id": request_id, "method": method, "params": params})
        try:
            return await self._conversed(opened, body, relay, request_id=request_id)
        except asyncio.CancelledError:
            self._beside(self._cancel(opened, request_id))
            raise

    async def _conversed(self, opened: _Opened, body: bytes, relay: Relay, *, request_id: int) -> McpAnswer:
        async def send(answer: Mapping[str, Json]) -> None:
            await self._wire.send(self._remote, written(answer), opened.headers)

        host = self._remote.host
        async with (
            Questions(relay.asked, send, host=host) as questions,
            self._heard_beside(request_id, relay, questions, session=opened),
            aclosing(self._messages(opened, body)) as messages,
        ):
            async for message in messages:
                match message:
                    case Reply():
                        answer = answer_to(request_id, message, host=host)
                        if answer.error is not None and answer.error["code"] == UNSUPPORTED_PROTOCOL_VERSION:
                            raise _SessionLost(f"{host} does not speak the revision of its own session")
                        return answer
                    case Question():
                        questions.put(message)
                    case Notice("notifications/cancelled"):
                        questions.withdraw(message.params)
                    case Notice("notifications/tools/list_changed"):
                        self.tools.changed()
                    case Notice():
                        await relay.notified(message, request_id)
        raise Broken(f"{host} ended the stream before its answer")

    def _heard_beside(
        self, request_id: int, relay: Relay, questions: Questions, *, session: _Opened
    ) -> AbstractAsyncContextManager[None]:
        if self._side is None:
            return nullcontext()
        return self._side.heard_for(request_id, relay, questions, session=session)

    async def _messages(self, opened: _Opened, body: bytes) -> AsyncGenerator[Message]:
        """Yield what comes on the stream of one request, which is taken up again where it breaks and can be."""
        resumption = Resumption()
        try:
            async with (
                self._wire.post(self._remote, body, opened.headers, resumption=resumption) as exchange,
                aclosing(_of_session(exchange, opened)) as messages,
            ):
                async for message in messages:
                    yield message
        except Broken:
            if not resumption.event_id:
                raise
        for _ in range(_MAX_RESUMPTIONS):
            if not resumption.event_id:
                return
            await asyncio.sleep(min(max(resumption.retry_seconds, 0.0), _MAX_RETRY_SECONDS))
            try:
                async with (
                    self._wire.resume(self._remote, opened.headers, resumption=resumption) as exchange,
                    aclosing(exchange.messages()) as messages,
                ):
                    async for message in messages:
                        yield message
            except Broken:
                continue

    async def _cancel(self, opened: _Opened, request_id: int) -> None:
        params = {"requestId": request_id, "reason": "the client no longer waits for it"}
        notice = written({"method": "notifications/cancelled", "params": params})
        await self._wire.send(self._remote, notice, opened.headers)


async def _of_session(exchange: Exchange, opened: _Opened) -> AsyncGenerator[Message]:
    """Yield the messages of an exchange. Raises `_SessionLost` where the server says so instead.

    That is a 404 (2025-11-25, session management); many servers say it with a 400, in JSON-RPC or not.
    """
    if opened.session_id is None:
        messages = exchange.messages()
    elif exchange.status == 404:
        raise _SessionLost(f"{exchange.host} forgets its sessions as soon as it makes them")
    else:
        messages = _unless_lost(exchange)
    async with aclosing(messages):
        async for message in messages:
            yield message


async def _unless_lost(exchange: Exchange) -> AsyncGenerator[Message]:
    try:
        async with aclosing(exchange.messages()) as messages:
            async for message in messages:
                if exchange.status == 400 and isinstance(message, Reply) and _is_about_session(message):
                    raise _SessionLost(f"{exchange.host} forgets its sessions as soon as it makes them")
                yield message
    except Unfit as error:
        if error.status != 400:
            raise
        raise _SessionLost(error.message) from None


def _is_about_session(reply: Reply) -> bool:
    return reply.answer.error is not None and "session" in reply.answer.error["message"].lower()
