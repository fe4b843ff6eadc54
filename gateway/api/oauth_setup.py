"""What has to be registered at a provider before people can connect there by OAuth."""

from pydantic import Field

from gateway.api.models import Answer, omitted
from gateway.connections.connect_methods import callback_address, scopes_to_ask
from gateway.wiring import Gateway
from integrations.auth_methods import OAuth2
from integrations.integration import Integration
from storage.scope import TenantScope


class OAuthScope(Answer):
    """A scope as the provider calls it, and what it means where the manifest says so."""

    name: str
    title: str | None = omitted()


class OAuthMethod(Answer):
    """A way to connect by OAuth, and the scopes of all actions together: enabled actions alone are asked for."""

    auth_method_key: str
    authorization_url: str
    scopes: list[OAuthScope]


class OAuthSetup(Answer):
    """What to enter at the provider; what it gives for that goes to `POST /api/v1/oauth-apps`."""

    callback_url: str
    methods: list[OAuthMethod]
    has_app: bool = Field(description="There is an app that is used where no other is chosen.")


async def oauth_setup(gateway: Gateway, scope: TenantScope, integration: Integration) -> OAuthSetup | None:
    """Return what to register; None where nothing connects by OAuth."""
    methods = [method for method in integration.auth if isinstance(method, OAuth2)]
    if not methods:
        return None
    app = await gateway.connecting.clients.apps.find(scope, integration.name)
    return OAuthSetup(
        callback_url=callback_address(gateway.settings.public_url, integration.name),
        methods=[_method(integration, method) for method in methods],
        has_app=app is not None,
    )


def _method(integration: Integration, method: OAuth2) -> OAuthMethod:
    titles = integration.manifest.scope_titles
    scopes = scopes_to_ask(method, integration, enabled=None, held=())
    return OAuthMethod(
        auth_method_key=method.key,
        authorization_url=method.authorize.url,
        scopes=[OAuthScope(name=scope, title=titles.get(scope)) for scope in scopes],
    )
