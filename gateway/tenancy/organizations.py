"""Organizations: made by the operator, each with everything that belongs to one customer of the deployment."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.errors import NotFound, SlugExists
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.refusals import refusing
from gateway.tenancy.branding import held_branding, merge_branding
from gateway.tenancy.sign_in_methods import merge_sign_in
from gateway.tenancy.slugs import accept_slug
from storage.database import Database, Transaction
from storage.records import Organization

_CONFLICTS = {"uq_organizations_slug": (SlugExists, "slug: another organization has it already")}


def creates_end_users(organization: Organization) -> bool:
    """Tell whether whom a tool call or a hand-off names is made on the fly; off unless the organization says so."""
    return bool((organization.settings or {}).get("autoCreateEndUsers", False))


class Organizations:
    """All organizations of the deployment. Only the operator gets here, so these calls take no scope."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(self, *, name: str, slug: str, settings: Mapping[str, Any] | None = None) -> Organization:
        """Make an organization. Raises `ValidationFailed`, `SlugExists`."""
        now = self._clock()
        row = Organization(
            id=new_id(),
            name=name,
            slug=accept_slug(slug),
            settings=_merged(None, settings or {}),
            created_at=now,
            updated_at=now,
        )
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                return await tx.organizations.insert(row)

    async def get(self, organization_id: str) -> Organization:
        """Return an organization. Raises `NotFound`."""
        async with self._database.read() as tx:
            return await existing_organization(tx, organization_id)

    async def all(self) -> Sequence[Organization]:
        """Return every organization, oldest first."""
        async with self._database.read() as tx:
            return await tx.organizations.all()

    async def update(self, organization_id: str, changes: Mapping[str, Any]) -> Organization:
        """Set `name`, `slug`, `settings`; settings that are not named keep their value, None clears the branding.

        Raises `NotFound`, `ValidationFailed`, `SlugExists`.
        """
        values = dict(changes)
        if "slug" in values:
            accept_slug(values["slug"])
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                row = await existing_organization(tx, organization_id)
                if "settings" in values:
                    values["settings"] = _merged(row.settings, values["settings"])
                return await tx.organizations.update(row, updated_at=self._clock(), **values)


async def existing_organization(tx: Transaction, organization_id: str) -> Organization:
    """Return an organization. Raises `NotFound`."""
    row = await tx.organizations.find(organization_id)
    if row is None:
        raise NotFound("there is no such organization")
    return row


def _merged(held: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**(held or {}), **given}
    if "branding" in given:
        merged["branding"] = merge_branding(held_branding(held), given["branding"])
    if "signIn" in given:
        merged["signIn"] = merge_sign_in((held or {}).get("signIn"), given["signIn"])
    return merged
