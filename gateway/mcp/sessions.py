"""Sessions of handshake-era clients, which no process has to remember.

The `Mcp-Session-Id` is signed and says itself what the handshake settled, so any process serves any request. It opens
nothing: every request is authenticated by its token, and a session is good for its own principal only (security R5).
"""

import json
from dataclasses import dataclass
from typing import Any, cast

from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION

from gateway.kit.cipher import Cipher
from gateway.kit.signed_text import read_signed, write_signed
from gateway.principals import McpPrincipal

_PURPOSE = "mcp session"
_FIRST_VERSION_WITH_URL_ELICITATION = "2025-11-25"


@dataclass(frozen=True, slots=True)
class Session:
    """What a handshake settled."""

    protocol_version: str
    takes_url_elicitation: bool


class Sessions:
    """Signs and reads session ids."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def begin(self, principal: McpPrincipal, initialize_params: Any) -> str:
        """Return the session id for an `initialize` request with these params."""
        session = settle(initialize_params)
        content = [principal.server_id, _owner(principal), session.protocol_version, session.takes_url_elicitation]
        payload = json.dumps(content, separators=(",", ":")).encode()
        return write_signed(self._cipher, _PURPOSE, payload)

    def read(self, session_id: str, principal: McpPrincipal) -> Session | None:
        """Return the session, or None for one that is not this principal's at this server."""
        payload = read_signed(self._cipher, _PURPOSE, session_id)
        if payload is None:
            return None
        server_id, owner, version, takes_url = json.loads(payload)
        if (server_id, owner) != (principal.server_id, _owner(principal)):
            return None
        return Session(version, takes_url)


def settle(initialize_params: Any) -> Session:
    """Return what the handshake with these params comes to (MCP 2025-11-25, lifecycle)."""
    params = _mapping(initialize_params)
    requested = params.get("protocolVersion")
    version = requested if requested in HANDSHAKE_PROTOCOL_VERSIONS else LATEST_HANDSHAKE_VERSION
    elicitation = _mapping(_mapping(params.get("capabilities")).get("elicitation"))
    return Session(version, "url" in elicitation and version >= _FIRST_VERSION_WITH_URL_ELICITATION)


def _owner(principal: McpPrincipal) -> str:
    """The end user, so that a session outlives its token; the token where there is none."""
    return principal.end_user_id or principal.token_id


def _mapping(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
