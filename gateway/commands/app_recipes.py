"""How an OAuth app is registered at the providers that we know well: where, in which fields, by which manifest.

Facts are from the providers' own pages, which `docs/oauth-apps.md` links. Another provider's way is its
integration's `help_url`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from integrations.auth_methods import OAuth2
from integrations.integration import Integration

NAME: Final = "Toolgate"
"""What the app is called where people approve it; change it to the name of the product."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What is to be registered: one app for all OAuth methods of an integration."""

    integration: Integration
    callback: str
    public_url: str
    scopes: Mapping[str, Sequence[str]]
    """By key of the auth method."""

    @property
    def methods(self) -> list[OAuth2]:
        """The auth methods that use the app."""
        return [method for method in self.integration.auth if isinstance(method, OAuth2)]

    @property
    def is_https(self) -> bool:
        """Tell whether the callback is one that every provider takes."""
        return self.callback.startswith("https://")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps at a provider, and the text to paste there where it takes one."""

    steps: Sequence[str]
    manifest: str | None = None


def recipe_of(registration: Registration) -> Recipe:
    """Return how the app is registered."""
    host = urlsplit(registration.methods[0].authorize.url).hostname
    match host:
        case "slack.com":
            return _slack(registration)
        case "github.com":
            return _github(registration)
        case _:
            return _of_another(registration)


def _slack(registration: Registration) -> Recipe:
    """Slack makes an app from a manifest (docs.slack.dev, "Configuring apps with app manifests")."""
    kinds = {"scope": "bot", "user_scope": "user"}
    scopes = {
        kinds[method.authorize.scope_param]: sorted(registration.scopes[method.key]) for method in registration.methods
    }
    manifest = {
        "display_information": {"name": NAME},
        "features": {"bot_user": {"display_name": NAME, "always_online": False}},
        "oauth_config": {"redirect_urls": [registration.callback], "scopes": scopes},
        "settings": {
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }
    https = [] if registration.is_https else ["Slack takes https addresses only: set public_url to one first."]
    steps = [
        *https,
        "Open https://api.slack.com/apps, choose Create New App, then From a manifest, then JSON.",
        "Paste the manifest below. Leave out scopes of actions that you will not enable.",
        "Take Client ID and Client Secret from Basic Information, App Credentials.",
        "For people of other Slack workspaces: Manage Distribution, Activate Public Distribution.",
    ]
    return Recipe(steps, json.dumps(manifest, indent=2))


def _github(registration: Registration) -> Recipe:
    """An OAuth app has no manifest, only a form (docs.github.com, "Creating an OAuth app")."""
    return Recipe(
        [
            "Open https://github.com/settings/applications/new; for an organization: its Settings, Developer settings, "
            "OAuth Apps, New OAuth app.",
            f"Application name: {NAME}",
            f"Homepage URL: {registration.public_url}",
            f"Authorization callback URL: {registration.callback}",
            "Leave Enable Device Flow off. Scopes are asked for when people connect; there is nothing to enter.",
            "Take the Client ID, and make a client secret with Generate a new client secret.",
        ]
    )


def _of_another(registration: Registration) -> Recipe:
    steps = [step for method in registration.methods for step in method.setup]
    if steps:
        return Recipe([_told(step, registration) for step in steps])
    pages = [method.help_url for method in registration.methods if method.help_url is not None]
    where = f"Register an OAuth app at {registration.integration.title}" + (f": {pages[0]}" if pages else ".")
    return Recipe(
        [
            where,
            f"Redirect or callback address: {registration.callback}",
            "Allow the scopes above, where the provider wants them named beforehand.",
            "Take the client id and, where there is one, the client secret.",
        ]
    )


def _told(step: str, registration: Registration) -> str:
    scopes = sorted({scope for each in registration.scopes.values() for scope in each})
    return step.replace("{callback}", registration.callback).replace("{scopes}", " ".join(scopes))
