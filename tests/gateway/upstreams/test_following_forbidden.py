"""Following a server that does not permit it: nobody is asked to allow it."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from gateway.upstreams.follow import LISTEN, PROMPTS_CHANGED, Follow
from integrations.failures import ProviderUnavailable
from tests.parts.talking import Servers, serving


async def test_nobody_is_asked_for_a_permission_that_only_following_lacks(remote: Servers) -> None:
    async def forbidden(_: Request) -> JSONResponse:
        asked = {"www-authenticate": 'Bearer error="insufficient_scope", scope="everything"'}
        return JSONResponse({}, status_code=403, headers=asked)

    app: Any = Starlette(routes=[Route("/mcp", forbidden, methods=["GET", "POST"])])
    wanted = Follow(lambda *_: None)
    wanted.want(frozenset({PROMPTS_CHANGED}), frozenset())
    async with serving(app) as url:
        with pytest.raises(ProviderUnavailable, match="does not permit this"):
            await remote.ask(url, LISTEN, talk=wanted)
