"""What a client may know of an MCP server before it has a token (RFC 9728)."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.access.mcp_tokens import TOOLS_SCOPE
from gateway.mcp import refusals
from gateway.mcp.auth import McpDoorkeeper

_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Allow-Headers": "MCP-Protocol-Version",
    "Access-Control-Max-Age": "600",
}
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}


class ResourceMetadata:
    """The handler of `/.well-known/oauth-protected-resource/mcp/{server}`."""

    def __init__(self, *, public_url: str, doorkeeper: McpDoorkeeper) -> None:
        self._public_url = public_url
        self._doorkeeper = doorkeeper

    async def answer(self, request: Request) -> Response:
        """Answer with the metadata of one server."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        door = await self._doorkeeper.door(request.path_params["server"])
        if door is None:
            return refusals.no_such_server()
        document = {
            "resource": refusals.resource_url(self._public_url, door),
            **({"authorization_servers": [self._public_url]} if door.takes_oauth else {}),
            "resource_name": door.name,
            "scopes_supported": [TOOLS_SCOPE],
            "bearer_methods_supported": ["header"],
        }
        return JSONResponse(document, headers=_HEADERS)
