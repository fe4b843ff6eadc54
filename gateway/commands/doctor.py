"""`toolgate doctor`: a deployment looked at from inside, and through its public URL as clients see it."""

from pathlib import Path

import anyio

from gateway.commands import findings
from gateway.commands.configuration import read_settings
from gateway.commands.doctor_database import look_at_database
from gateway.commands.doctor_machine import look_at_machine
from gateway.commands.doctor_mail import look_at_mail
from gateway.commands.doctor_outside import look_from_outside
from gateway.commands.findings import Finding
from gateway.kit.clock import system_clock
from gateway.kit.egress import Egress
from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.urls import normal_url
from gateway.settings import Settings, SettingsError


def doctor(config: Path | None, *, as_json: bool) -> int:
    """Print what was found; the exit code is 1 where something failed."""
    try:
        settings = read_settings(config)
    except SettingsError as error:
        found = [findings.failed("settings", str(error), fix="correct this first; nothing else was looked at")]
    else:
        found = anyio.run(examine, settings)
    print(findings.as_json(found) if as_json else findings.as_text(found))
    return 0 if findings.is_healthy(found) else 1


async def examine(settings: Settings) -> list[Finding]:
    """Make every check, those through the network last."""
    database = await look_at_database(settings)
    host = normal_url(settings.public_url).origin.host
    async with Egress(EgressPolicy(allowed_hosts=(host,))) as http:
        outside = await look_from_outside(
            http, public_url=settings.public_url, server_id=database.server_id, clock=system_clock
        )
    return [*look_at_machine(settings), *database.findings, await look_at_mail(settings), *outside]
