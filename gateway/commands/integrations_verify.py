"""`toolgate integrations verify`: how far the actions of an integration are proven, and a try with a real account."""

import asyncio
import getpass
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from gateway.commands import CommandFailed
from gateway.commands.configuration import read_settings
from gateway.kit.egress import Egress
from gateway.kit.private_files import make_private_directory, replace_private_file
from gateway.settings import Settings
from gateway.tenancy.deployment_catalog import deployment_catalog
from integrations.action import Ports
from integrations.auth_methods import AnyAuthMethod, BasicAuth, Custom, SecretText
from integrations.catalog import Catalog
from integrations.integration import Integration
from integrations.ports import Credentials
from integrations.standing import standings
from integrations.trying import Trial, Tried

RECORD: Final = "integrations-verified.json"
"""In the data directory: `{integration: {action: date of the last try that worked}}`."""
_RECORD: Final = TypeAdapter(dict[str, dict[str, str]])


def verify(
    config: Path | None, name: str, *, live: bool, auth_method: str | None = None, inputs: Sequence[str] = ()
) -> int:
    """Print the standing of each action; with `live` try the read-only ones first. Exit code 1 where one fails.

    The credential is asked for without echo, or read from standard input as a JSON object; it is kept nowhere.
    Raises `CommandFailed`, `SettingsError`.
    """
    settings = read_settings(config)
    integration = _integration(name, deployment_catalog(settings))
    tried: list[Tried] = []
    # Read before anything is tried: what comes of that could not be kept beside a broken record.
    dates = _kept(settings)
    if live:
        credentials = _credentials(_method(integration, auth_method))
        tried = asyncio.run(_try(settings, integration, credentials, dict(_given(inputs))))
        dates = _keep(settings, dates, integration, tried)
    print("\n".join(_lines(integration, tried, dates.get(integration.name, {}))))
    return 1 if any(each.outcome == "fails" for each in tried) else 0


async def _try(
    settings: Settings, integration: Integration, credentials: Credentials, given: Mapping[str, Any]
) -> list[Tried]:
    tried: list[Tried] = []
    async with Egress(settings.egress_policy) as http:
        async for each in Trial(integration, credentials, Ports(http=http), given).reading():
            print(f"  {each.outcome:<8} {each.action}" + (f": {each.said}" if each.said else ""), flush=True)
            tried.append(each)
    print()
    return tried


def _lines(integration: Integration, tried: Sequence[Tried], dates: Mapping[str, str]) -> Iterator[str]:
    yield f"{integration.title}: how far each action is proven, and when it last worked with an account of yours"
    width = max(len(name) for name in integration.actions)
    for name, standing in standings(integration).items():
        by = f" ({standing.by})" if standing.by else ""
        yield f"  {name:<{width}}  {standing.kind}{by}" + (f", live {dates[name]}" if name in dates else "")
    if tried:
        outcomes = [each.outcome for each in tried]
        yield ""
        yield f"{outcomes.count('works')} work, {outcomes.count('fails')} fail, {outcomes.count('skipped')} were skipped"


def _integration(name: str, catalog: Catalog) -> Integration:
    if name not in catalog:
        raise CommandFailed(f"there is no integration {name!r}; `toolgate integrations list` lists them")
    integration = catalog.get(name)
    if not integration.auth:
        raise CommandFailed(f"{integration.title} runs inside the gateway and asks nobody: there is nothing to verify")
    return integration


def _method(integration: Integration, key: str | None) -> AnyAuthMethod:
    try:
        return integration.auth_method(key)
    except KeyError as error:
        known = ", ".join(method.key for method in integration.auth)
        raise CommandFailed(f"{integration.title} has no auth method {key!r}; it has {known}") from error


def _credentials(method: AnyAuthMethod) -> Credentials:
    """Ask for the values of a connection. Whoever connects by signing in gives a token that they have."""
    names = [*_secret_names(method), *method.inputs]
    if sys.stdin.isatty():
        return Credentials(method.key, {name: getpass.getpass(f"{name}: ") for name in names})
    try:
        read: object = json.load(sys.stdin)
    except ValueError:
        read = None
    values = cast("dict[str, Any]", read) if isinstance(read, dict) else {}
    if not set(names) <= values.keys():
        raise CommandFailed(f"standard input must be a JSON object with {', '.join(names)}")
    return Credentials(method.key, values)


def _secret_names(method: AnyAuthMethod) -> Sequence[str]:
    match method:
        case SecretText():
            return ["secret_text"]
        case BasicAuth():
            return ["username", "password"]
        case Custom():
            return list(method.fields)
        case _:
            return ["access_token"]


def _given(inputs: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for each in inputs:
        name, equals, value = each.partition("=")
        if not equals:
            raise CommandFailed(f"--input {each}: write it as name=value")
        try:
            yield name, json.loads(value)
        except ValueError:
            yield name, value


def _kept(settings: Settings) -> dict[str, dict[str, str]]:
    file = settings.data_dir / RECORD
    try:
        return _RECORD.validate_json(file.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CommandFailed(f"{file}: {error.strerror}; make it a file that can be read") from error
    except ValidationError as error:
        raise CommandFailed(f"{file}: is no record of what was tried; repair it, or remove it to begin anew") from error


def _keep(
    settings: Settings, before: Mapping[str, Mapping[str, str]], integration: Integration, tried: Sequence[Tried]
) -> Mapping[str, Mapping[str, str]]:
    today = datetime.now(UTC).date().isoformat()
    worked = {each.action: today for each in tried if each.outcome == "works"}
    kept = {**before, integration.name: {**before.get(integration.name, {}), **worked}}
    make_private_directory(settings.data_dir)
    replace_private_file(settings.data_dir / RECORD, json.dumps(kept, indent=2, sort_keys=True) + "\n")
    return kept
