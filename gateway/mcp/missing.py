"""What a call lacks: an account of its end user's, or permissions of one. Asked again without running anything."""

from dataclasses import dataclass
from typing import Self

from gateway.connections.resolver import Resolver, Wanted
from gateway.errors import ConnectionRequired
from gateway.principals import Caller


@dataclass(frozen=True, slots=True)
class Missing:
    """What a refusal said to be missing."""

    wanted: Wanted
    scopes: tuple[str, ...]
    """Permissions that the account has to have been given; none where there was no account."""

    @classmethod
    def of(cls, refusal: ConnectionRequired) -> Self:
        """Read a refusal that holds a link."""
        details = refusal.details
        wanted = Wanted(
            integration_name=details["integrationName"],
            workspace_integration_id=details["workspaceIntegrationId"],
            alias=details["integrationAlias"],
        )
        return cls(wanted, tuple(details.get("missingScopes", ())))

    async def is_there(self, resolver: Resolver, caller: Caller) -> bool:
        """Tell whether the account is there now, with the permissions."""
        return await resolver.has(caller, self.wanted, self.scopes)
