"""`toolgate keys rotate|reseal`: a new encryption key, and everything sealed under it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import anyio

from gateway.commands import CommandFailed
from gateway.commands.configuration import read_settings
from gateway.commands.opening import held_database
from gateway.connections.credentials import CredentialSafe
from gateway.connections.key_ring import proven_cipher, read_ring, resealed_canary
from gateway.connections.oauth_apps import AppSafe
from gateway.connections.revocations import RevocationSafe
from gateway.kit.cipher import Cipher, SealBroken
from gateway.kit.key_file import add_key, read_key_file
from gateway.settings import Settings
from gateway.tenancy.handoff_keys import HandoffKeySafe
from gateway.tenancy.identity_providers import ProviderSafe
from gateway.webhooks.signing import SecretSafe
from storage.database import Database, Transaction
from storage.records import Record

_BATCH = 200


def rotate(config: Path | None) -> None:
    """Put a new key in front of the key file. Raises `CommandFailed` where the keys are kept elsewhere."""
    settings = read_settings(config)
    if settings.encryption_keys:
        raise CommandFailed(
            "encryption_keys is set, so the keys are yours to keep: put a new one (openssl rand -base64 32) in front"
        )
    ring = read_key_file(settings.key_file)
    if not ring:
        raise CommandFailed(f"{settings.key_file}: not there yet; the first start makes it")
    add_key(settings.key_file, ring)
    print(f"{settings.key_file} has a new first key: back it up.")
    print("It holds from the next start on; `toolgate keys reseal`, while the gateway is stopped, seals the rest anew.")


def reseal(config: Path | None) -> None:
    """Seal everything under the first key of the ring. Raises `SettingsError`, `CommandFailed`."""
    anyio.run(_reseal, read_settings(config))


async def _reseal(settings: Settings) -> None:
    async with held_database(settings) as database:
        async with database.read() as tx:
            canary = await tx.canaries.find()
        if canary is None:
            raise CommandFailed("nothing is sealed yet: the gateway has never been started on this database")
        cipher = proven_cipher(settings, read_ring(settings), canary)
        count = await reseal_all(database, cipher)
        async with database.write() as tx:
            await tx.canaries.update(await tx.session.merge(canary), sealed=resealed_canary(cipher))
    print(f"sealed anew: {count}. The first key opens everything now; the others may be removed from the ring.")


class _Safe(Protocol):
    """Seals what the rows of one table hold."""

    def reseal(self, row: Any, /) -> bytes | None:
        """Seal the same under the newest key; None where it is already. Raises `SealBroken`."""
        ...


@dataclass(frozen=True, slots=True)
class _Table:
    """A table whose rows hold something sealed for as long as they live; those of ten minutes simply run out."""

    what: str
    rows: Callable[[Transaction], Any]
    safe: _Safe


async def reseal_all(database: Database, cipher: Cipher) -> int:
    """Seal everything anew that an older key sealed, and return how many rows that were. Raises `CommandFailed`."""
    tables = (
        _Table("connection", lambda tx: tx.connections, CredentialSafe(cipher)),
        _Table("OAuth app", lambda tx: tx.oauth_apps, AppSafe(cipher)),
        _Table("identity provider", lambda tx: tx.identity_providers, ProviderSafe(cipher)),
        _Table("hand-off key", lambda tx: tx.handoff_keys, HandoffKeySafe(cipher)),
        _Table("revocation", lambda tx: tx.revocations, RevocationSafe(cipher)),
        _Table("webhook", lambda tx: tx.webhooks, SecretSafe(cipher)),
    )
    return sum([await _reseal_table(database, table) for table in tables])


async def _reseal_table(database: Database, table: _Table) -> int:
    after, count = "", 0
    while True:
        async with database.write() as tx:
            repository = table.rows(tx)
            rows: Sequence[Record] = await repository.all_sealed(after=after, limit=_BATCH)
            for row in rows:
                sealed = _resealed(table, row)
                if sealed is not None:
                    await repository.update(row, sealed=sealed)
                    count += 1
        if not rows:
            return count
        after = rows[-1].id


def _resealed(table: _Table, row: Record) -> bytes | None:
    try:
        return table.safe.reseal(row)
    except SealBroken as error:
        raise CommandFailed(
            f"{table.what} {row.id} is sealed under a key that is not in the ring; put that key back behind the others"
        ) from error
