"""How every command reads its settings."""

import os
from pathlib import Path

from gateway.settings import Settings, load_settings
from integrations.catalog import Catalog


def read_settings(config: Path | None) -> Settings:
    """Return the settings from the file, or `./config.toml`, and this process's environment. Raises `SettingsError`."""
    return load_settings(config=config, environ=os.environ, integrations=Catalog().names())
