"""An authorization request under way, as values: what a client asks for, and who it is that is to decide."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.access.oauth_clients import ClientView
from storage.records import EndUser, Identity, McpServer, Organization, Workspace
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class WaitingDevice:
    """A device that waits for the answer, and the code that it shows (RFC 8628)."""

    id: str
    user_code: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRequest:
    """An authorization request whose parameters have been checked.

    With `device`, nobody is led back anywhere: there is no redirect address and no challenge then.
    """

    server: McpServer
    client_id: str
    redirect_uri: str
    scopes: Sequence[str]
    state: str | None = field(repr=False)
    challenge: str = field(repr=False)
    device: WaitingDevice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRequest:
    """A request that waits for its person; `identity` and `end_user` are there once they are settled."""

    id: str
    organization: Organization
    workspace: Workspace
    server: McpServer
    client: ClientView
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None = field(repr=False)
    challenge: str = field(repr=False)
    device: WaitingDevice | None
    is_allowed: bool
    """The person has said yes, and is connecting accounts before going on."""
    identity: Identity | None
    end_user: EndUser | None

    @property
    def scope(self) -> TenantScope:
        """Whose rows it is about."""
        return TenantScope(self.organization.id, frozenset((self.workspace.id,)))
