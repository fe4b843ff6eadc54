"""Products whose logins sign their hand-offs: the examples of the docs, run as they stand."""

import asyncio
import re
import subprocess
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.gateway.portal.test_handoff import example_backend
from tests.parts.node import Node
from tests.parts.ports import free_port
from tests.parts.served import Served

PAGE = Path(__file__).parents[2] / "docs" / "signed-handoff.md"
SECRET = "a secret that the product and the gateway share"
ISSUER = "https://app.example.com"


def python_product(served: Served) -> AbstractAsyncContextManager[str]:
    """Run the Python example; returns where its hand-off page is."""
    return example_backend(PAGE, TOOLGATE=served.url, HANDOFF_SECRET=SECRET)


@asynccontextmanager
async def node_product(served: Served, node: Node) -> AsyncGenerator[str]:
    """Run the Node example; returns where its hand-off page is."""
    [source] = re.findall(r"^```js\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    port = free_port()
    # Its packages are looked for from where it is started.
    process = await asyncio.create_subprocess_exec(
        *(str(node.binary), "--input-type=module", "--eval", source),
        cwd=node.packages.parent,
        env={**node.environment, "TOOLGATE": served.url, "PORT": str(port)},
        stdin=subprocess.DEVNULL,
    )
    try:
        await _is_there(process, f"http://127.0.0.1:{port}/.well-known/jwks.json")
        yield f"http://127.0.0.1:{port}/toolgate"
    finally:
        process.kill()
        await process.wait()


async def _is_there(process: asyncio.subprocess.Process, address: str) -> None:
    async with asyncio.timeout(30), httpx2.AsyncClient(trust_env=False) as http:
        while process.returncode is None:
            try:
                await http.get(address)
            except httpx2.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
    raise AssertionError("the example of the docs has ended")


def key_of(kind: str, page: str) -> dict[str, Any]:
    """What REST is told of the product at this page."""
    if kind == "python":
        return {"secret": SECRET}
    return {"jwksUrl": page.replace("/toolgate", "/.well-known/jwks.json"), "issuer": ISSUER}


def on_another_site(page: str) -> str:
    """The same page under a name that browsers take for another site than the gateway's address."""
    return page.replace("//127.0.0.1:", "//localhost:")


@asynccontextmanager
async def product_of(kind: str, served: Served, request: pytest.FixtureRequest) -> AsyncGenerator[str]:
    """Run the example of a language; returns where its hand-off page is. Node is asked for only where it is needed."""
    if kind == "python":
        async with python_product(served) as page:
            yield page
    else:
        async with node_product(served, request.getfixturevalue("node")) as page:
            yield page


def session_of(person: str, page: str) -> dict[str, str]:
    """The cookie that says at the product who is logged in."""
    parts = urlsplit(page)
    return {"name": "session", "value": f"session-of-{person}", "url": f"{parts.scheme}://{parts.netloc}"}
