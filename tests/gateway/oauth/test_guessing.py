"""Codes are tried at many mailboxes from one address: that ends, whichever mailbox is next."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from starlette.requests import Request

from gateway.settings import Settings
from gateway.web.limits import PageLimits
from gateway.web.pages import Button
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene, step
from tests.gateway.portal.visiting import Person
from tests.parts.clock import Time

HOUR = 60 * 60


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        # An hour begins, so that none begins anew on the way.
        opened.time.passed = timedelta(seconds=HOUR - opened.time().timestamp() % HOUR)
        yield opened


async def at(scene: SignInScene, address: str) -> Person:
    """A fresh browser that comes from this address."""
    transport = httpx2.ASGITransport(app=scene.app, client=(address, 1))
    return Person(
        await scene.stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=scene.url)), scene.url
    )


async def test_one_address_tries_thirty_codes_an_hour_over_all_mailboxes(scene: SignInScene) -> None:
    server = await scene.server("open")
    thief, tried = await at(scene, "203.0.113.9"), 0
    for number in range(7):
        scene.time.passed += timedelta(minutes=2)
        asked = await thief.send(step(await scene.begun(thief, server), "send"), email=f"v{number}@corp.example")
        right = scene.code(f"v{number}@corp.example")
        for guess in range(1, 6):
            wrong = f"{(int(right) + guess) % 1_000_000:06}"
            page = await thief.send(step(asked, "code"), code=wrong)
            tried += page.status == 422
    assert tried == 30
    # A right one would not be taken either, or it would pay to go on.
    asked = await thief.send(step(await scene.begun(thief, server), "send"), email="next@corp.example")
    refused = await thief.send(step(asked, "code"), code=scene.code("next@corp.example"))
    assert (refused.status, "Sign in another way" in refused.text) == (429, True)
    assert is_consent(
        await scene.by_code(
            someone := await at(scene, "203.0.113.10"), await scene.begun(someone, server), "a@b.example"
        )
    )


def test_right_codes_are_not_counted() -> None:
    limits = PageLimits(trusted_proxies=(), clock=Time())
    request = Request({"type": "http", "client": ("203.0.113.9", 1), "headers": []})
    for _ in range(200):
        limits.count_code(request, back=Button("Back", "/"))
        limits.forgive_code(request)
