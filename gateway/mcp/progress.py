"""Progress of a call that waits for its person: the link to open, in words that a client shows while it waits."""

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams

from gateway.errors import ConnectionRequired
from gateway.mcp.attendance import tell
from gateway.mcp.waiting import Tell


def progress_of(ctx: ServerRequestContext[Any, Any], params: CallToolRequestParams, *, seconds: float) -> Tell:
    """Return what tells this call's client that it waits, for `seconds` at most, and for what.

    Only clients that gave a progress token are told (MCP 2026-07-28, progress); the others get the link at the end.
    """
    token = (params.meta or {}).get("progress_token")
    request: Any = ctx.request

    async def tell_progress(refusal: ConnectionRequired, waited: float) -> None:
        if token is None:
            return
        message = f"Waiting for the user to open this link and connect an account: {refusal.setup_url}"
        progress = {"progressToken": token, "progress": round(waited, 3), "total": seconds, "message": message}
        await tell(request.scope, {"jsonrpc": "2.0", "method": "notifications/progress", "params": progress})

    return tell_progress
