"""Workspaces over REST (contract 1.1)."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.branding import Branding, BrandingChanges
from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    Label,
    Moment,
    NoQuery,
    Nothing,
    PagedWithSuspended,
    Slug,
    absent,
    omitted,
)
from gateway.errors import NoUpdates
from gateway.tenancy.return_addresses import MAX_LENGTH
from gateway.tenancy.workspace_settings import MAX_REDIRECT_URIS, settings_of
from gateway.wiring import Gateway
from storage import records

Address = Annotated[
    str,
    Field(
        max_length=MAX_LENGTH,
        description="An https address, or one on this machine.",
        examples=["https://app.example.com/connected"],
    ),
]
Verification = Literal["auto", "session", "email", "handoff", "link"]


class SettingsChanges(Body):
    """What a workspace may set; what is absent keeps its value, null takes it back to the default."""

    setup_verification: Verification | None = Field(
        default=None,
        description=(
            "How whoever opens a setup URL shows to be the end user. `auto`, the default, takes the strongest of "
            "session, hand-off and e-mail that there is; `link` asks nothing and is the weakest."
        ),
    )
    handoff_url: Address | None = Field(
        default=None, description="Your page that tells us who is logged in there; gets `?challenge=…`."
    )
    redirect_uris: Annotated[list[Address], Field(max_length=MAX_REDIRECT_URIS)] | None = Field(
        default=None,
        description="The only addresses that people may be sent to after connecting, compared letter by letter.",
    )
    branding: BrandingChanges | None = None


class NewWorkspace(Body):
    """A new workspace."""

    name: Label
    slug: Slug
    settings: SettingsChanges = SettingsChanges()


class WorkspaceChanges(Body):
    """What is to change."""

    name: Label = absent()
    slug: Slug = absent()
    settings: SettingsChanges = absent()


class ShownSettings(Answer):
    """What the workspace has set."""

    setup_verification: Verification
    handoff_url: str | None = omitted()
    redirect_uris: list[str] | None = omitted()
    branding: Branding | None = omitted()

    @classmethod
    def of(cls, row: records.Workspace) -> "ShownSettings":
        """Show the settings of a row."""
        held = settings_of(row)
        return cls(
            setup_verification=held.setup_verification.value,
            handoff_url=held.handoff_url,
            redirect_uris=None if held.redirect_uris is None else list(held.redirect_uris),
            branding=Branding.of(row.settings),
        )


class Workspace(Answer):
    """A workspace."""

    id: str
    org_id: str
    name: str
    slug: str
    settings: ShownSettings
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
            settings=ShownSettings.of(row),
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
    body = call.body
    settings = body.settings.model_dump(by_alias=True, exclude_unset=True)
    row = await gateway.workspaces.create(call.scope, name=body.name, slug=body.slug, settings=settings)
    return OneWorkspace(workspace=Workspace.of(row))


async def list_workspaces(gateway: Gateway, call: Call[Nothing, PagedWithSuspended]) -> ManyWorkspaces:
    """List the workspaces that the key reaches."""
    page = await gateway.workspaces.page(call.scope, limit=call.query.limit, offset=call.query.offset)
    return ManyWorkspaces(workspaces=[Workspace.of(row) for row in page.rows], total=page.total)


async def get_workspace(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneWorkspace:
    """Get a workspace by its id or slug."""
    return OneWorkspace(workspace=Workspace.of(await gateway.workspaces.find(call.scope, call.path["workspaceId"])))


async def update_workspace(gateway: Gateway, call: Call[WorkspaceChanges, NoQuery]) -> OneWorkspace:
    """Change a workspace.

    Settings that are not named keep their value; null takes one back to its default.
    """
    changes = call.body.given()
    if not changes:
        raise NoUpdates("name, slug or settings: give at least one")
    if "settings" in changes:
        changes["settings"] = call.body.settings.model_dump(by_alias=True, exclude_unset=True)
    row = await gateway.workspaces.update(call.scope, call.path["workspaceId"], changes)
    return OneWorkspace(workspace=Workspace.of(row))


async def delete_workspace(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete a workspace with everything in it.

    Its integrations, end users, connections, MCP servers and their tokens go with it.
    """
    return Deleted(id=(await gateway.deletions.workspace(call.scope, call.path["workspaceId"])).id)
