"""Requests of handshake-era clients that are under way, so that `notifications/cancelled` ends the one it names.

Since 2026-07-28 a client gives up by leaving, which needs nobody to remember anything.
"""

import json
from collections.abc import Awaitable
from typing import Any, Final, TypeAlias, TypeVar

import anyio
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST

from gateway.principals import McpPrincipal

_T = TypeVar("_T")
_Key: TypeAlias = tuple[str, str]
_LONGEST_ID: Final = 200


class UnderWay:
    """What can be cancelled. Ids are the clients' own and may repeat: all requests that bear one are meant by it.

    Under a token that names nobody, and that many clients may share, none is where several bear it.
    """

    def __init__(self) -> None:
        self._scopes: dict[_Key, list[anyio.CancelScope]] = {}

    async def cancellable(self, principal: McpPrincipal, request_id: Any, request: Awaitable[_T]) -> _T:
        """Return what the request comes to. Raises `MCPError` once its client has cancelled it."""
        key = _key(principal, request_id)
        with anyio.CancelScope() as scope:
            scopes = self._scopes.setdefault(key, [])
            scopes.append(scope)
            try:
                return await request
            finally:
                scopes.remove(scope)
                if not scopes:
                    self._scopes.pop(key, None)
        raise MCPError(INVALID_REQUEST, "the client has cancelled this request")

    def cancel(self, principal: McpPrincipal, request_id: Any) -> None:
        """End what a client has given up."""
        scopes = self._scopes.get(_key(principal, request_id), ())
        if principal.end_user_id is None and len(scopes) > 1:
            # All clients count from the same number on: the others still wait for theirs.
            return
        for scope in scopes:
            scope.cancel()


def _key(principal: McpPrincipal, request_id: Any) -> _Key:
    # As JSON, in which 1 and "1" differ.
    return principal.token_id, json.dumps(request_id)[:_LONGEST_ID]
