"""Servers of the revisions without handshake: every request stands alone."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from itertools import count
from typing import Final

from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY

from gateway import __version__
from gateway.upstreams.about import About
from gateway.upstreams.follow import LISTEN
from gateway.upstreams.frames import Notice, Question, Reply, written
from gateway.upstreams.parameter_headers import routing_headers
from gateway.upstreams.patience import Patience
from gateway.upstreams.relay import Relay, unheard
from gateway.upstreams.shown_tools import Now, ShownTools
from gateway.upstreams.wire import Broken, Remote, Wire, answer_to
from integrations.failures import ProviderUnavailable
from integrations.ports import Json, McpAnswer

CLIENT_INFO: Final = {"name": "toolgate", "title": "Toolgate", "version": __version__}


class ModernServer:
    """A server as one credential reaches it."""

    def __init__(self, wire: Wire, remote: Remote, *, version: str, now: Now) -> None:
        self.tools = ShownTools(remote.host, now)
        self._wire = wire
        self._remote = remote
        self._version = version
        self._ids = count(1)
        self._is_met = False

    async def ask(
        self, method: str, params: Mapping[str, Json], relay: Relay, *, input_schema: Json | None = None
    ) -> McpAnswer:
        """Send one request and return its answer; leaving it ends the request. Raises `integrations.failures`."""
        request_id = next(self._ids)
        params = {**params, "_meta": self._meta(params, relay, request_id)}
        body = written({"id": request_id, "method": method, "params": params})
        headers = routing_headers(self._version, method, params, input_schema=input_schema)
        async with self._wire.post(self._remote, body, headers) as exchange, aclosing(exchange.messages()) as messages:
            async for message in messages:
                match message:
                    case Reply():
                        return answer_to(request_id, message, host=self._remote.host)
                    case Notice():
                        await relay.notified(message, request_id)
                    case Question():
                        raise ProviderUnavailable(f"{self._remote.host} asked in a way that its revision has not")
        raise Broken(f"{self._remote.host} ended the stream before its answer")

    async def listen(self, wanted: Mapping[str, Json]) -> AsyncGenerator[Notice | McpAnswer]:
        """Yield what the server tells of changes; at its end, if it ends the stream itself, its answer.

        `wanted` is a SubscriptionFilter (MCP 2026-07-28). Raises `integrations.failures`.
        """
        request_id = next(self._ids)
        params = {"notifications": wanted}
        params = {**params, "_meta": self._meta(params, unheard(Patience(0)), request_id)}
        body = written({"id": request_id, "method": LISTEN, "params": params})
        headers = routing_headers(self._version, LISTEN, params)
        async with self._wire.post(self._remote, body, headers) as exchange, aclosing(exchange.messages()) as messages:
            async for message in messages:
                match message:
                    case Reply():
                        yield answer_to(request_id, message, host=self._remote.host)
                        return
                    case Notice():
                        yield message
                    case Question():
                        raise ProviderUnavailable(f"{self._remote.host} asked in a way that its revision has not")
        raise Broken(f"{self._remote.host} broke off the stream of changes")

    async def met(self, relay: Relay) -> None:
        """Find out, once, what the server says of itself. One that does not say has tools all the same."""
        if not self._is_met:
            answer = await self.ask("server/discover", {}, relay)
            self.tools.about = About.of(answer.result)
            self._is_met = True

    async def close(self) -> None:
        """Leave nothing: the server keeps nothing of us."""

    def _meta(self, params: Mapping[str, Json], relay: Relay, request_id: int) -> dict[str, Json]:
        return {
            **(params.get("_meta") or {}),
            **relay.meta(request_id),
            PROTOCOL_VERSION_META_KEY: self._version,
            CLIENT_INFO_META_KEY: CLIENT_INFO,
            CLIENT_CAPABILITIES_META_KEY: relay.conversation.capabilities,
        }
