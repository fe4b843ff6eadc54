"""Faults of a manifest's `mcp`: a remote MCP server instead of an API."""

from collections.abc import Iterator
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from integrations.checking_auth import plain_http_faults
from integrations.manifest import Manifest
from integrations.upstream.reading import read_definitions
from integrations.yaml_source import Path as Place

Fault: TypeAlias = tuple[Place, str]

_INSTEAD_OF: Final = ("api", "actions", "options", "triggers")


def mcp_faults(manifest: Manifest) -> Iterator[Fault]:
    """What is wrong with the server and with the definitions that are said to be approved."""
    server = manifest.mcp
    if server is None:
        return
    for other in _INSTEAD_OF:
        if getattr(manifest, other):
            yield (other,), f"{other}: has no place beside `mcp`, whose tools are the actions"
    yield from plain_http_faults({"url": server.url}, ("mcp",))
    address = urlsplit(server.url)
    if address.username is not None or address.password is not None or address.fragment:
        yield ("mcp", "url"), "mcp.url: holds no credentials and no fragment; credentials belong into connections"
    tools = server.tools or ()
    for refused in read_definitions([dict(each) for each in tools]).refused:
        yield ("mcp", "tools"), f"mcp.tools: {refused.name} can't be approved: {refused.reason}"
    known = {each.get("name") for each in tools}
    for name in server.withheld:
        if name not in known:
            yield ("mcp", "withheld"), f"mcp.withheld: there is no tool {name!r}"
