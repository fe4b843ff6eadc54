"""A served gateway with Acme, a product on it, and people with browsers."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.kit.private_files import make_private_directory
from tests.gateway.portal.shop import Shop, open_shop


@pytest.fixture
async def shop(tmp_path: Path, migrated: Path) -> AsyncIterator[Shop]:
    """A shop with the usual settings."""
    make_private_directory(tmp_path / "data")
    shutil.copy(migrated, tmp_path / "data" / "toolgate.db")
    async with open_shop(tmp_path) as opened:
        yield opened
