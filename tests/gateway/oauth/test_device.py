"""Devices: they show a code, a person enters it in a browser and decides, they fetch what it gave (RFC 8628)."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from gateway.access.client_metadata import DEVICE_GRANT
from gateway.access.device_codes import normal_user_code
from gateway.settings import Settings
from tests.gateway.oauth.asking import Asking, refusal
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene
from tests.gateway.portal.visiting import Page, Person

ALICE = "alice@corp.example"
PAGE = "/oauth/device"


@dataclass
class Device:
    """A device, the program on it, and the server that it wants."""

    scene: SignInScene
    asking: Asking
    client_id: str
    shown: dict[str, Any]

    async def poll(self, **changed: str | None) -> httpx2.Response:
        asked = {"grant_type": DEVICE_GRANT, "device_code": self.shown["device_code"], "client_id": self.client_id}
        return await self.asking.token({**asked, **changed})

    async def polled_later(self) -> httpx2.Response:
        self.scene.time.passed += timedelta(seconds=6)
        return await self.poll()

    async def entered(self, person: Person, code: str | None = None) -> Page:
        """Enter the code that the device shows; returns the page after it."""
        page = await person.open(PAGE)
        return await person.send(page.forms[0], user_code=code or self.shown["user_code"])

    async def asked(self, person: Person) -> Page:
        """Enter the code and sign in; returns the consent page."""
        consent = await self.scene.by_code(person, await self.entered(person), ALICE)
        assert is_consent(consent), consent.text
        return consent


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        yield opened


@pytest.fixture
async def device(scene: SignInScene) -> Device:
    return await device_for_alice(scene)


async def device_for_alice(scene: SignInScene) -> Device:
    """A device that shows its code to alice."""
    await scene.end_user("alice", email=ALICE, displayName="Alice")
    asking = Asking((await scene.browser()).http, scene.gateway, await scene.server())
    client = await asking.registered(grant_types=[DEVICE_GRANT, "refresh_token"], redirect_uris=[])
    answer = await begin(asking, client["client_id"])
    assert answer.status_code == 200, answer.text
    return Device(scene, asking, client["client_id"], answer.json())


async def begin(asking: Asking, client_id: str, **changed: str) -> httpx2.Response:
    body = {"client_id": client_id, "resource": asking.resource, "scope": "mcp:tools", **changed}
    return await asking.client.post("/oauth/device/code", json=body)


async def test_a_device_is_let_in_by_its_person_elsewhere(device: Device, scene: SignInScene) -> None:
    shown = device.shown
    assert re.fullmatch(r"WVZ(-[BCDFGHJKLMNPQRSTVWXZ]{4}){2}", shown["user_code"])
    assert (shown["expires_in"], shown["interval"]) == (900, 5)
    assert shown["verification_uri"] == f"{scene.url}{PAGE}"
    assert refusal(await device.poll()) == (400, "authorization_pending")
    person = await scene.browser()
    prefilled = await person.open(shown["verification_uri_complete"])
    assert prefilled.forms[0].fields["user_code"] == shown["user_code"]
    consent = await device.asked(person)
    assert f"Device shows{shown['user_code']}" in consent.text
    done = await person.send(consent.forms[0], decision="allow")
    assert done.title.startswith("Go back to your device")
    granted = (await device.polled_later()).json()
    assert (granted["scope"], granted["resource"]) == ("mcp:tools", device.asking.resource)
    assert await device.asking.lets_in(granted["access_token"])
    # As the command line of contract 1.15 does: JSON, without client_id.
    again = {"refresh_token": granted["refresh_token"], "resource": device.asking.resource}
    refreshed = await device.asking.client.post("/oauth/token", json={"grant_type": "refresh_token", **again})
    assert refreshed.status_code == 200, refreshed.text
    assert refusal(await device.polled_later()) == (400, "invalid_grant")
    listed = (await scene.rest.get(f"/mcp/servers/{device.asking.server_id}/grants")).json()["grants"]
    assert [(each["kind"], each["endUserId"]) for each in listed] == [("device", "alice")]


async def test_a_person_who_says_no_is_heard(device: Device, scene: SignInScene) -> None:
    person = await scene.browser()
    consent = await device.asked(person)
    await person.send(consent.forms[0], decision="deny")
    assert refusal(await device.polled_later()) == (400, "access_denied")
    assert refusal(await device.polled_later()) == (400, "invalid_grant")


async def test_a_device_that_asks_too_often_has_to_ask_less_often(device: Device, scene: SignInScene) -> None:
    assert refusal(await device.poll()) == (400, "authorization_pending")
    too_soon = (await device.poll()).json()
    assert (too_soon["error"], too_soon["interval"]) == ("slow_down", 10)
    scene.time.passed += timedelta(seconds=6)
    assert (await device.poll()).json()["interval"] == 15
    scene.time.passed += timedelta(seconds=16)
    assert refusal(await device.poll()) == (400, "authorization_pending")


async def test_a_code_is_good_for_a_quarter_of_an_hour(device: Device, scene: SignInScene) -> None:
    person = await scene.browser()
    consent = await device.asked(person)
    scene.time.passed += timedelta(minutes=15)
    late = await person.send(consent.forms[0], decision="allow")
    assert late.status == 404
    entered = await device.entered(person)
    assert (entered.status, len(entered.forms)) == (422, 1)
    assert refusal(await device.poll()) == (400, "expired_token")


async def test_only_the_program_that_began_gets_the_tokens(device: Device, scene: SignInScene) -> None:
    person = await scene.browser()
    await person.send((await device.asked(person)).forms[0], decision="allow")
    other = await device.asking.registered(grant_types=[DEVICE_GRANT], redirect_uris=[])
    assert refusal(await device.poll(client_id=other["client_id"])) == (400, "invalid_grant")
    assert refusal(await device.poll(resource=device.asking.resource + "x")) == (400, "invalid_target")
    for garbage in ("x", "odc_" + "a" * 38):
        assert refusal(await device.poll(device_code=garbage)) == (400, "invalid_grant")
    assert refusal(await device.poll(device_code=None)) == (400, "invalid_request")
    assert (await device.polled_later()).status_code == 200


async def test_a_device_is_answered_once(device: Device, scene: SignInScene) -> None:
    first, second = await scene.browser(), await scene.browser()
    pages = [await device.asked(first), await device.asked(second)]
    await first.send(pages[0].forms[0], decision="deny")
    late = await second.send(pages[1].forms[0], decision="allow")
    assert late.status == 404
    assert refusal(await device.polled_later()) == (400, "access_denied")


async def test_a_device_that_asks_twenty_times_at_once_is_let_in_once(device: Device, scene: SignInScene) -> None:
    person = await scene.browser()
    await person.send((await device.asked(person)).forms[0], decision="allow")
    polls = await asyncio.gather(*(device.poll() for _ in range(20)))
    assert sorted(answer.status_code for answer in polls) == [200] + [400] * 19


async def test_a_link_alone_does_nothing_and_a_form_from_elsewhere_neither(device: Device, scene: SignInScene) -> None:
    person = await scene.browser()
    await person.open(device.shown["verification_uri_complete"])
    for proof in ("", "x"):
        answer = await person.http.post(PAGE, data={"user_code": device.shown["user_code"], "proof": proof})
        assert answer.status_code == 403
    hostile = await person.open(f"{PAGE}?user_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in hostile.html
    assert "frame-ancestors 'none'" in hostile.headers["content-security-policy"]
    assert refusal(await device.poll()) == (400, "authorization_pending")


async def test_guessing_codes_ends_soon(device: Device, scene: SignInScene) -> None:
    person = await scene.browser()
    page = await person.open(PAGE)
    for _ in range(60):
        assert (await person.send(page.forms[0], user_code="BBBB-BBBB")).status == 422
    assert (await person.send(page.forms[0], user_code=device.shown["user_code"])).status == 429


async def test_who_may_not_ask_gets_no_code(device: Device, scene: SignInScene) -> None:
    asking = device.asking
    agent = (await asking.registered())["client_id"]
    assert refusal(await begin(asking, agent)) == (400, "unauthorized_client")
    assert refusal(await begin(asking, "nobody")) == (401, "invalid_client")
    assert refusal(await begin(asking, device.client_id, resource="https://other.example/mcp")) == (
        400,
        "invalid_target",
    )
    assert refusal(await begin(asking, device.client_id, scope="admin")) == (400, "invalid_scope")
    form = await asking.client.post(
        "/oauth/device/code", data={"client_id": device.client_id, "resource": asking.resource}
    )
    assert form.status_code == 200


async def test_a_suspended_person_lets_no_device_in(device: Device, scene: SignInScene) -> None:
    person = await scene.browser()
    await person.send((await device.asked(person)).forms[0], decision="allow")
    (alice,) = await scene.everybody()
    await scene.rest.post(f"/end-users/{alice['id']}/suspend")
    assert refusal(await device.polled_later()) == (400, "invalid_grant")


@pytest.mark.parametrize("typed", ["wvz-bcdf-ghjk", "BCDFGHJK", " bcdf ghjk ", "WVZBCDFGHJK", "WVZ.BCDF.GHJK"])
def test_a_code_may_be_typed_in_any_way(typed: str) -> None:
    assert normal_user_code(typed) == "WVZ-BCDF-GHJK"
