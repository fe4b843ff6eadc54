"""The MCP conformance suite, run through a Toolgate that passes the server of everything through.

`python -m tests.support.everything.through_toolgate` prints the counts; `./run conformance` is the same. The suite can't
send a token, so a loopback proxy adds one: authentication is on.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from mcp import Client

from tests.gateway.mcp.shop import Shop, open_shop
from tests.parts.node import found_node
from tests.parts.served import serving
from tests.support.everything.conformance import SCORED, judged
from tests.support.everything.running import everything
from tests.support.everything.shim import with_token

NAME = "custom-everything"


@asynccontextmanager
async def passing_through(folder: Path) -> AsyncGenerator[str]:
    """Serve the server of everything through a fresh gateway; the address at which a token is added."""
    async with everything() as upstream, serving(folder, egress_allow=("127.0.0.1",)) as served:
        shop = await open_shop(served)
        await bring(shop, upstream)
        async with with_token(shop.url, await shop.token(shop.alice)) as url:
            yield url


async def bring(shop: Shop, upstream: str, *, passed_through: bool = True) -> None:
    """Have the shop's workspace use the MCP server at `upstream`, and its own MCP server pass it through."""
    gateway = shop.served.gateway
    async with Client(upstream, mode="legacy") as client:
        tools = [
            each.model_dump(mode="json", by_alias=True, exclude_none=True) for each in (await client.list_tools()).tools
        ]
        capabilities = client.server_capabilities.model_dump(mode="json", by_alias=True, exclude_none=True)
    server = {"url": upstream, "tools": tools, "capabilities": capabilities}
    manifest = {"name": NAME, "title": "Everything", "categories": ["DEVELOPER_TOOLS"], "mcp": server}
    await gateway.own_integrations.create(shop.scope, manifest)
    await shop.add(NAME, alias="everything")
    async with gateway.database.write() as tx:
        row = await tx.mcp_servers.get(shop.scope, shop.server.id)
        assert row is not None
        await tx.mcp_servers.update(row, pass_through=passed_through)


async def main() -> int:
    """Run both revisions and print what they said. Returns 0 if all scored scenarios passed."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    node, is_whole = found_node(), True
    with TemporaryDirectory() as folder:
        async with passing_through(Path(folder) / "toolgate") as url:
            for revision, wanted in SCORED.items():
                verdict = await judged(node, url, revision, Path(folder) / revision)
                is_right = verdict.exit_code == 0 and not verdict.failed and len(verdict.passed) >= wanted
                is_whole = is_whole and is_right
                print(f"MCP {revision}: {len(verdict.passed)} of {wanted} scored server scenarios pass")
                if not is_right:
                    print(verdict.output)
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
