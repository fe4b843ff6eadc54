"""What `doctor` sees in the database, beside a gateway that may be running on it; it changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from gateway.commands.check_config import shown_database
from gateway.commands.findings import Finding, failed, ok, skipped, warning
from gateway.connections.key_ring import proven_cipher, read_ring
from gateway.settings import Settings, SettingsError
from storage.database import Database, Transaction
from storage.engines import sqlite_file
from storage.failures import StorageFailure
from storage.migrating import pending
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """The findings, and the id of some MCP server to try from outside, if there is one."""

    findings: Sequence[Finding]
    server_id: str | None = None


async def look_at_database(settings: Settings) -> DatabaseSeen:
    """Check reach, schema, keys, and whom setup links can be verified for."""
    database = Database(settings.database_url.get_secret_value(), after_commit=lambda _topics: None)
    try:
        if database.is_sqlite and not sqlite_file(database.url).exists():
            missing = f"{sqlite_file(database.url)} is not there"
            return DatabaseSeen([warning("database", missing, fix="the first `toolgate serve` makes it")])
        return await _look(settings, database)
    except (SQLAlchemyError, StorageFailure, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).partition("\n")[0]
        return DatabaseSeen([failed("database", f"{shown_database(settings)}: {reason}", fix="check database_url")])
    finally:
        await database.close()


async def _look(settings: Settings, database: Database) -> DatabaseSeen:
    waiting = await pending(database)
    if waiting:
        seen = f"{shown_database(settings)} lacks {len(waiting)} migrations"
        return DatabaseSeen([warning("database", seen, fix="`toolgate migrate`, or start the gateway")])
    async with database.read() as tx:
        findings = [
            ok("database", f"{shown_database(settings)} has this release's schema"),
            await _keys(settings, tx),
            await _end_users(tx),
        ]
        return DatabaseSeen(findings, await _any_server(tx))


async def _keys(settings: Settings, tx: Transaction) -> Finding:
    canary = await tx.canaries.find()
    if canary is None:
        return skipped("encryption keys", "nothing is sealed yet: the gateway was never started on this database")
    try:
        ring = read_ring(settings)
        proven_cipher(settings, ring, canary)
    except SettingsError as error:
        return failed("encryption keys", str(error), fix="put the right keys back; credentials are lost without them")
    place = "encryption_keys" if settings.encryption_keys else str(settings.key_file)
    return ok("encryption keys", f"{place} opens what is sealed; keep a backup of it apart from the database's")


async def _end_users(tx: Transaction) -> Finding:
    """Tell for how many people a setup link can be verified by their address alone."""
    with_address, without = await tx.end_users.count_by_email()
    seen = f"end users: {with_address} with an e-mail address, {without} without"
    if not without:
        return ok("setup links", seen)
    return warning(
        "setup links",
        f"{seen}: who opens a link for one of these can't be asked for a code by e-mail",
        fix="give them an address, or their workspaces a hand-off (docs/who-opened-the-link.md)",
    )


async def _any_server(tx: Transaction) -> str | None:
    for organization in await tx.organizations.all():
        page = await tx.mcp_servers.page(TenantScope(organization.id), workspace_id=None, limit=1, offset=0)
        if page.rows:
            return page.rows[0].id
    return None
