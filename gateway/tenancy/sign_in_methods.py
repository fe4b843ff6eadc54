"""How people may sign in: what an organization allows, of what there is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.tenancy.entra import takes
from gateway.tenancy.identities import EMAIL_ISSUER, handoff_issuer
from gateway.tenancy.workspace_settings import settings_of
from storage.records import Identity, IdentityProvider, Organization, Workspace


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """What an organization allows; what it does not want, it switches off."""

    email: bool = True
    handoff: bool = True


@dataclass(frozen=True, slots=True)
class SignInMethods:
    """How people may sign in to one workspace."""

    email: bool
    """By a code to any address."""
    handoff_url: str | None
    """At the product, which comes with the workspace."""
    providers: tuple[IdentityProvider, ...]
    """At OpenID providers, in the order in which they were added."""
    workspace_id: str

    @property
    def exist(self) -> bool:
        """Whether there is a way at all."""
        return self.email or self.handoff_url is not None or bool(self.providers)

    def provider(self, provider_id: str) -> IdentityProvider | None:
        """Return one of the providers."""
        return next((each for each in self.providers if each.id == provider_id), None)

    def still_takes(self, identity: Identity) -> bool:
        """Tell whether somebody who has signed in so before could do so again."""
        if identity.issuer == EMAIL_ISSUER:
            return self.email
        if identity.issuer == handoff_issuer(self.workspace_id):
            return self.handoff_url is not None
        return any(takes(each.issuer, identity.issuer) for each in self.providers)


def sign_in_settings(organization: Organization) -> SignInSettings:
    """Return what an organization allows, with what holds where it has said nothing."""
    held: Mapping[str, bool] = (organization.settings or {}).get("signIn") or {}
    return SignInSettings(email=held.get("email", True), handoff=held.get("handoff", True))


def sign_in_methods(
    organization: Organization,
    workspace: Workspace,
    *,
    providers: Sequence[IdentityProvider],
    sends_mail: bool,
) -> SignInMethods:
    """Return how people may sign in to a workspace; `providers` are all that the organization has."""
    allowed = sign_in_settings(organization)
    return SignInMethods(
        email=allowed.email and sends_mail,
        handoff_url=settings_of(workspace).handoff_url if allowed.handoff else None,
        providers=tuple(each for each in providers if each.disabled_at is None),
        workspace_id=workspace.id,
    )


def merge_sign_in(held: Mapping[str, Any] | None, given: Mapping[str, bool | None] | None) -> dict[str, bool]:
    """Return the setting after a change: what is absent stays, null clears, one key or all."""
    if given is None:
        return {}
    return {key: value for key, value in {**(held or {}), **given}.items() if value is not None}
