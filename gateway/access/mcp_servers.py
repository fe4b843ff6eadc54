"""MCP servers: endpoints of a workspace for agents, and who may come in by which kind of token (contract 1.7, 4.6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.access.existing import existing_server
from gateway.access.mcp_tokens import mint_static
from gateway.access.passing_through import only_remote
from gateway.access.static_tokens import held_workspace, is_static_token_safe
from gateway.errors import (
    EndUserNotFound,
    McpBearerDisabled,
    McpStaticBearerIncompatible,
    ValidationFailed,
)
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import MintedToken
from gateway.tenancy.catalogs import Catalogs
from storage.database import Database, Transaction
from storage.records import McpServer, McpServerTool
from storage.scope import TenantScope

TOOLS, CODE = "TOOLS", "CODE"
OAUTH, BEARER = "oauth", "bearer"
MAX_CONNECT_WAIT_SECONDS = 240
"""Clients give up by themselves after 60 s to 300 s."""
_CONNECT_WAIT = "connectWaitSeconds"
_STATIC, _END_USER, _OAUTH_TOKEN, _SERVICE = "static", "end_user", "oauth", "service"  # kinds of tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMcpServer:
    """What is to be made; `end_user` is the external id of the one person that the server is for."""

    workspace_id: str
    name: str
    description: str | None = None
    mode: str = TOOLS
    auth_mode: str = OAUTH
    end_user_access: str = "restricted"
    settings: Mapping[str, Any] | None = None
    created_by: str | None = None
    end_user: str | None = None
    pass_through: bool = False


@dataclass(frozen=True, slots=True)
class ShownServer:
    """A server with what is told about it; `token` is a static token that was minted just now."""

    record: McpServer
    has_static_token: bool
    end_user_external_id: str | None
    token: MintedToken | None = None


@dataclass(frozen=True, slots=True)
class ServerPage:
    """A page of servers."""

    servers: list[ShownServer]
    total: int


@dataclass(frozen=True, slots=True)
class ServerWithTools:
    """A server and the tools that were added to it by hand."""

    shown: ShownServer
    manual: list[McpServerTool]


class McpServers:
    """The MCP servers of a tenant's workspaces."""

    def __init__(self, database: Database, *, catalogs: Catalogs, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewMcpServer) -> ShownServer:
        """Make a server, with a static token where its auth mode has one and it is safe.

        Raises `ValidationFailed`, `NotFound` (the workspace), `EndUserNotFound`.
        """
        _check_mode(new.mode)
        async with self._database.write() as tx:
            workspace = await held_workspace(tx, scope, new.workspace_id)
            pinned_to = None if new.end_user is None else await _end_user_id(tx, scope, workspace.id, new.end_user)
            if new.pass_through:
                await self._check_pass_through(tx, scope, workspace.id)
            now = self._clock()
            server = await tx.mcp_servers.insert(
                McpServer(
                    id=new_id(),
                    organization_id=scope.organization_id,
                    workspace_id=workspace.id,
                    name=new.name,
                    description=new.description,
                    mode=new.mode,
                    auth_mode=new.auth_mode,
                    end_user_access=new.end_user_access,
                    settings=None if new.settings is None else dict(new.settings),
                    created_by=new.created_by,
                    end_user_id=pinned_to,
                    is_pinned=pinned_to is not None,
                    pass_through=new.pass_through,
                    created_at=now,
                    updated_at=now,
                )
            )
            return await self._shown(tx, scope, server, token=await self._static_token(tx, scope, server))

    async def get(self, scope: TenantScope, server_id: str) -> ServerWithTools:
        """Return a server and its manual tools. Raises `NotFound`."""
        async with self._database.read() as tx:
            server = await existing_server(tx, scope, server_id)
            manual = await tx.mcp_server_tools.of_server(scope, server.id)
            return ServerWithTools(await self._shown(tx, scope, server), manual)

    async def page(self, scope: TenantScope, *, workspace_id: str | None, limit: int, offset: int) -> ServerPage:
        """Return a page of servers, optionally only those of a workspace."""
        async with self._database.read() as tx:
            page = await tx.mcp_servers.page(scope, workspace_id=workspace_id, limit=limit, offset=offset)
            with_static = await tx.mcp_tokens.servers_with_static(scope, [row.id for row in page.rows])
            pinned = [row.end_user_id for row in page.rows if row.end_user_id is not None]
            external_ids = await tx.end_users.external_ids(pinned)
        shown = [ShownServer(row, row.id in with_static, external_ids.get(row.end_user_id or "")) for row in page.rows]
        return ServerPage(shown, page.total)

    async def update(self, scope: TenantScope, server_id: str, changes: Mapping[str, Any]) -> ShownServer:
        """Set columns of a server; `end_user` stands for the external id of the person it is for, or None.

        Tokens that the new auth mode does not take die. So do those of other people when the server is made for
        somebody, and its static and services' tokens whenever that person changes: whom a token stands for never changes. A new
        static token is minted where there is none and the auth mode has one and it is safe.
        Raises `NotFound`, `ValidationFailed`, `EndUserNotFound`.
        """
        values = dict(changes)
        _check_mode(values.get("mode", TOOLS))
        async with self._database.write() as tx:
            server = await existing_server(tx, scope, server_id)
            if "end_user" in values:
                values |= await self._repin(tx, scope, server, values.pop("end_user"))
            if values.get("pass_through"):
                await self._check_pass_through(tx, scope, server.workspace_id)
            await tx.mcp_servers.update(server, updated_at=self._clock(), **values)
            if "auth_mode" in values:
                await tx.mcp_tokens.delete_of_server(server, kinds=_forbidden_kinds(server))
            has_reason = values.keys() & {"auth_mode", "is_pinned"}
            token = await self._static_token(tx, scope, server) if has_reason else None
            return await self._shown(tx, scope, server, token=token)

    async def delete(self, scope: TenantScope, server_id: str) -> None:
        """Remove a server with its tools and tokens. Raises `NotFound`."""
        async with self._database.write() as tx:
            await tx.mcp_servers.delete(await existing_server(tx, scope, server_id))

    async def regenerate_token(self, scope: TenantScope, server_id: str) -> MintedToken:
        """Replace the static token at once. Raises `NotFound`, `McpBearerDisabled`, `McpStaticBearerIncompatible`."""
        async with self._database.write() as tx:
            server = await existing_server(tx, scope, server_id)
            if server.auth_mode == OAUTH:
                raise McpBearerDisabled("this MCP server takes OAuth tokens only; set authMode to oauth_and_bearer")
            if not await is_static_token_safe(tx, scope, server):
                raise McpStaticBearerIncompatible(
                    "a static token names no end user, and the workspace has a per_user integration; "
                    "make tokens for end users instead, or make the server for one of them"
                )
            await tx.mcp_tokens.delete_of_server(server, kinds=[_STATIC])
            return await mint_static(tx, server, now=self._clock())

    async def _repin(
        self, tx: Transaction, scope: TenantScope, server: McpServer, external_id: str | None
    ) -> dict[str, Any]:
        """Return the columns that make the server for this person, after the tokens that no longer fit have died."""
        pinned_to = None if external_id is None else await _end_user_id(tx, scope, server.workspace_id, external_id)
        is_pinned = pinned_to is not None
        if (server.is_pinned, server.end_user_id) == (is_pinned, pinned_to):
            return {}
        await tx.mcp_tokens.delete_of_server(server, kinds=[_STATIC, _SERVICE])
        if is_pinned:
            await tx.mcp_tokens.delete_of_server(server, kinds=[_END_USER, _OAUTH_TOKEN], except_of=pinned_to)
        return {"end_user_id": pinned_to, "is_pinned": is_pinned}

    async def _check_pass_through(self, tx: Transaction, scope: TenantScope, workspace_id: str) -> None:
        configured = await tx.workspace_integrations.of_workspace(scope, workspace_id)
        if only_remote(configured, self._catalogs.of(scope.organization_id)) is None:
            raise ValidationFailed(
                "passThrough: the workspace's only integration has to be a remote MCP server; it has "
                + (", ".join(row.integration_name for row in configured[:5]) or "none")
            )

    async def _static_token(self, tx: Transaction, scope: TenantScope, server: McpServer) -> MintedToken | None:
        """Mint a static token where the auth mode has one, there is none yet, and it is safe."""
        if server.auth_mode == OAUTH or await tx.mcp_tokens.static_of(scope, server.id) is not None:
            return None
        if not await is_static_token_safe(tx, scope, server):
            return None
        return await mint_static(tx, server, now=self._clock())

    async def _shown(
        self, tx: Transaction, scope: TenantScope, server: McpServer, *, token: MintedToken | None = None
    ) -> ShownServer:
        external_ids = await tx.end_users.external_ids([server.end_user_id] if server.end_user_id is not None else [])
        has_static = await tx.mcp_tokens.static_of(scope, server.id) is not None
        return ShownServer(server, has_static, external_ids.get(server.end_user_id or ""), token)


def connect_wait_seconds(server: McpServer) -> int:
    """Return how long a call at this server waits for its end user to connect an account that it lacks; 0 is not."""
    seconds = (server.settings or {}).get(_CONNECT_WAIT, 0)
    return min(seconds, MAX_CONNECT_WAIT_SECONDS)


async def _end_user_id(tx: Transaction, scope: TenantScope, workspace_id: str, external_id: str) -> str:
    end_user = await tx.end_users.by_external_id(scope, workspace_id, external_id)
    if end_user is None:
        raise EndUserNotFound(f"endUserId: the workspace has no end user {external_id[:200]!r}")
    return end_user.id


def _check_mode(mode: str) -> None:
    if mode == CODE:
        raise ValidationFailed("mode: CODE is not available in this release; use TOOLS")


def _forbidden_kinds(server: McpServer) -> list[str]:
    """Return the kinds of tokens that the server's auth mode does not take."""
    match server.auth_mode:
        case "oauth":
            return [_STATIC, _END_USER]
        case "bearer":
            return [_OAUTH_TOKEN, _SERVICE]
        case _:
            return []
