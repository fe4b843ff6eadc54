"""`toolgate integrations setup`: what to register at a provider, and which settings to fill with what comes of it."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

from gateway.commands import CommandFailed
from gateway.commands.app_recipes import Registration, recipe_of
from gateway.commands.configuration import read_settings
from gateway.connections.connect_methods import callback_address, scopes_to_ask, setting_names
from gateway.connections.credential_forms import wire_types
from gateway.settings import Settings
from gateway.tenancy.deployment_catalog import deployment_catalog
from integrations.auth_methods import OAuth2
from integrations.catalog import Catalog
from integrations.integration import Integration

GUIDE = "docs/oauth-apps.md"


def setup(config: Path | None, name: str, *, only_manifest: bool = False) -> None:
    """Print the guide, or only its manifest. Needs no running server. Raises `CommandFailed`, `SettingsError`."""
    settings = read_settings(config)
    integration = _integration(name, deployment_catalog(settings))
    if not only_manifest:
        print("\n".join(guide(integration, settings)))
        return
    manifest = recipe_of(_registration(integration, settings)).manifest
    if manifest is None:
        raise CommandFailed(
            f"{integration.title} takes no app manifest; the same without --manifest tells what to enter"
        )
    print(manifest)


def guide(integration: Integration, settings: Settings) -> Iterable[str]:
    """Yield the lines of the guide for an integration that connects by OAuth."""
    registration = _registration(integration, settings)
    recipe = recipe_of(registration)
    yield f"{integration.title}: an OAuth app for {settings.public_url}"
    yield from ("", "Callback address, the same for every app of this deployment:", f"  {registration.callback}")
    if settings.is_local:
        yield "  It is for this machine only. Set public_url to the address that people will use, then run this again."
    yield from _scopes(registration)
    yield from ("", "Steps:")
    yield from (f"  {number}. {step}" for number, step in enumerate(recipe.steps, start=1))
    if recipe.manifest is not None:
        yield from ("", "App manifest:", recipe.manifest)
    yield from _settings(integration, settings)
    yield from ("", f"Verification, cost, token life and limits: {GUIDE}")


def _registration(integration: Integration, settings: Settings) -> Registration:
    return Registration(
        integration=integration,
        callback=callback_address(settings.public_url, integration.name),
        public_url=settings.public_url,
        scopes={
            method.key: scopes_to_ask(method, integration, enabled=None, held=())
            for method in integration.auth
            if isinstance(method, OAuth2)
        },
    )


def _scopes(registration: Registration) -> Iterable[str]:
    titles = registration.integration.manifest.scope_titles
    for method in registration.methods:
        scopes = registration.scopes[method.key]
        yield from ("", f"Scopes of all actions together, for {method.title or method.key} ({method.key}):")
        width = max((len(scope) for scope in scopes), default=0)
        for scope in scopes:
            yield f"  {scope:<{width}}  {titles.get(scope, '')}".rstrip()
        if not scopes:
            yield "  none"


def _settings(integration: Integration, settings: Settings) -> Iterable[str]:
    client_id, client_secret = setting_names(integration.name)
    held = settings.integrations.get(integration.name)
    state = "is set" if held is not None and held.client_id is not None else "is not set yet"
    yield from (
        "",
        f"Settings (client_id {state}), in config.toml:",
        f"  [integrations.{integration.name}]",
        '  client_id = "…"',
        '  client_secret = "…"',
        f"or in the environment: {client_id}, {client_secret}",
        "or, for one organization or workspace, over REST: POST /api/v1/oauth-apps",
    )


def _integration(name: str, catalog: Catalog) -> Integration:
    if name not in catalog:
        return _of_provider(name, catalog)
    integration = catalog.get(name)
    if not any(isinstance(method, OAuth2) for method in integration.auth):
        ways = sorted({each for method in integration.auth for each in wire_types(method)})
        raise CommandFailed(
            f"{name} needs no OAuth app: it connects by {' or '.join(ways)}"
            if ways
            else f"{name} needs no OAuth app, for there is nothing to connect"
        )
    return integration


def _of_provider(name: str, catalog: Catalog) -> Integration:
    """Return the only integration of a provider, named by its domain: `google` stands for accounts.google.com."""
    found = [each for each in catalog if name in _provider_words(each)]
    if len(found) == 1:
        return found[0]
    close = [each.name for each in found] or get_close_matches(name, list(catalog.names()), n=1)
    hint = f"did you mean {' or '.join(close)}?" if close else "`toolgate integrations list` has them all"
    raise CommandFailed(f"there is no integration {name!r}; {hint}")


def _provider_words(integration: Integration) -> set[str]:
    hosts = [urlsplit(method.authorize.url).hostname for method in integration.auth if isinstance(method, OAuth2)]
    return {word for host in hosts if host is not None for word in host.split(".")[:-1]}
