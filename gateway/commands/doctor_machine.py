"""What `doctor` sees on this machine: address, directory, disk."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from gateway.commands.findings import Finding, failed, ok, warning
from gateway.kit.private_files import is_open_to_others
from gateway.kit.urls import normal_url
from gateway.settings import Settings, SettingsError
from gateway.tenancy.deployment_catalog import deployment_catalog
from integrations.catalog import Catalog

_LITTLE_DISK = 1024**3
_NO_DISK = 100 * 1024**2


def look_at_machine(settings: Settings) -> list[Finding]:
    """Make the checks that need neither database nor network."""
    return [
        _address(settings),
        _proxies(settings),
        *_directory(settings),
        _disk(settings),
        *_integrations(settings),
    ]


def _address(settings: Settings) -> Finding:
    if not settings.is_local:
        return ok("address", f"{settings.public_url}, listening on {settings.host}, port {settings.port}")
    if settings.host in {"127.0.0.1", "::1", "localhost"}:
        return ok("address", f"{settings.public_url} is for clients on this machine; hosted ones need public https")
    return warning(
        "address",
        f"listening on {settings.host}, but every link names {settings.public_url}, which leads others nowhere",
        fix="set public_url to the https address that clients use, or host to 127.0.0.1",
    )


def _proxies(settings: Settings) -> Finding:
    origin = normal_url(settings.public_url).origin
    if settings.trusted_proxies:
        return ok("trusted_proxies", ", ".join(str(network) for network in settings.trusted_proxies))
    if origin.scheme == "http" and origin.port == settings.port:
        return ok("trusted_proxies", "none, and the public URL leads here directly")
    return warning(
        "trusted_proxies",
        "none, although something else stands at the public URL: every client seems to come from its address",
        fix="set trusted_proxies to the addresses that it connects from",
    )


def _directory(settings: Settings) -> Iterator[Finding]:
    directory = settings.data_dir
    if not directory.is_dir():
        yield warning("data_dir", f"{directory} is not there", fix="the first `toolgate serve` makes it")
        return
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        yield failed("data_dir", f"{directory} can't be written", fix="run doctor and gateway as its owner")
        return
    private = [directory, *(path for path in sorted(directory.iterdir()) if path.is_file())]
    exposed = [path for path in private if is_open_to_others(path)]
    if exposed:
        yield warning(
            "data_dir", f"others on this machine can reach {_listed(exposed)}", fix=f"chmod -R go= {directory}"
        )
    else:
        yield ok("data_dir", f"{directory}, its owner's alone")


def _disk(settings: Settings) -> Finding:
    existing = next(path for path in (settings.data_dir, *settings.data_dir.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    seen = f"{free / 1024**3:.1f} GiB free at {existing}"
    if free < _NO_DISK:
        return failed("disk", seen, fix="make room: writing fails soon, and with it every change")
    return warning("disk", seen, fix="make room, or move data_dir") if free < _LITTLE_DISK else ok("disk", seen)


def _integrations(settings: Settings) -> Iterator[Finding]:
    if settings.integrations_dir is None:
        return
    try:
        found = len(deployment_catalog(settings)) - len(Catalog())
    except SettingsError as error:
        yield failed("integrations_dir", str(error).removeprefix("integrations_dir: "), fix="correct the files")
    else:
        yield ok("integrations_dir", f"{found} manifest{'s' * (found != 1)} in {settings.integrations_dir}")


def _listed(paths: list[Path]) -> str:
    return ", ".join(str(path) for path in paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
