"""What the endpoint has found out about a request before the SDK sees it, carried in the ASGI scope."""

from dataclasses import dataclass, field
from typing import Any, cast

from mcp.server.context import ServerRequestContext
from starlette.types import Scope

from gateway.mcp.auth import Door
from gateway.mcp.listeners import StillAdmitted
from gateway.mcp.sessions import Session
from gateway.principals import McpPrincipal

_KEY = "toolgate.visit"


@dataclass(frozen=True, slots=True)
class Visit:
    """One authenticated request at one MCP server."""

    door: Door
    principal: McpPrincipal
    session: Session | None
    """What the handshake settled; None for 2026-07-28 clients and for bare calls."""
    still_admitted: StillAdmitted = field(repr=False)
    """Asks again; it holds the token."""

    def enter(self, scope: Scope) -> None:
        """Put the visit where the handlers find it."""
        scope[_KEY] = self


def visit_of(context: ServerRequestContext[Any, Any]) -> Visit:
    """Return the visit that a handler's request belongs to."""
    request: Any = context.request
    return cast("Visit", request.scope[_KEY])
