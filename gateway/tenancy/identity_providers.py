"""OpenID providers at which an organization's end users sign in: made, listed, changed and removed over REST."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.errors import Duplicate, NotFound, ScopeDenied, ValidationFailed
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.notations import is_loopback
from gateway.refusals import refusing
from gateway.tenancy.emails import domain_key
from gateway.tenancy.entra import accept_tenant, is_entra, written_around
from storage.database import Database, Transaction
from storage.records import IdentityProvider
from storage.repository import Page
from storage.scope import TenantScope

CALLBACK: Final = "/oauth/callback/"
_CONFLICTS = {
    "uq_identity_providers_organization_id_issuer": (Duplicate, "issuer: the organization has this provider already")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewIdentityProvider:
    """A provider as it shows the client that was registered there."""

    name: str
    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    email_domains: Collection[str] | None = None
    """The domains of the addresses about which it is believed; None: of all."""
    is_disabled: bool = False


class ProviderSafe:
    """Seals and opens client secrets, each bound to its row."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, client_secret: str, *, provider_id: str, organization_id: str) -> bytes:
        """Seal a secret for this row."""
        return self._cipher.seal(client_secret.encode(), "identity_providers", provider_id, organization_id)

    def open(self, row: IdentityProvider) -> str | None:
        """Return the secret; None for a public client. Raises `SealBroken`."""
        return None if row.sealed is None else self._plain(row.sealed, row).decode()

    def reseal(self, row: IdentityProvider) -> bytes | None:
        """Seal the same secret under the newest key; None where it is already, or where there is none."""
        if row.sealed is None or self._cipher.is_current(row.sealed):
            return None
        return self._cipher.seal(self._plain(row.sealed, row), "identity_providers", row.id, row.organization_id)

    def _plain(self, sealed: bytes, row: IdentityProvider) -> bytes:
        return self._cipher.open(sealed, "identity_providers", row.id, row.organization_id)


class IdentityProviders:
    """The providers of an organization; they belong to all its workspaces."""

    def __init__(self, database: Database, *, safe: ProviderSafe, clock: Clock) -> None:
        self._database = database
        self._safe = safe
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewIdentityProvider) -> IdentityProvider:
        """Keep a provider. Raises `ValidationFailed`, `Duplicate`, `ScopeDenied`."""
        _check_scope(scope)
        row_id, now = new_id(), self._clock()
        row = IdentityProvider(
            id=row_id,
            organization_id=scope.organization_id,
            name=new.name,
            issuer=accept_issuer(new.issuer),
            client_id=new.client_id,
            sealed=self._sealed(new.client_secret, provider_id=row_id, scope=scope),
            email_domains=accept_domains(new.email_domains),
            disabled_at=now if new.is_disabled else None,
            created_at=now,
            updated_at=now,
        )
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                await _disbelieve(tx, scope, row)
                return await tx.identity_providers.insert(row)

    async def get(self, scope: TenantScope, provider_id: str) -> IdentityProvider:
        """Return a provider. Raises `NotFound`."""
        async with self._database.read() as tx:
            return await _existing(tx, scope, provider_id)

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[IdentityProvider]:
        """Return a page of providers."""
        async with self._database.read() as tx:
            return await tx.identity_providers.page(scope, limit=limit, offset=offset)

    async def update(self, scope: TenantScope, provider_id: str, changes: Mapping[str, Any]) -> IdentityProvider:
        """Set `name`, `client_id`, `client_secret` (None: a public client), `email_domains` (None: all), `disabled`.

        Raises `NotFound`, `ValidationFailed`.

        The issuer stays: people are known by what it calls them, and another calls them otherwise.
        """
        _check_scope(scope)
        now = self._clock()
        async with self._database.write() as tx:
            row = await _existing(tx, scope, provider_id)
            values = {name: value for name, value in changes.items() if name in ("name", "client_id")}
            if "client_secret" in changes:
                values["sealed"] = self._sealed(changes["client_secret"], provider_id=row.id, scope=scope)
            if "email_domains" in changes:
                values["email_domains"] = accept_domains(changes["email_domains"])
            if "disabled" in changes:
                values["disabled_at"] = (row.disabled_at or now) if changes["disabled"] else None
            row = await tx.identity_providers.update(row, **values, updated_at=now)
            await _disbelieve(tx, scope, row)
            return row

    async def delete(self, scope: TenantScope, provider_id: str) -> None:
        """Remove a provider; whom it has named stay linked, should it come back. Raises `NotFound`."""
        _check_scope(scope)
        async with self._database.write() as tx:
            await tx.identity_providers.delete(await _existing(tx, scope, provider_id))

    def _sealed(self, client_secret: str | None, *, provider_id: str, scope: TenantScope) -> bytes | None:
        if client_secret is None:
            return None
        return self._safe.seal(client_secret, provider_id=provider_id, organization_id=scope.organization_id)


def accept_issuer(issuer: str) -> str:
    """Return an issuer as its provider writes it (OpenID Connect Discovery 1.0, 2). Raises `ValidationFailed`."""
    try:
        parts = urlsplit(issuer)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host is not None and is_loopback(host))
    if not host or not is_safe or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValidationFailed("issuer: write the https address that the provider calls itself, without a query")
    if is_entra(issuer):
        accept_tenant(issuer)
    return issuer


def accept_domains(domains: Collection[str] | None) -> list[str] | None:
    """Return e-mail domains as they are compared. Raises `ValidationFailed`."""
    if domains is None:
        return None
    keys = {domain: domain_key(domain) for domain in domains}
    for domain, key in keys.items():
        if key is None or "." not in key:
            raise ValidationFailed(
                f"emailDomains: {domain[:100]!r} is no domain; write what stands behind the @, such as example.com, and "
                "each subdomain by itself"
            )
    return list(dict.fromkeys(key for key in keys.values() if key is not None))


async def _disbelieve(tx: Transaction, scope: TenantScope, provider: IdentityProvider) -> None:
    """Let what the provider has said before of other domains' addresses count no more, in no browser that it knows."""
    if provider.email_domains is not None:
        issuer = written_around(provider.issuer)
        await tx.identities.disbelieve(scope, issuer=issuer, domains=provider.email_domains)


def _check_scope(scope: TenantScope) -> None:
    if scope.workspace_ids is not None:
        raise ScopeDenied("identity providers need an organization-wide API key")


async def _existing(tx: Transaction, scope: TenantScope, provider_id: str) -> IdentityProvider:
    found = await tx.identity_providers.get(scope, provider_id)
    if found is None:
        raise NotFound("there is no such identity provider")
    return found
