"""A running Acme, a visitor at its door, and a hand on its clock."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from gateway.acme import Acme, RunningAcme, run_acme
from tests.gateway.acme.visitor import HandClock, Visitor, bearer


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def running(clock: HandClock) -> AsyncIterator[RunningAcme]:
    async with run_acme(Acme(clock=clock, seed=7)) as running:
        yield running


@pytest.fixture
def acme(running: RunningAcme) -> Acme:
    return running.app


@pytest.fixture
async def http(running: RunningAcme) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=running.url, trust_env=False) as http:
        yield http


@pytest.fixture
def visitor(http: httpx2.AsyncClient, running: RunningAcme) -> Visitor:
    return Visitor(http, running)


@pytest.fixture
def alice(acme: Acme) -> dict[str, str]:
    return bearer(acme.issue_token("alice")["access_token"])


@pytest.fixture
def bob(acme: Acme) -> dict[str, str]:
    return bearer(acme.issue_token("bob")["access_token"])
