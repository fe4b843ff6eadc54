"""How people connect an account on a page: by which auth methods, and which scopes are asked for."""

from collections.abc import Collection, Iterable
from typing import Final, TypeAlias

from gateway.connections.oauth_apps import OAuthApp, OAuthApps
from gateway.errors import NoOAuthApp
from gateway.settings import ENVIRONMENT_PREFIX
from gateway.tenancy.catalogs import OWN_PREFIX
from integrations.auth_methods import AnyAuthMethod, ClientCredentials, OAuth2
from integrations.integration import Action, Integration
from storage.records import Connection
from storage.scope import TenantScope

ConnectMethod: TypeAlias = AnyAuthMethod
"""The auth methods that a page can ask a person for: all of them, by a form or by a visit to the provider."""

CALLBACK_PATH: Final = "/connect/callback/"


def connect_methods(methods: Iterable[AnyAuthMethod], *, only: str | None = None) -> tuple[ConnectMethod, ...]:
    """Return the methods that a page offers, the usual one first; `only` is the key of the one to choose."""
    return tuple(method for method in methods if only in (None, method.key))


def usable_actions(integration: Integration, enabled: Collection[str] | None, method_key: str) -> list[Action]:
    """Return the enabled actions (None: all) that work with this auth method, in the manifest's order."""
    return [
        action
        for name, action in integration.actions.items()
        if (enabled is None or name in enabled) and method_key in action.auth_methods
    ]


def scopes_to_ask(
    method: AnyAuthMethod, integration: Integration, *, enabled: Collection[str] | None, held: Iterable[str]
) -> tuple[str, ...]:
    """Return what to ask the provider for: the method's own scopes, those of what is enabled, and what is held.

    What is held is asked for again because many providers give a new token the new scopes only.
    """
    if not isinstance(method, OAuth2 | ClientCredentials):
        return ()
    asked = dict.fromkeys(method.scopes)
    for action in usable_actions(integration, enabled, method.key):
        asked |= dict.fromkeys(action.scopes.get(method.key, ()))
        for lookup in action.lookups.values():
            asked |= dict.fromkeys(integration.lookups[lookup].scopes.get(method.key, ()))
    return tuple(asked | dict.fromkeys(held))


def held_scopes(held: Connection | None, integration: Integration, method: AnyAuthMethod) -> tuple[str, ...]:
    """Return what the account connected by this method may do, and what a remote MCP server was found to want besides."""
    if held is None or held.auth_method_key != method.key:
        return ()
    wanted = held.missing_scopes or () if integration.is_mcp_server else ()
    return (*(held.granted_scopes or ()), *wanted)


async def required_app(
    apps: OAuthApps, scope: TenantScope, integration: Integration, *, oauth_app_id: str | None, public_url: str
) -> OAuthApp:
    """Return the OAuth app to show the provider. Raises `NoOAuthApp`, which says what to set and to register."""
    app = await apps.find(scope, integration.name, oauth_app_id=oauth_app_id)
    if app is None:
        raise no_app(integration, oauth_app_id=oauth_app_id, public_url=public_url)
    return app


def no_app(integration: Integration, *, oauth_app_id: str | None, public_url: str) -> NoOAuthApp:
    """Say what is to be done where there is no OAuth app: of the tenant, if an id says so, else of the deployment."""
    callback = callback_address(public_url, integration.name)
    if oauth_app_id is not None:
        return NoOAuthApp(
            f"the OAuth app that was chosen for {integration.title} is gone: choose another with oauthAppId, or set "
            "oauthAppMode to weavz_managed",
            callbackUrl=callback,
        )
    if integration.name.startswith(OWN_PREFIX):
        return NoOAuthApp(
            f"there is no OAuth app for {integration.title}: register one at its authorization server with the callback "
            f"address {callback}, and make it known with POST /api/v1/oauth-apps",
            callbackUrl=callback,
        )
    client_id, client_secret = setting_names(integration.name)
    return NoOAuthApp(
        f"there is no OAuth app for {integration.title}: register one at the provider with the callback address "
        f"{callback}, and set {client_id} and {client_secret} (`toolgate integrations setup {integration.name}` says "
        "how); or make one of your own with POST /api/v1/oauth-apps, for oauthAppMode `custom`",
        callbackUrl=callback,
    )


def setting_names(integration_name: str) -> tuple[str, str]:
    """Return the names of the two settings that hold the deployment's app for an integration."""
    prefix = f"{ENVIRONMENT_PREFIX}INTEGRATIONS_{integration_name.upper().replace('-', '_')}"
    return f"{prefix}_CLIENT_ID", f"{prefix}_CLIENT_SECRET"


def callback_address(public_url: str, integration_name: str) -> str:
    """Return the one address to which this provider sends people back."""
    return f"{public_url}{CALLBACK_PATH}{integration_name}"
