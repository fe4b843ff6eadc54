"""Rows of identities, where they sign in, whom they stand for, and the browsers that stay signed in."""

from datetime import datetime

from sqlalchemy import delete
from sqlmodel import col

from storage.records import Identity, IdentityProvider, LinkedIdentity, SignedInBrowser
from storage.repository import Repository


class IdentityProviders(Repository[IdentityProvider]):
    """OpenID providers of organizations."""

    record = IdentityProvider
    workspace_column = None


class Identities(Repository[Identity]):
    """Identities; they belong to the organization alone."""

    record = Identity
    workspace_column = None


class LinkedIdentities(Repository[LinkedIdentity]):
    """Which end user an identity stands for in a workspace."""

    record = LinkedIdentity


class SignedInBrowsers(Repository[SignedInBrowser]):
    """Browsers that stay signed in; they belong to the organization alone, as identities do."""

    record = SignedInBrowser
    workspace_column = None

    async def delete_expired(self, before: datetime) -> None:
        """Remove sign-ins of all tenants that ended before this moment."""
        await self._session.execute(delete(SignedInBrowser).where(col(SignedInBrowser.expires_at) < before))
