"""Identities: somebody as one issuer knows them. They never count in another organization (links-and-identity)."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from gateway.kit.ids import new_id
from gateway.tenancy.emails import email_key
from storage.database import Transaction
from storage.records import Identity
from storage.scope import TenantScope

EMAIL_ISSUER: Final = "email"
"""Codes by mail are an issuer of their own, whose subjects are addresses as they are compared."""
_HANDOFF: Final = "handoff:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What an issuer says about somebody who has just signed in there."""

    issuer: str
    subject: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    is_email_verified: bool = False
    display_name: str | None = field(default=None, repr=False)


def by_email_code(address: str, key: str) -> Claimed:
    """Return what a code shows that somebody has read at an address; `key` is the address as it is compared."""
    return Claimed(issuer=EMAIL_ISSUER, subject=key, email=address, is_email_verified=True)


def by_handoff(workspace_id: str, external_id: str, *, display_name: str | None) -> Claimed:
    """Return what the product behind a workspace says about its user."""
    return Claimed(issuer=handoff_issuer(workspace_id), subject=external_id, display_name=display_name)


def handoff_issuer(workspace_id: str) -> str:
    """Return the issuer that the product behind a workspace is. External ids say nothing in another workspace."""
    return f"{_HANDOFF}{workspace_id}"


def is_handoff(identity: Identity) -> bool:
    """Tell whether a product has named this person by its own id."""
    return identity.issuer.startswith(_HANDOFF)


def believed(claimed: Claimed, domains: Collection[str] | None) -> Claimed:
    """Return what counts of a claim whose issuer is believed about addresses of these domains only; None: about all."""
    key = None if claimed.email is None else email_key(claimed.email)
    if domains is None or (key is not None and key.rpartition("@")[2] in domains):
        return claimed
    return replace(claimed, is_email_verified=False)


async def identity_of(tx: Transaction, scope: TenantScope, claimed: Claimed, *, now: datetime) -> Identity:
    """Return the identity that this is, made or brought up to date.

    An address that the issuer has not verified, or about which it is not believed, is kept for nobody to be matched by.
    """
    key = email_key(claimed.email) if claimed.email is not None and claimed.is_email_verified else None
    known = await tx.identities.known_as(scope, claimed.issuer, claimed.subject)
    if known is not None:
        name = claimed.display_name
        return await tx.identities.update(known, email=claimed.email, email_key=key, display_name=name, updated_at=now)
    row = Identity(
        id=new_id(),
        organization_id=scope.organization_id,
        issuer=claimed.issuer,
        subject=claimed.subject,
        email=claimed.email,
        email_key=key,
        display_name=claimed.display_name,
        created_at=now,
        updated_at=now,
    )
    return await tx.identities.insert(row)
