"""`toolgate keys create|list|revoke`: the API keys of product backends, for the operator at a terminal."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import anyio

from gateway.access.api_keys import ApiKeys, NewApiKey
from gateway.changes import ChangeFeed
from gateway.commands import CommandFailed
from gateway.commands.configuration import read_settings
from gateway.commands.opening import held_database
from gateway.kit.clock import system_clock, to_wire
from gateway.tenancy.branding import UNNAMED
from gateway.tenancy.organizations import Organizations
from storage.database import Database
from storage.records import ApiKey, Organization
from storage.scope import TenantScope

_PAGE = 100


def create(config: Path | None, *, name: str, organization: str | None, days: int | None) -> None:
    """Make a key for a whole organization and print it. Raises `CommandFailed`."""

    async def run(database: Database) -> None:
        owner = await _owner(database, organization)
        expires_at = system_clock() + timedelta(days=days) if days else None
        made = await _api_keys(database).create(TenantScope(owner.id), name=name, expires_at=expires_at)
        print(f"API key {made.record.id} of organization {owner.slug}, shown this once:\n{made.token.plain}")

    _with_database(config, run)


def list_all(config: Path | None, *, organization: str | None) -> None:
    """Print the keys of one organization, or of all. Raises `CommandFailed`."""

    async def run(database: Database) -> None:
        for owner in await _chosen(database, organization):
            for key in await _all_keys(database, owner):
                print(_line(owner, key))

    _with_database(config, run)


def revoke(config: Path | None, *, key_id: str) -> None:
    """Delete the key with this id, whichever organization's it is. Raises `CommandFailed`."""

    async def run(database: Database) -> None:
        for owner in await Organizations(database, clock=system_clock).all():
            if any(key.id == key_id for key in await _all_keys(database, owner)):
                await _api_keys(database).delete(TenantScope(owner.id), key_id, by=None)
                print(f"API key {key_id} of organization {owner.slug} opens nothing any more")
                return
        raise CommandFailed(f"there is no API key {key_id!r}; `toolgate keys list` shows the ids")

    _with_database(config, run)


async def make_first_key(organizations: Organizations, api_keys: ApiKeys) -> NewApiKey | None:
    """Make the first organization with a key to all of it; None where there is an organization already."""
    if await organizations.all():
        return None
    first = await organizations.create(name=UNNAMED, slug="default")
    return await api_keys.create(TenantScope(first.id), name="First key")


def _with_database(config: Path | None, run: Callable[[Database], Awaitable[None]]) -> None:
    async def opened() -> None:
        async with held_database(read_settings(config)) as database:
            await run(database)

    anyio.run(opened)


async def _owner(database: Database, wanted: str | None) -> Organization:
    """Return the one organization that is meant; the first of a deployment is made."""
    chosen = await _chosen(database, wanted)
    if not chosen:
        return await Organizations(database, clock=system_clock).create(name=UNNAMED, slug=wanted or "default")
    if len(chosen) > 1:
        names = ", ".join(each.slug for each in chosen)
        raise CommandFailed(f"there are several organizations: choose one of {names} with --organization")
    return chosen[0]


async def _chosen(database: Database, wanted: str | None) -> Sequence[Organization]:
    """Return the organization of this slug or id, or all; raise where some exist and none is meant."""
    existing = await Organizations(database, clock=system_clock).all()
    chosen = [each for each in existing if wanted in {None, each.slug, each.id}]
    if existing and not chosen:
        raise CommandFailed(f"there is no organization {wanted!r}, only {', '.join(each.slug for each in existing)}")
    return chosen


async def _all_keys(database: Database, owner: Organization) -> Sequence[ApiKey]:
    found: list[ApiKey] = []
    while True:
        page = await _api_keys(database).page(TenantScope(owner.id), limit=_PAGE, offset=len(found))
        found.extend(page.rows)
        if len(found) >= page.total:
            return found


def _api_keys(database: Database) -> ApiKeys:
    return ApiKeys(database, clock=system_clock, changes=ChangeFeed())


def _line(owner: Organization, key: ApiKey) -> str:
    until = f"until {to_wire(key.expires_at)}" if key.expires_at else "without end"
    used = f"used {to_wire(key.last_used_at)}" if key.last_used_at else "never used"
    return f"{key.id}  {owner.slug}  {key.key_prefix}…  {until}, {used}  {key.name}"
