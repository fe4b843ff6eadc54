"""Who is calling: one type per door, never a flag or a dict."""

from dataclasses import dataclass

from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class ApiKeyPrincipal:
    """A product backend, by its API key."""

    key_id: str
    organization_id: str
    workspace_ids: frozenset[str] | None
    """The workspaces that the key opens; None for all of the organization."""

    @property
    def scope(self) -> TenantScope:
        """Whose rows this caller may touch."""
        return TenantScope(self.organization_id, self.workspace_ids)

    @property
    def is_organization_wide(self) -> bool:
        """Tell whether the key opens the whole organization."""
        return self.workspace_ids is None


@dataclass(frozen=True, slots=True)
class ServicePrincipal:
    """The operator, by the service key; inside an organization where the request names one."""

    organization_id: str | None

    is_organization_wide = True

    @property
    def scope(self) -> TenantScope:
        """Whose rows this caller may touch: the named organization's."""
        return TenantScope(self.organization_id or "")


@dataclass(frozen=True, slots=True)
class Anybody:
    """Somebody without a key, at a route where what the request brings decides."""

    is_organization_wide = False

    @property
    def scope(self) -> TenantScope:
        """Whose rows this caller may touch: nobody's."""
        return TenantScope("", frozenset())


@dataclass(frozen=True, slots=True)
class McpPrincipal:
    """An agent at one MCP server, by its token; `end_user_id` is absent for a static token."""

    token_id: str
    server_id: str
    organization_id: str
    workspace_id: str
    end_user_id: str | None
    scopes: frozenset[str]
    grant_id: str | None = None
    """By which sign-in, where the token came of one."""

    @property
    def caller(self) -> "Caller":
        """For whom this agent's calls run."""
        return Caller(self.organization_id, self.workspace_id, self.end_user_id)


@dataclass(frozen=True, slots=True)
class Caller:
    """For whom an action runs, whatever door the call came through: a workspace, and perhaps one of its end users."""

    organization_id: str
    workspace_id: str
    end_user_id: str | None = None

    @property
    def scope(self) -> TenantScope:
        """Whose rows the call may touch: its workspace's."""
        return TenantScope(self.organization_id, frozenset((self.workspace_id,)))
