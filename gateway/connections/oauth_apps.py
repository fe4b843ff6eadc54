"""The OAuth app that we show a provider: which one a connection belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.settings import IntegrationSettings


@dataclass(frozen=True, slots=True)
class OAuthApp:
    """What a provider knows us by; a public app has no secret."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)


class OAuthApps:
    """The apps of this deployment, from its configuration."""

    def __init__(self, integrations: Mapping[str, IntegrationSettings]) -> None:
        self._integrations = integrations

    def find(self, integration_name: str, *, oauth_app_id: str | None = None) -> OAuthApp | None:
        """Return the app for an integration, None where none is set; an app of a tenant's own is not known here."""
        configured = self._integrations.get(integration_name)
        if oauth_app_id is not None or configured is None or configured.client_id is None:
            return None
        secret = configured.client_secret
        return OAuthApp(configured.client_id, secret.get_secret_value() if secret is not None else None)
