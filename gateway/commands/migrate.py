"""`toolgate migrate`: the schema of this release, applied while nothing else uses the database."""

from pathlib import Path

import anyio

from gateway.commands.check_config import shown_database
from gateway.commands.configuration import read_settings
from gateway.commands.opening import held_database
from gateway.settings import Settings


def migrate(config: Path | None) -> None:
    """Apply what is pending, all or nothing. Raises `SettingsError`, `CommandFailed`."""
    anyio.run(_migrate, read_settings(config))


async def _migrate(settings: Settings) -> None:
    async with held_database(settings, progress=print):
        print(f"{shown_database(settings)} has the schema of this release")
