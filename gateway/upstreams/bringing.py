"""Taking up a remote MCP server as an integration of an organization's own: how people get in, and as which client."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, cast

from gateway.connections.client_registration import TOKEN_AUTH, RegistrationRefused
from gateway.connections.client_registration import Registered as Registration
from gateway.connections.connect_methods import callback_address
from gateway.connections.oauth_apps import OAuthApps
from gateway.connections.registrations import Registrations, forget_app, oauth_of
from gateway.errors import Conflict, ValidationFailed
from gateway.kit.ids import as_id, new_id
from gateway.kit.urls import normal_url
from gateway.tenancy.catalogs import Catalogs
from gateway.tenancy.own_integrations import OwnIntegrations, check_name
from gateway.upstreams.challenges import Challenge
from gateway.upstreams.discovery import Protection, protection_of
from gateway.upstreams.entrances import (
    ApiKey,
    ByOAuth,
    ClientPlan,
    Registered,
    api_key_method,
    app_in,
    issuer_in,
    oauth_method,
    plan_client,
    reason_to_connect_again,
)
from gateway.upstreams.probing import NotUsable, closed_by
from integrations.integration import Integration
from integrations.manifest import Manifest
from integrations.openapi.differing import Difference
from integrations.ports import Http
from storage.database import Transaction
from storage.scope import TenantScope

Entrance: TypeAlias = Literal["none"] | ApiKey | ByOAuth
Auth: TypeAlias = Literal["none", "api_key", "oauth"]
_MOST_APPS: Final = 1_000
_OPEN: Final = "the server answers to strangers too, so it may not look at the key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which server to take up, under which name; without `entrance` the server says how people get in."""

    name: str
    url: str
    title: str | None = None
    entrance: Entrance | None = None
    registers_anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """How people get in: the manifest's auth method, and the registration that goes with it."""

    auth: Auth
    method: Mapping[str, Any] | None = None
    protection: Protection | None = None
    registered: Registered | None = None
    registration: tuple[str, Registration] | None = None
    """A new one, and the id that it is to have as an OAuth app."""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brought:
    """What was found, and what is kept of it."""

    integration: Integration
    changes: Difference | None
    entered: Entered


class Bringing:
    """Takes up remote MCP servers."""

    def __init__(
        self,
        *,
        own: OwnIntegrations,
        catalogs: Catalogs,
        apps: OAuthApps,
        registrations: Registrations,
        http: Http,
        public_url: str,
    ) -> None:
        self._own = own
        self._catalogs = catalogs
        self._apps = apps
        self._registrations = registrations
        self._http = http
        self._public_url = public_url

    async def bring(self, scope: TenantScope, wanted: Wanted, *, preview: bool = False) -> Brought:
        """Find out about a server and keep it, new or in place of the one of this name.

        With `preview` nothing is kept and nobody is registered. Raises `ValidationFailed`, `QuotaExceeded`, `Conflict`
        (the name is that of another kind of integration).
        """
        check_name(wanted.name)
        before = self._before(scope, wanted.name)
        try:
            url = _address(wanted.url)
            entered = await self._entered(scope, wanted, url, before=before, preview=preview)
        except NotUsable as error:
            raise ValidationFailed(error.message) from error
        if preview:
            found = Manifest.model_validate(_manifest(wanted, url, entered, None))
            return Brought(Integration(found), None, entered)
        changed: dict[str, Any] = {}

        def change(kept: Mapping[str, Any] | None) -> dict[str, Any]:
            changed.update(before=kept, after=_manifest(wanted, url, entered, kept))
            return changed["after"]

        async def within(tx: Transaction) -> None:
            await self._settle(tx, TenantScope(scope.organization_id), wanted.name, entered=entered, changed=changed)

        saved = await self._own.keep(scope, wanted.name, change, within=within)
        return Brought(saved.integration, saved.changes, entered)

    def _before(self, scope: TenantScope, name: str) -> Integration | None:
        catalog = self._catalogs.of(scope.organization_id)
        found = catalog.get(name) if name in catalog else None
        if found is not None and not found.is_mcp_server:
            raise Conflict(f"name: {name} is an integration of another kind; choose another name, or delete it first")
        return found

    async def _entered(
        self, scope: TenantScope, wanted: Wanted, url: str, *, before: Integration | None, preview: bool
    ) -> Entered:
        challenge = await closed_by(self._http, url, {})
        entrance = wanted.entrance or ("none" if challenge is None else ByOAuth())
        match entrance:
            case "none":
                if challenge is not None:
                    raise NotUsable("auth: the server lets nobody in without a credential, so it can't be `none`")
                return Entered(auth="none")
            case ApiKey():
                findings = (_OPEN,) if challenge is None else ()
                return Entered(auth="api_key", method=api_key_method(entrance), findings=findings)
            case ByOAuth():
                protection = await protection_of(self._http, url, challenge or Challenge())
                if protection is None:
                    raise NotUsable(_NO_OAUTH)
                plan = self._plan(wanted, entrance, protection, before)
                findings: tuple[str, ...] = ()
                if plan.registered == "by_hand":
                    findings = await self._left_to_do(scope, wanted, protection, before=before)
                elif not preview and plan.wants_registration:
                    return await self._registered(wanted, entrance, protection, plan)
                return _by_oauth(protection, plan, findings=findings)

    def _plan(self, wanted: Wanted, oauth: ByOAuth, protection: Protection, before: Integration | None) -> ClientPlan:
        kept = None if before is None or wanted.registers_anew else oauth_of(before)
        is_same = kept is not None and kept.issuer == protection.server.issuer
        return plan_client(
            protection,
            oauth,
            integration_name=wanted.name,
            public_url=self._public_url,
            kept=kept if is_same else None,
        )

    async def _left_to_do(
        self, scope: TenantScope, wanted: Wanted, protection: Protection, *, before: Integration | None
    ) -> tuple[str, ...]:
        """Say what somebody has to do where only somebody can register this deployment.

        Raises `NotUsable` where that was done at another authorization server: this one is shown neither that client
        nor its secret.
        """
        if await self._apps.find(scope, wanted.name) is None:
            return (f"the authorization server registers no clients by itself; {self._by_hand(wanted.name)}",)
        kept = None if before is None else oauth_of(before)
        if kept is not None and kept.issuer == protection.server.issuer:
            return ()
        raise NotUsable(
            f"auth: the server has moved to the authorization server {protection.server.issuer[:200]!r}, where this "
            f"deployment has to be registered by hand; {self._by_hand(wanted.name)}"
        )

    async def _registered(self, wanted: Wanted, oauth: ByOAuth, protection: Protection, plan: ClientPlan) -> Entered:
        """Register, or take what was registered by hand. Raises `NotUsable`."""
        if oauth.client is not None:
            given, secret = oauth.client, oauth.client.client_secret
            # How a secret is shown is the plan's; without one there is nothing to show.
            made = Registration(client_id=given.client_id, client_secret=secret, token_auth="none")  # noqa: S106
            token_auth = plan.token_auth
        else:
            try:
                made = await self._registrations.register(wanted.name, plan.client)
            except RegistrationRefused as error:
                raise NotUsable(
                    f"the authorization server refuses to register this deployment ({error.message}); "
                    f"{self._by_hand(wanted.name)}"
                ) from error
            token_auth = TOKEN_AUTH[made.token_auth]
        app_id = new_id()
        client = plan.client.model_copy(update={"app": app_id, "expires_at": made.expires_at})
        return replace(
            _by_oauth(protection, replace(plan, client=client, token_auth=token_auth)), registration=(app_id, made)
        )

    def _by_hand(self, name: str) -> str:
        return (
            "register a client there with the redirect address "
            f"{callback_address(self._public_url, name)}, and give it here "
            '({"oauth": {"clientId": …, "clientSecret": …}}) or with POST /api/v1/oauth-apps'
        )

    async def _settle(
        self, tx: Transaction, scope: TenantScope, name: str, *, entered: Entered, changed: Mapping[str, Any]
    ) -> None:
        """Keep what was registered, and end what counts no longer."""
        if entered.registration is not None:
            app_id, made = entered.registration
            await self._registrations.insert(tx, scope, name, made, app_id=app_id)
        before, after = changed["before"], changed["after"]
        because = None if before is None else reason_to_connect_again(before, after)
        if because is None:
            return
        await _refuse_chosen_apps(tx, scope, name, changed)
        await self._registrations.end_accounts(tx, scope, name, because=because)
        old = app_in(cast("Mapping[str, Any]", before))
        if old is not None:
            await forget_app(tx, await tx.oauth_apps.get(scope, as_id(old) or ""))


