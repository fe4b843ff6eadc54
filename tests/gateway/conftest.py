"""What tests of more than one room of the gateway ask for."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
import structlog
from pydantic import SecretStr

from gateway.app import create_app
from gateway.kit.log import configure_logging
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from tests.parts.migrated import put_migrated
from tests.parts.rest import SERVICE_KEY, Rest, new_organization


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a gateway that keeps everything in the test's own folder."""
    put_migrated(tmp_path / "data")
    return Settings(
        public_url="http://127.0.0.1:8080",
        data_dir=tmp_path / "data",
        service_key=SecretStr(SERVICE_KEY),
        rate_limit_per_minute=100_000,
    )


@pytest.fixture
async def gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """An open gateway on a fresh database."""
    async with open_gateway(settings) as opened:
        yield opened


@pytest.fixture
async def anonymous(gateway: Gateway) -> AsyncIterator[Rest]:
    """A REST client that shows no key."""
    transport = httpx2.ASGITransport(app=create_app(gateway))
    async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
        yield Rest(client)


@pytest.fixture
def operator(anonymous: Rest) -> Rest:
    """A REST client with the service key."""
    return anonymous.as_operator()


@pytest.fixture
async def api(anonymous: Rest) -> Rest:
    """A REST client with an organization-wide key of an organization of its own."""
    return (await new_organization(anonymous, "acme"))[1]


@pytest.fixture
def log_output() -> Iterator[io.StringIO]:
    """Log into a string for one test, then leave logging as pytest had it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    configure_logging(stream=written, level="debug")
    yield written
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
