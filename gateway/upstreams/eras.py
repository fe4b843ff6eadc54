"""Which revisions a server speaks: found out once, and remembered for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final, cast

from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    PROTOCOL_VERSION_META_KEY,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_MODERN_VERSION, MODERN_PROTOCOL_VERSIONS

from gateway.upstreams.frames import Reply, written
from gateway.upstreams.modern import CLIENT_INFO
from gateway.upstreams.parameter_headers import routing_headers
from gateway.upstreams.shown_tools import Now
from gateway.upstreams.wire import Remote, Wire, answer_to
from integrations.failures import ProviderUnavailable
from integrations.ports import Json, McpAnswer

_DISCOVER: Final = "server/discover"
_REMEMBERED: Final = 10_000
_REMEMBERED_SECONDS: Final = 600.0
_PROBING_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class _Found:
    version: str | None
    at: float
    refuses_handshakes: bool = False


class Eras:
    """Tells which servers speak a revision without handshake."""

    def __init__(self, wire: Wire, now: Now) -> None:
        self._wire = wire
        self._now = now
        self._found: OrderedDict[str, _Found] = OrderedDict()

    def without_handshake(self, server: str) -> str | None:
        """Return the revision in which to ask a server that has refused a handshake; `server` is who it is to us."""
        found = self._remembered(server)
        return found.version if found is not None and found.refuses_handshakes else None

    def refused(self, server: str) -> None:
        """Remember that this server, which speaks a modern revision, refuses handshakes."""
        found = self._found.get(server)
        if found is not None:
            self._found[server] = replace(found, refuses_handshakes=True)

    def forget(self, server: str) -> None:
        """Ask the server again next time."""
        self._found.pop(server, None)

    async def modern_version(self, server: str, remote: Remote) -> str | None:
        """Return the modern revision that the server speaks, or None where it wants a handshake.

        Raises the classes of `integrations.failures` where it does not answer, or speaks nothing that we do.
        """
        found = self._remembered(server)
        if found is None:
            found = self._found[server] = _Found(await self._probe(remote), self._now())
            if len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)
        return found.version

    def _remembered(self, server: str) -> _Found | None:
        found = self._found.get(server)
        return found if found is not None and self._now() - found.at < _REMEMBERED_SECONDS else None

    async def _probe(self, remote: Remote) -> str | None:
        answer = await self._discover(remote, LATEST_MODERN_VERSION)
        if answer is None:
            return None
        if answer.error is None:
            return _mutual(answer.result.get("supportedVersions"))
        if answer.error["code"] != UNSUPPORTED_PROTOCOL_VERSION:
            return None
        data: Json = answer.error.get("data")
        supported: Json = cast("dict[str, Json]", data).get("supported") if isinstance(data, dict) else None
        version = _mutual(supported)
        if version is None and supported and not any(each in HANDSHAKE_PROTOCOL_VERSIONS for each in _texts(supported)):
            raise ProviderUnavailable(f"{remote.host} speaks no revision of MCP that is known here")
        return version

    async def _discover(self, remote: Remote, version: str) -> McpAnswer | None:
        """Return the answer to `server/discover`, None where it is none: no evidence of a modern server.

        An outage is no evidence either way, and is raised.
        """
        meta: Mapping[str, Json] = {
            PROTOCOL_VERSION_META_KEY: version,
            CLIENT_INFO_META_KEY: CLIENT_INFO,
            CLIENT_CAPABILITIES_META_KEY: {},
        }
        body = written({"id": 0, "method": _DISCOVER, "params": {"_meta": meta}})
        headers = routing_headers(version, _DISCOVER, {})
        limit = asyncio.timeout(_PROBING_SECONDS)
        try:
            async with (
                limit,
                self._wire.post(remote, body, headers) as exchange,
                aclosing(exchange.messages()) as messages,
            ):
                async for message in messages:
                    if isinstance(message, Reply):
                        return answer_to(0, message, host=remote.host)
        except TimeoutError:
            # Some servers leave whoever has no session waiting.
            if not limit.expired():
                raise
        except ProviderUnavailable as error:
            if error.status is None:
                raise
        return None


def _mutual(supported: Json) -> str | None:
    """Return the newest revision of ours among those that a server names."""
    return next((each for each in reversed(MODERN_PROTOCOL_VERSIONS) if each in _texts(supported)), None)


def _texts(value: Json) -> Sequence[str]:
    return [each for each in cast("list[Json]", value) if isinstance(each, str)] if isinstance(value, list) else []