async def _refuse_chosen_apps(tx: Transaction, scope: TenantScope, name: str, changed: Mapping[str, Any]) -> None:
    """Raise `Conflict` where workspaces have chosen OAuth apps that were registered at another authorization server.

    The new one would be shown these clients, and their secrets.
    """
    if issuer_in(changed["before"]) == issuer_in(changed["after"]):
        return
    apps = (await tx.oauth_apps.page(scope, integration_name=name, limit=_MOST_APPS, offset=0)).rows
    uses = await tx.oauth_apps.uses(apps)
    chosen = [app for app in apps if uses[app.id].workspace_integrations]
    if chosen:
        named = ", ".join(f"{app.id} ({app.name[:50]})" for app in chosen[:10])
        raise Conflict(
            "auth: the server has moved to another authorization server, and workspaces have chosen OAuth apps that are "
            f"not registered there: {named}; have these workspaces choose none, then ask again"
        )


def _by_oauth(protection: Protection, plan: ClientPlan, *, findings: tuple[str, ...] = ()) -> Entered:
    method = oauth_method(protection, plan.client, token_auth=plan.token_auth)
    return Entered(auth="oauth", method=method, protection=protection, registered=plan.registered, findings=findings)


def _address(text: str) -> str:
    """Return the server's address in the form that is kept and compared (RFC 8707 2: no fragment)."""
    try:
        return str(normal_url(text))
    except ValueError as error:
        raise NotUsable(f"url: {error}") from error


def _manifest(wanted: Wanted, url: str, entered: Entered, kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the manifest: what people wrote about it stays and, at the same address, which tools are approved."""
    before = dict(kept or {})
    known = cast("Mapping[str, Any]", before.get("mcp") or {})
    server = dict(known) if known.get("url") == url else {"url": url}
    title = wanted.title or before.get("title") or wanted.name.partition("-")[2].replace("-", " ").title()
    auth = [] if entered.method is None else [dict(entered.method)]
    return {**before, "name": wanted.name, "title": title, "auth": auth, "mcp": server}


_NO_OAUTH: Final = (
    "auth: the server wants a credential and describes no OAuth (RFC 9728); if it takes an API key, say "
    '{"apiKey": {}}, with `header` and `prefix` where it is not a bearer token'
)
