"""`toolgate check-config`: what would hold, without starting anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pydantic import SecretBytes, SecretStr
from sqlalchemy.engine import make_url

from gateway.commands.configuration import read_settings
from gateway.settings import Settings
from gateway.tenancy.deployment_catalog import deployment_catalog

MASK = "********"


def check_config(config: Path | None) -> None:
    """Print every setting as it would hold, and read what they name. Raises `SettingsError`."""
    settings = read_settings(config)
    for line in effective(settings):
        print(line)
    deployment_catalog(settings)


def effective(settings: Settings) -> Iterator[str]:
    """Yield `setting = value` for each setting, secrets masked."""
    for name in type(settings).model_fields:
        if name != "integrations":
            yield f"{name} = {shown_database(settings) if name == 'database_url' else _shown(getattr(settings, name))}"
    for name, integration in settings.integrations.items():
        for field in type(integration).model_fields:
            yield f"integrations.{name}.{field} = {_shown(getattr(integration, field))}"


def shown_database(settings: Settings) -> str:
    """Return the database's address without its password."""
    return make_url(settings.database_url.get_secret_value()).render_as_string(hide_password=True)


def _shown(value: Any) -> str:
    if value is None or value in ((), {}):
        return "(not set)"
    if isinstance(value, SecretStr | SecretBytes):
        return MASK
    if isinstance(value, tuple):
        return ", ".join(_shown(each) for each in cast("tuple[Any, ...]", value))
    if isinstance(value, dict):
        return ", ".join(f"{source} → {target}" for source, target in cast("dict[str, str]", value).items())
    return str(value)
