"""The headers that repeat what a request says, for whoever routes it (MCP 2026-07-28, Streamable HTTP)."""

from collections.abc import Mapping
from typing import Final, cast

from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    NAME_BEARING_METHODS,
    encode_header_value,
    find_invalid_x_mcp_header,
    mcp_param_headers,
    x_mcp_header_map,
)

from integrations.ports import Json

VERSION_HEADER: Final = MCP_PROTOCOL_VERSION_HEADER


def routing_headers(
    version: str, method: str, params: Mapping[str, Json], *, input_schema: Json | None = None
) -> dict[str, str]:
    """Return the headers of a request: version, method, the name it bears, and arguments as `input_schema` wants."""
    headers = {MCP_PROTOCOL_VERSION_HEADER: version, MCP_METHOD_HEADER: method}
    name = params.get(NAME_BEARING_METHODS.get(method, ""))
    if isinstance(name, str):
        headers[MCP_NAME_HEADER] = encode_header_value(name)
    arguments: Json = params.get("arguments")
    # A tool with a faulty annotation gets none: its server would refuse half of them as well.
    if isinstance(arguments, Mapping) and input_schema and find_invalid_x_mcp_header(input_schema) is None:
        headers |= mcp_param_headers(x_mcp_header_map(input_schema), cast("Mapping[str, Json]", arguments))
    return headers
