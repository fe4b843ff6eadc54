"""Whose rows a call may touch: a required argument of every repository method (security R39)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TenantScope:
    """An organization, or only some of its workspaces; what lies outside is as if it did not exist."""

    organization_id: str
    workspace_ids: frozenset[str] | None = None

    def within(self, workspace_id: str) -> "TenantScope":
        """Narrow to one workspace; to nothing if the scope does not hold it."""
        held = self.workspace_ids is None or workspace_id in self.workspace_ids
        return TenantScope(self.organization_id, frozenset((workspace_id,)) if held else frozenset())
