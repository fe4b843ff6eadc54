"""Workspaces over REST (contract 1.1)."""

from gateway.api.calls import Call
from gateway.api.models import Answer, Body, Deleted, Label, Moment, NoQuery, Nothing, PagedWithSuspended, Slug, absent
from gateway.errors import NoUpdates
from gateway.wiring import Gateway
from storage import records


class NewWorkspace(Body):
    """A new workspace."""

    name: Label
    slug: Slug


class WorkspaceChanges(Body):
    """What is to change."""

    name: Label = absent()
    slug: Slug = absent()


class Workspace(Answer):
    """A workspace."""

    id: str
    org_id: str
    name: str
    slug: str
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: records.Workspace) -> "Workspace":
        """Show a row."""
        return cls(
            id=row.id,
            org_id=row.organization_id,
            name=row.name,
            slug=row.slug,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class OneWorkspace(Answer):
    """One workspace."""

    workspace: Workspace


class ManyWorkspaces(Answer):
    """A page of workspaces."""

    workspaces: list[Workspace]
    total: int


async def create_workspace(gateway: Gateway, call: Call[NewWorkspace, NoQuery]) -> OneWorkspace:
    """Create a workspace."""
    row = await gateway.workspaces.create(call.scope, name=call.body.name, slug=call.body.slug)
    return OneWorkspace(workspace=Workspace.of(row))


async def list_workspaces(gateway: Gateway, call: Call[Nothing, PagedWithSuspended]) -> ManyWorkspaces:
    """List the workspaces that the key reaches."""
    page = await gateway.workspaces.page(call.scope, limit=call.query.limit, offset=call.query.offset)
    return ManyWorkspaces(workspaces=[Workspace.of(row) for row in page.rows], total=page.total)


async def get_workspace(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneWorkspace:
    """Get a workspace by its id or slug."""
    return OneWorkspace(workspace=Workspace.of(await gateway.workspaces.find(call.scope, call.path["workspaceId"])))


async def update_workspace(gateway: Gateway, call: Call[WorkspaceChanges, NoQuery]) -> OneWorkspace:
    """Change a workspace."""
    changes = call.body.given()
    if not changes:
        raise NoUpdates("name or slug: give at least one")
    row = await gateway.workspaces.update(call.scope, call.path["workspaceId"], changes)
    return OneWorkspace(workspace=Workspace.of(row))


async def delete_workspace(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete a workspace with everything in it.

    Its integrations, end users, connections, MCP servers and their tokens go with it.
    """
    return Deleted(id=(await gateway.workspaces.delete(call.scope, call.path["workspaceId"])).id)
