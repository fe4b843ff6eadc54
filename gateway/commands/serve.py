"""`toolgate serve`: the gateway, from an empty directory to a running server."""

import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from gateway import __version__
from gateway.app import create_app
from gateway.commands import CommandFailed
from gateway.commands.api_keys import make_first_key
from gateway.commands.configuration import read_settings
from gateway.commands.opening import told_in_one_line
from gateway.kit.log import configure_logging, get_logger
from gateway.kit.private_files import create_private_file
from gateway.kit.serving import serve as run_server
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway

FIRST_KEY_FILE = "first-api-key"

_log = get_logger(__name__)


def serve(config: Path | None) -> None:
    """Run until a signal comes, or the database is lost. Raises `SettingsError`, `CommandFailed`."""
    settings = read_settings(config)
    # Whatever this process writes is its owner's alone, SQLite's own files included.
    os.umask(0o077)
    configure_logging(log_format=settings.log_format, level=settings.log_level)
    _check_address(settings)
    anyio.run(_serve, settings, backend_options={"use_uvloop": True})


def _check_address(settings: Settings) -> None:
    """Find out that somebody else listens there before anything is made. Raises `CommandFailed`."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        reason = str(error.strerror or error).partition(" (while")[0]
        raise CommandFailed(
            f"can't listen on {settings.host}, port {settings.port}: {reason}; "
            "set host to an address of this machine, port to a free one"
        ) from error


async def _serve(settings: Settings) -> None:
    had_key_file, lost = settings.key_file.exists(), _DatabaseLost()
    async with AsyncExitStack() as stack:
        with told_in_one_line():
            gateway = await stack.enter_async_context(open_gateway(settings, on_database_lost=lost))
        if settings.key_file.exists() and not had_key_file:
            _say(f"Made {settings.key_file}: back this file up. Without it every connection has to be made anew.")
        await _show_first_key(gateway)
        app = create_app(gateway)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.to_thread.run_sync, gateway.catalogs.shipped.read_all)
            await run_server(
                app,
                host=settings.host,
                port=settings.port,
                on_listening=partial(_announce, settings),
                on_drain=[app.state.drain],
            )
    _log.info("gateway stopped")
    if lost.has_happened:
        raise CommandFailed("the database went away while we held it alone; start again when it is back")


class _DatabaseLost:
    """Stops the process as SIGTERM does: another one may have the database by now, and ours would answer from memory."""

    has_happened = False

    def __call__(self) -> None:
        self.has_happened = True
        _log.error("the database went away, and another process may hold it by now: stopping")
        signal.raise_signal(signal.SIGTERM)


async def _show_first_key(gateway: Gateway) -> None:
    """Give the operator the first API key: on a terminal, else in a file, and never in what is kept as a log."""
    made = await make_first_key(gateway.organizations, gateway.api_keys)
    if made is None:
        return
    if sys.stdout.isatty():
        _say(f"Your first API key, shown this once: {made.token.plain}")
        return
    file = gateway.settings.data_dir / FIRST_KEY_FILE
    file.unlink(missing_ok=True)  # left over from a database that is gone
    create_private_file(file, f"{made.token.plain}\n")
    _say(f"Your first API key is in {file}: move it to where your backend keeps secrets.")


def _announce(settings: Settings) -> None:
    listening = f"listening on {settings.host}, port {settings.port}"
    _say(f"Toolgate is at {settings.public_url}, its API page at {settings.public_url}/docs ({listening})")
    _log.info("gateway started", version=__version__, public_url=settings.public_url)


def _say(line: str) -> None:
    print(line, flush=True)
