"""Rows of identities, where they sign in, whom they stand for, and the browsers that stay signed in."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, not_, or_, select, update
from sqlmodel import col

from storage.records import Identity, IdentityProvider, LinkedIdentity, SignedInBrowser
from storage.repository import Page, Repository
from storage.scope import TenantScope


class IdentityProviders(Repository[IdentityProvider]):
    """OpenID providers of organizations."""

    record = IdentityProvider
    workspace_column = None

    async def all(self, scope: TenantScope) -> list[IdentityProvider]:
        """Return all providers of an organization, disabled ones too."""
        return await self._all(scope)

    async def find(self, provider_id: str) -> IdentityProvider | None:
        """Return the provider whose callback this is: the door for a browser that comes back from it."""
        return await self._session.get(IdentityProvider, provider_id)

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[IdentityProvider]:
        """Return a page of providers."""
        return await self._page(scope, limit=limit, offset=offset)

    async def all_sealed(self, *, after: str, limit: int) -> list[IdentityProvider]:
        """Return providers of the whole deployment with a secret, in order of id, for sealing them anew."""
        found = await self._session.scalars(
            select(IdentityProvider)
            .where(col(IdentityProvider.id) > after, col(IdentityProvider.sealed).is_not(None))
            .order_by(col(IdentityProvider.id))
            .limit(limit)
        )
        return list(found)


class Identities(Repository[Identity]):
    """Identities; they belong to the organization alone."""

    record = Identity
    workspace_column = None

    async def known_as(self, scope: TenantScope, issuer: str, subject: str) -> Identity | None:
        """Return whom an issuer knows by this subject."""
        return await self._one(scope, col(Identity.issuer) == issuer, col(Identity.subject) == subject)

    async def disbelieve(self, scope: TenantScope, *, issuer: tuple[str, str], domains: Collection[str]) -> None:
        """Have addresses outside these domains match nobody any more, where an issuer has said that they are verified.

        `issuer` is how it begins and how it ends.
        """
        begin, end = issuer
        key = col(Identity.email_key)
        await self._session.execute(
            update(Identity)
            .where(
                self._boundary(scope),
                col(Identity.issuer).startswith(begin, autoescape=True),
                col(Identity.issuer).endswith(end, autoescape=True),
                key.is_not(None),
                not_(or_(*(key.endswith(f"@{domain}", autoescape=True) for domain in domains))),
            )
            .values(email_key=None)
        )

    async def delete_expired(self, before: datetime) -> None:
        """Forget whom nothing has named since this moment: linked to nobody of any tenant, signed in nowhere."""
        linked, signed_in = select(col(LinkedIdentity.identity_id)), select(col(SignedInBrowser.identity_id))
        await self._session.execute(
            delete(Identity).where(
                col(Identity.updated_at) < before,
                col(Identity.id).not_in(linked),
                col(Identity.id).not_in(signed_in),
            )
        )


class LinkedIdentities(Repository[LinkedIdentity]):
    """Which end user an identity stands for in a workspace."""

    record = LinkedIdentity

    async def of(self, scope: TenantScope, workspace_id: str, identity_id: str) -> LinkedIdentity | None:
        """Return what an identity is linked to in a workspace."""
        return await self._one(
            scope, col(LinkedIdentity.workspace_id) == workspace_id, col(LinkedIdentity.identity_id) == identity_id
        )

    async def issuers_of(self, scope: TenantScope, end_user_ids: Collection[str]) -> set[tuple[str, str]]:
        """Return of which issuers these end users have an identity linked already: pairs of end user and issuer."""
        found = await self._session.execute(
            select(col(LinkedIdentity.end_user_id), col(Identity.issuer))
            .join(Identity, col(Identity.id) == col(LinkedIdentity.identity_id))
            .where(self._boundary(scope), col(LinkedIdentity.end_user_id).in_(end_user_ids))
        )
        return {(end_user_id, issuer) for end_user_id, issuer in found}


class SignedInBrowsers(Repository[SignedInBrowser]):
    """Browsers that stay signed in; they belong to the organization alone, as identities do."""

    record = SignedInBrowser
    workspace_column = None

    async def at(self, scope: TenantScope, browser_hash: str) -> list[SignedInBrowser]:
        """Return the sign-ins at a browser, expired ones too, oldest first."""
        return await self._all(scope, col(SignedInBrowser.browser_hash) == browser_hash)

    async def of_end_user(
        self, scope: TenantScope, end_user_id: str, *, workspace_id: str, email_key: str | None
    ) -> list[SignedInBrowser]:
        """Return the sign-ins of the identities that may act as an end user, oldest first.

        Those are the ones that are linked to it, and those of its address that its workspace has linked to nobody.
        """
        identity_id = col(SignedInBrowser.identity_id)
        linked = select(col(LinkedIdentity.identity_id)).where(col(LinkedIdentity.end_user_id) == end_user_id)
        if email_key is None:
            return await self._all(scope, identity_id.in_(linked))
        settled = select(col(LinkedIdentity.identity_id)).where(col(LinkedIdentity.workspace_id) == workspace_id)
        of_address = select(col(Identity.id)).where(
            col(Identity.organization_id) == scope.organization_id,
            col(Identity.email_key) == email_key,
            col(Identity.id).not_in(settled),
        )
        return await self._all(scope, or_(identity_id.in_(linked), identity_id.in_(of_address)))

    async def delete_expired(self, before: datetime) -> None:
        """Remove sign-ins of all tenants that ended before this moment."""
        await self._session.execute(delete(SignedInBrowser).where(col(SignedInBrowser.expires_at) < before))
