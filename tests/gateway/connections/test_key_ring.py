from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretBytes

from gateway.connections.key_ring import open_cipher
from gateway.kit.clock import system_clock
from gateway.kit.key_file import add_key, read_key_file
from gateway.settings import Settings, SettingsError
from storage.database import Database
from storage.migrating import migrate

OLD, NEW = b"o" * 32, b"n" * 32


def settings_of(tmp_path: Path, *keys: bytes) -> Settings:
    return Settings(data_dir=tmp_path, encryption_keys=tuple(SecretBytes(key) for key in keys))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/x.db", after_commit=lambda _topics: None)
    await migrate(database)
    yield database
    await database.close()


async def test_the_first_start_makes_a_key_and_later_ones_find_it(tmp_path: Path, database: Database) -> None:
    settings = settings_of(tmp_path)
    sealed = (await open_cipher(settings, database, clock=system_clock)).seal(b"secret", "row")
    ring = read_key_file(settings.key_file)
    again = await open_cipher(settings, database, clock=system_clock)
    assert again.open(sealed, "row") == b"secret"
    assert read_key_file(settings.key_file) == ring


async def test_configured_keys_make_no_file(tmp_path: Path, database: Database) -> None:
    settings = settings_of(tmp_path, OLD)
    await open_cipher(settings, database, clock=system_clock)
    assert not settings.key_file.exists()


async def test_a_new_key_in_front_seals_and_the_old_one_still_opens(tmp_path: Path, database: Database) -> None:
    old = await open_cipher(settings_of(tmp_path, OLD), database, clock=system_clock)
    new = await open_cipher(settings_of(tmp_path, NEW, OLD), database, clock=system_clock)
    assert new.open(old.seal(b"secret", "row"), "row") == b"secret"
    assert not new.is_current(old.seal(b"secret", "row"))


async def test_keys_of_another_database_are_refused_and_seal_nothing(tmp_path: Path, database: Database) -> None:
    await open_cipher(settings_of(tmp_path, OLD), database, clock=system_clock)
    with pytest.raises(SettingsError, match="encryption_keys: none of these keys opens") as refused:
        await open_cipher(settings_of(tmp_path, NEW), database, clock=system_clock)
    assert str(refused.value).isprintable()


async def test_a_lost_key_file_is_not_replaced_while_something_is_sealed(tmp_path: Path, database: Database) -> None:
    settings = settings_of(tmp_path)
    await open_cipher(settings, database, clock=system_clock)
    settings.key_file.unlink()
    with pytest.raises(SettingsError, match="restore the file from your backup"):
        await open_cipher(settings, database, clock=system_clock)
    assert not settings.key_file.exists()


async def test_a_rotated_key_file_opens_what_was_sealed_before(tmp_path: Path, database: Database) -> None:
    settings = settings_of(tmp_path)
    sealed = (await open_cipher(settings, database, clock=system_clock)).seal(b"secret", "row")
    add_key(settings.key_file, read_key_file(settings.key_file))
    rotated = await open_cipher(settings, database, clock=system_clock)
    assert rotated.open(sealed, "row") == b"secret"
    assert rotated.is_current(rotated.seal(b"", "row"))
