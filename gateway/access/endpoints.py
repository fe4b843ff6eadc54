"""The addresses of MCP servers: what clients are given, and the audience of their tokens."""

from typing import Final

from gateway.kit.ids import as_id

SERVER_PREFIX: Final = "srv_"
_PATH: Final = f"/mcp/{SERVER_PREFIX}"


def endpoint_of(server_id: str, *, public_url: str) -> str:
    """Return the address of an MCP server."""
    return f"{public_url}{_PATH}{server_id}"


def server_at(address: str, *, public_url: str) -> str | None:
    """Return the id of the MCP server that would be at this address; None where none can be."""
    prefix = public_url + _PATH
    return as_id(address.removeprefix(prefix)) if address.startswith(prefix) else None
