"""Toolgate as `toolgate serve` runs it, with Acme in its catalogue; prints where it listens as one line of JSON.

`python -m benchmarks.gateway_server '{"data_dir", "port", "acme_url", "service_key"}'`. Where people sign in
also `smtp_port`, to which mail is handed over on this machine, and `urls`, what is asked elsewhere (address to address);
what says to come from another address is then believed, as behind a proxy.
"""

import json
import sys
from pathlib import Path
from typing import Any

import uvloop
from pydantic import SecretStr

from gateway.kit.imports import imports_for_good

with imports_for_good():
    from gateway.acme import BASE_URL, MANIFEST
    from gateway.app import create_app
    from gateway.kit import serving
    from gateway.kit.log import configure_logging
    from gateway.settings import IntegrationSettings, Settings
    from gateway.wiring import open_gateway
    from integrations.catalog import Catalog


def settings_from(given: dict[str, Any]) -> Settings:
    return Settings(
        port=given["port"],
        data_dir=Path(given["data_dir"]),
        service_key=SecretStr(given["service_key"]),
        # Provisioning is quick and comes from one address; calls over MCP are not counted here.
        rate_limit_per_minute=10_000_000,
        integrations={"acme": IntegrationSettings(urls={BASE_URL: given["acme_url"], **given.get("urls", {})})},
        **_for_sign_in(given),
    )


def _for_sign_in(given: dict[str, Any]) -> dict[str, Any]:
    if "smtp_port" not in given:
        return {}
    mail = {"smtp_host": "127.0.0.1", "smtp_port": given["smtp_port"], "smtp_security": "none"}
    return {**mail, "mail_from": "gateway@corp.example", "trusted_proxies": ["127.0.0.1/32"]}


async def serve(settings: Settings) -> None:
    configure_logging(log_format=settings.log_format, level=settings.log_level)
    async with open_gateway(settings, catalog=Catalog(further=[MANIFEST])) as gateway:
        app = create_app(gateway)
        await serving.serve(
            app,
            host=settings.host,
            port=settings.port,
            on_listening=lambda: print(json.dumps({"url": f"{settings.public_url}/"}), flush=True),
            on_drain=[app.state.drain],
        )


if __name__ == "__main__":
    uvloop.run(serve(settings_from(json.loads(sys.argv[1]))))
