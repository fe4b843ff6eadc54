"""Sessions of handshake-era clients, which no process has to remember.

The `Mcp-Session-Id` is signed and says itself what the handshake settled, so any process serves any request. It opens
nothing: every request is authenticated by its token, and a session is good for its own principal only (security R5).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION

from gateway.kit.cipher import Cipher
from gateway.kit.signed_text import read_signed, write_signed
from gateway.principals import McpPrincipal

_PURPOSE = "mcp session"
_FIRST_VERSION_WITH_URL_ELICITATION = "2025-11-25"
_ASKED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "elicitation": ("2025-06-18", ("form", "url")),
    "sampling": ("2024-11-05", ("context", "tools")),
    "roots": ("2024-11-05", ()),
}
"""What clients can be asked, since which revision, and in which kinds (MCP 2025-11-25, ClientCapabilities)."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a handshake settled."""

    protocol_version: str
    capabilities: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the client can be asked in this revision: elicitation, sampling, roots."""

    @property
    def takes_url_elicitation(self) -> bool:
        """Tell whether its person can be asked to open a link."""
        return "url" in self.capabilities.get("elicitation", {})


class Sessions:
    """Signs and reads session ids."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def begin(self, principal: McpPrincipal, initialize_params: Any) -> str:
        """Return the session id for an `initialize` request with these params."""
        session = settle(initialize_params)
        content = [principal.server_id, owner_of(principal), session.protocol_version, session.capabilities]
        payload = json.dumps(content, separators=(",", ":")).encode()
        return write_signed(self._cipher, _PURPOSE, payload)

    def read(self, session_id: str, principal: McpPrincipal) -> Session | None:
        """Return the session, or None for one that is not this principal's at this server."""
        payload = read_signed(self._cipher, _PURPOSE, session_id)
        if payload is None:
            return None
        server_id, owner, version, capabilities = json.loads(payload)
        if (server_id, owner) != (principal.server_id, owner_of(principal)):
            return None
        # Sessions begun by an earlier release say whether the client opens links, and no more.
        return Session(version, _opening_links() if capabilities is True else _mapping(capabilities))


def settle(initialize_params: Any) -> Session:
    """Return what the handshake with these params comes to (MCP 2025-11-25, lifecycle)."""
    params = _mapping(initialize_params)
    requested = params.get("protocolVersion")
    version = requested if requested in HANDSHAKE_PROTOCOL_VERSIONS else LATEST_HANDSHAKE_VERSION
    return Session(version, _askable(_mapping(params.get("capabilities")), version))


def owner_of(principal: McpPrincipal) -> str:
    """Return whose sessions these are: the end user's, so that one outlives its token; without one the token's."""
    return principal.end_user_id or principal.token_id


def _askable(declared: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return what the client has declared, as far as the revision knows it; small, for it travels in every request."""
    known = {
        name: kinds
        for name, (since, kinds) in _ASKED.items()
        if isinstance(declared.get(name), dict) and version >= since
    }
    found: dict[str, dict[str, Any]] = {
        name: {kind: {} for kind in kinds if kind in _mapping(declared[name])} for name, kinds in known.items()
    }
    if version < _FIRST_VERSION_WITH_URL_ELICITATION and "elicitation" in found:
        found["elicitation"].pop("url", None)
    return found


def _opening_links() -> dict[str, Any]:
    return {"elicitation": {"url": {}}}


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
