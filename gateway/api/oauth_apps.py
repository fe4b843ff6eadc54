"""OAuth apps that tenants register at providers themselves, over REST. Client secrets go in and never come out."""

from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    Deleted,
    Label,
    Moment,
    NoQuery,
    Nothing,
    Paged,
    Query,
    Reference,
    WorkspaceReference,
    absent,
    omitted,
)
from gateway.connections.connect_methods import callback_address
from gateway.connections.own_oauth_apps import NewOAuthApp, UsedApp
from gateway.errors import NoUpdates
from gateway.wiring import Gateway
from storage import records

ClientId = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[!-~]+$")]
ClientSecret = Annotated[str, StringConstraints(min_length=1, max_length=20_000, pattern=r"^[!-~]+$")]


class OAuthAppToCreate(Body):
    """An app as the provider shows it after you have registered it there with our callback address."""

    integration_name: Reference
    name: Label
    client_id: ClientId
    client_secret: ClientSecret | None = Field(
        default=None, repr=False, description="Absent for a public app, which has none."
    )
    workspace_id: WorkspaceReference | None = Field(default=None, description="Absent: the whole organization's.")


class OAuthAppChanges(Body):
    """What is to change; a null secret makes the app public."""

    name: Label = absent()
    client_secret: ClientSecret | None = Field(default=None, repr=False)


class OAuthAppQuery(Paged):
    """Which apps."""

    workspace_id: WorkspaceReference | None = None
    integration_name: Reference | None = None


class OfWorkspace(Query):
    """For which workspace."""

    workspace_id: WorkspaceReference


class UsableApp(Answer):
    """An app that may be chosen as `oauthAppId`."""

    id: str
    org_id: str
    workspace_id: str | None = omitted()
    integration_name: str
    name: str
    client_id: str

    @classmethod
    def of(cls, row: records.OAuthApp) -> "UsableApp":
        """Show a row."""
        return UsableApp(
            id=row.id,
            org_id=row.organization_id,
            workspace_id=row.workspace_id,
            integration_name=row.integration_name,
            name=row.name,
            client_id=row.client_id,
        )


class OAuthApp(UsableApp):
    """An OAuth app, without its secret."""

    has_client_secret: bool
    callback_url: str
    """The address to register with the provider; the same for every app."""
    connection_count: int
    workspace_integration_count: int
    created_at: Moment
    updated_at: Moment


class OneOAuthApp(Answer):
    """One OAuth app."""

    oauth_app: OAuthApp


class ManyOAuthApps(Answer):
    """A page of OAuth apps."""

    oauth_apps: list[OAuthApp]
    total: int


class UsableOAuthApps(Answer):
    """All that may be chosen."""

    oauth_apps: list[UsableApp]
    total: int


async def list_oauth_apps(gateway: Gateway, call: Call[Nothing, OAuthAppQuery]) -> ManyOAuthApps:
    """List the OAuth apps that you have registered at providers yourself."""
    query = call.query
    workspace = None if query.workspace_id is None else await gateway.workspaces.find(call.scope, query.workspace_id)
    page = await gateway.oauth_apps.page(
        call.scope,
        limit=query.limit,
        offset=query.offset,
        workspace_id=None if workspace is None else workspace.id,
        integration_name=query.integration_name,
    )
    return ManyOAuthApps(oauth_apps=[_shown(gateway, each) for each in page.apps], total=page.total)


async def list_usable_oauth_apps(gateway: Gateway, call: Call[Nothing, OfWorkspace]) -> UsableOAuthApps:
    """List the OAuth apps that can be chosen for an integration of a workspace.

    Its own come first, then those of the organization, which a key of the workspace may use and not change.
    """
    workspace = await gateway.workspaces.find(call.scope, call.query.workspace_id)
    rows = await gateway.oauth_apps.usable(call.scope, call.path["name"], workspace_id=workspace.id)
    return UsableOAuthApps(oauth_apps=[UsableApp.of(row) for row in rows], total=len(rows))


async def create_oauth_app(gateway: Gateway, call: Call[OAuthAppToCreate, NoQuery]) -> OneOAuthApp:
    """Add an OAuth app that you have registered at a provider.

    The secret is sealed and never shown. Use the app with `oauthAppMode: custom`.
    """
    body = call.body
    workspace = None if body.workspace_id is None else await gateway.workspaces.find(call.scope, body.workspace_id)
    new = NewOAuthApp(
        integration_name=body.integration_name,
        name=body.name,
        client_id=body.client_id,
        client_secret=body.client_secret,
        workspace_id=None if workspace is None else workspace.id,
    )
    return OneOAuthApp(oauth_app=_shown(gateway, await gateway.oauth_apps.create(call.scope, new)))


async def get_oauth_app(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneOAuthApp:
    """Get an OAuth app, with how much depends on it."""
    return OneOAuthApp(oauth_app=_shown(gateway, await gateway.oauth_apps.get(call.scope, call.path["id"])))


async def update_oauth_app(gateway: Gateway, call: Call[OAuthAppChanges, NoQuery]) -> OneOAuthApp:
    """Rename an OAuth app, or give it the secret that the provider has made anew.

    Its client id can't change: make another app, and let people connect again.
    """
    changes = call.body.given()
    if not changes:
        raise NoUpdates("give at least one field to change")
    changed = await gateway.oauth_apps.update(call.scope, call.path["id"], changes)
    return OneOAuthApp(oauth_app=_shown(gateway, changed))


async def delete_oauth_app(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete an OAuth app, which nothing may use any more (409)."""
    await gateway.oauth_apps.delete(call.scope, call.path["id"])
    return Deleted(id=call.path["id"])


def _shown(gateway: Gateway, used: UsedApp) -> OAuthApp:
    row = used.record
    return OAuthApp(
        **UsableApp.of(row).model_dump(),
        has_client_secret=row.sealed is not None,
        callback_url=callback_address(gateway.settings.public_url, row.integration_name),
        connection_count=used.uses.connections,
        workspace_integration_count=used.uses.workspace_integrations,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
