"""How many codes are sent: to one person, to one mailbox, from one address; and whom that keeps from getting theirs."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import RateLimited
from gateway.tenancy.branding import Branding
from gateway.web.mailed_codes import Asking
from tests.flows.product import open_product
from tests.gateway.portal.identity_scene import Scene, identity_scene, step_form
from tests.parts.rest import Rest

ALICE = "Alice@corp.example"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with identity_scene(tmp_path) as opened:
        yield opened


async def ask(scene: Scene, person: str = "alice") -> int:
    """Open a setup URL of this person in a fresh browser and have a code sent; returns the status."""
    browser = await scene.browser()
    return (await browser.send(step_form(await browser.open(await scene.setup_url(person)), "send"))).status


def begin_an_hour(scene: Scene) -> None:
    """Windows are counted anew from each full hour on."""
    scene.time.passed = timedelta(seconds=3600 - scene.time().timestamp() % 3600)


async def test_nobody_is_bombed_with_codes_and_another_person_is_not_in_the_way(scene: Scene) -> None:
    begin_an_hour(scene)
    assert [await ask(scene) for _ in range(7)] == [200] * 5 + [429] * 2
    assert len(scene.sink.received) == 5
    assert await ask(scene, "bob") == 200
    scene.time.passed += timedelta(minutes=15)
    assert await ask(scene) == 200


async def test_a_day_brings_twenty_codes_at_most(scene: Scene) -> None:
    sent = 0
    for quarter in range(8):
        scene.time.passed = timedelta(minutes=15 * quarter)
        sent += [await ask(scene) for _ in range(5)].count(200)
    # The fixed windows of a day may turn once while this runs.
    assert 20 <= sent <= 40
    assert sent == len(scene.sink.received)


async def test_one_mailbox_is_not_bombed_through_many_end_users(scene: Scene) -> None:
    begin_an_hour(scene)
    statuses: list[int] = []
    for twin in [f"twin-{number}" for number in range(12)]:
        await scene.product.person(twin)
        await scene.change(twin, email="alice@CORP.example")
        statuses += [await ask(scene, twin), await ask(scene, twin)]
    assert statuses == [200] * 20 + [429] * 4
    assert len(scene.sink.received) == 20


async def test_a_whole_office_behind_one_address_gets_its_codes(scene: Scene) -> None:
    for colleague in [f"colleague-{number}" for number in range(30)]:
        await scene.product.person(colleague)
        await scene.change(colleague, email=f"{colleague}@corp.example")
        assert await ask(scene, colleague) == 200


async def test_codes_that_strangers_have_sent_by_signing_in_keep_nobody_from_connecting(scene: Scene) -> None:
    begin_an_hour(scene)
    sent = 0
    for tenant in [f"tenant-{number}" for number in range(5)]:
        product = await open_product(Rest(scene.product.rest.client), tenant)
        sent += await sign_in_codes(scene, product.rest, [ALICE] * 5, client=tenant)
    assert sent == 20
    assert await ask(scene) == 200


async def test_who_has_codes_sent_to_addresses_of_their_choice_is_stopped_soon(scene: Scene) -> None:
    begin_an_hour(scene)
    addresses = [f"victim-{number}@corp.example" for number in range(25)]
    assert await sign_in_codes(scene, scene.product.rest, addresses, client="one") == 20


async def sign_in_codes(scene: Scene, rest: Rest, addresses: list[str], *, client: str) -> int:
    """Have codes for signing in sent from one address, each in a fresh browser; returns how many were."""
    [workspace] = (await rest.get("/workspaces")).json()["workspaces"]
    sent = 0
    for number, address in enumerate(addresses):
        asking = Asking(
            organization_id=workspace["orgId"],
            workspace_id=workspace["id"],
            subject="sign-in",
            browser=f"{client} {number}",
        )
        with suppress(RateLimited):
            await scene.served.gateway.identity.sign_in_codes.send(
                asking, address, client=client, brand=Branding("Shop"), purpose="signs in"
            )
            sent += 1
    return sent
