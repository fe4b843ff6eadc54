"""The catalogue over REST: what can be added to workspaces, and the choices for inputs (contract 1.9)."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    ExternalId,
    Flag,
    NoQuery,
    Nothing,
    Query,
    Reference,
    WorkspaceReference,
    omitted,
)
from gateway.api.oauth_setup import OAuthSetup, oauth_setup
from gateway.errors import IntegrationNotFound, WorkspaceRequired
from gateway.tenancy.catalogs import OWN_PREFIX
from gateway.tools.property_options import WantedOptions
from gateway.tools.selection import Selected, Selectors
from gateway.wiring import Gateway
from integrations.auth_methods import OAuth2
from integrations.integration import Integration
from integrations.properties import metadata, summary


class CatalogQuery(Query):
    """All of the catalogue, or one integration."""

    summary: Flag = Field(default=False, description="Rows without the inputs of actions and triggers.")
    name: Reference | None = None


class ManyIntegrations(Answer):
    """The catalogue: rows with `name`, `displayName`, `description`, `logoUrl`, `categories`, `auth` and the rest."""

    integrations: list[dict[str, Any]]
    total: int
    registered: list[str]


class OneIntegration(Answer):
    """One integration with `actions` and `triggers` by name, each with its inputs as `props`."""

    integration: dict[str, Any]
    oauth_setup: OAuthSetup | None = omitted(description="What an OAuth app for it is registered with.")


class OAuthStatus(Answer):
    """Integrations for which this deployment has an OAuth app."""

    configured: list[str]


class PropertyQuestion(Body):
    """Of which input of which action or trigger, and with whose account."""

    property_name: Reference
    action_name: Reference | None = None
    trigger_name: Reference | None = None
    workspace_id: WorkspaceReference | None = None
    workspace_integration_id: Reference | None = None
    integration_alias: Reference | None = None
    end_user_id: ExternalId | None = Field(default=None, description="The end user's external id.")
    connection_external_id: ExternalId | None = None
    auth_method_key: Reference | None = None
    input: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    partial_ids: Annotated[list[Reference], Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "PropertyQuestion":
        if (self.action_name is None) == (self.trigger_name is None):
            raise ValueError("give exactly one of actionName and triggerName")
        return self


class OptionsQuestion(PropertyQuestion):
    """The same, and what to search for."""

    search_value: Annotated[str, Field(max_length=1000)] | None = None


class Option(Answer):
    """One choice: what a person sees, and what the input takes."""

    label: str
    value: Any


class OptionsAnswer(Answer):
    """The choices; disabled while an input is missing on which they depend."""

    options: list[Option]
    disabled: bool


async def list_catalog(gateway: Gateway, call: Call[Nothing, CatalogQuery]) -> ManyIntegrations | OneIntegration:
    """List the integrations that workspaces can add, or get one by `name`."""
    if call.query.name is not None:
        return await _one(gateway, call, call.query.name)
    render = summary if call.query.summary else metadata
    catalog = gateway.catalogs.of(call.scope.organization_id)
    rows = [render(integration) for integration in catalog]
    return ManyIntegrations(integrations=rows, total=len(rows), registered=list(catalog.names()))


async def get_from_catalog(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneIntegration:
    """Get an integration of the catalogue; one that people connect by OAuth with what to register at the provider."""
    return await _one(gateway, call, call.path["name"])


async def oauth_status(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OAuthStatus:
    """List the integrations for which this deployment has an OAuth app, or registered one by itself."""
    catalog = gateway.catalogs.shipped
    configured = [
        name
        for name, settings in sorted(gateway.settings.integrations.items())
        if settings.client_id is not None and settings.client_secret is not None
        if name in catalog and any(isinstance(method, OAuth2) for method in catalog.get(name).auth)
    ]
    ours = gateway.catalogs.of(call.scope.organization_id)
    registered = [
        name
        for name in ours.names()
        if name.startswith(OWN_PREFIX)
        if any(isinstance(method, OAuth2) and method.client is not None for method in ours.get(name).auth)
    ]
    return OAuthStatus(configured=[*configured, *registered])


async def look_up_options(gateway: Gateway, call: Call[OptionsQuestion, NoQuery]) -> OptionsAnswer:
    """Look up the choices for an input, as the connected account sees them."""
    body = call.body
    selected = await _selected(gateway, call.path["name"], call)
    found = await gateway.property_options.look_up(selected, _wanted(body, search=body.search_value))
    options = [Option(label=each["label"], value=each["value"]) for each in found.options]
    return OptionsAnswer(options=options, disabled=found.is_disabled)


async def resolve_property(gateway: Gateway, call: Call[PropertyQuestion, NoQuery]) -> OneIntegration:
    """Resolve an input whose form depends on others.

    No integration of this catalogue has one: the answer is always NOT_DYNAMIC.
    """
    selected = await _selected(gateway, call.path["name"], call)
    raise gateway.property_options.refusal_to_resolve(selected, _wanted(call.body, search=None))


async def _one(gateway: Gateway, call: Call[Any, Any], name: str) -> OneIntegration:
    integration = _integration(gateway, call, name)
    setup = await oauth_setup(gateway, call.scope, integration)
    return OneIntegration(integration=metadata(integration), oauth_setup=setup)


def _integration(gateway: Gateway, call: Call[Any, Any], name: str) -> Integration:
    catalog = gateway.catalogs.of(call.scope.organization_id)
    if name not in catalog:
        raise IntegrationNotFound(f"there is no integration {name[:100]!r} in the catalogue")
    return catalog.get(name)


async def _selected(gateway: Gateway, name: str, call: Call[Any, NoQuery]) -> Selected:
    body: PropertyQuestion = call.body
    if body.workspace_id is None:
        raise WorkspaceRequired("workspaceId: has to be given, for it decides whose account is used")
    return await gateway.selection.select(
        call.scope,
        Selectors(
            integration_name=name,
            workspace=body.workspace_id,
            workspace_integration_id=body.workspace_integration_id,
            alias=body.integration_alias,
            end_user_external_id=body.end_user_id,
            connection_external_id=body.connection_external_id,
            auth_method_key=body.auth_method_key,
        ),
    )


def _wanted(body: PropertyQuestion, *, search: str | None) -> WantedOptions:
    return WantedOptions(
        property_name=body.property_name,
        action_name=body.action_name,
        trigger_name=body.trigger_name,
        arguments=body.input,
        search=search,
    )
