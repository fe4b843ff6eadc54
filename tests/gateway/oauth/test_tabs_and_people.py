"""One browser, several tabs and several people: a yes counts for whom it was asked, while they are signed in."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.settings import Settings
from tests.gateway.oauth.asking import HOSTED, REDIRECT, VERIFIER, Asking
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, key_of, sign_in_scene, step
from tests.gateway.portal.visiting import Page, Person

ALICE, BOB = "alice@corp.example", "bob@corp.example"
GITHUB = {"integrationName": "github", "connectionStrategy": "per_user"}


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        for name, address in (("alice", ALICE), ("bob", BOB)):
            await opened.end_user(name, email=address, displayName=name.title())
        yield opened


async def asked_as_alice(scene: SignInScene) -> tuple[Person, Page]:
    """Let alice sign in for a program; returns her browser and the question."""
    person = await scene.browser()
    consent = await scene.by_code(person, await scene.begun(person, await scene.server()), ALICE)
    assert is_consent(consent), consent.text
    return person, consent


async def signed_in_as_bob(scene: SignInScene, person: Person, consent: Page) -> Page:
    """Let bob sign in for the same request in another tab."""
    other_tab = await person.open(f"/oauth/sign-in?request={key_of(consent)}&another=1")
    return await scene.by_code(person, other_tab, BOB)


async def test_a_yes_as_one_person_is_none_as_another(scene: SignInScene) -> None:
    person, as_alice = await asked_as_alice(scene)
    as_bob = await signed_in_as_bob(scene, person, as_alice)
    assert "Bob" in as_bob.text

    asked_anew = await person.send(as_alice.forms[-1], decision="allow")
    assert is_consent(asked_anew)
    assert asked_anew.onward is None
    assert "Bob" in asked_anew.text
    left = await person.send(asked_anew.forms[-1], decision="allow")
    assert "code" in parse_qs(urlsplit(left.onward or "").query)


async def test_a_yes_as_one_person_leads_no_other_to_connect_accounts(scene: SignInScene) -> None:
    await scene.rest.made("/workspaces/shop/integrations", GITHUB)
    person, as_alice = await asked_as_alice(scene)
    as_bob = await signed_in_as_bob(scene, person, as_alice)
    assert is_consent(await person.send(as_alice.forms[-1], decision="allow"))
    assert (await person.open(f"/oauth/connect?request={key_of(as_bob)}")).status == 404


async def test_whoever_has_signed_out_in_another_tab_allows_nothing_and_is_asked_who_they_are(
    scene: SignInScene,
) -> None:
    person, consent = await asked_as_alice(scene)
    other_tab = await scene.begun(person, await scene.server())
    await person.send(step(other_tab, "sign_out"))
    assert (await person.send(consent.forms[-1], decision="allow")).status == 404
    assert (await person.open(consent.address)).status == 404
    again = await person.open(f"/oauth/sign-in?request={key_of(consent)}")
    assert "Continue as" not in again.text
    assert is_consent(await scene.by_code(person, again, BOB))


async def test_a_sign_in_that_was_taken_back_ends_what_it_has_left_open(scene: SignInScene) -> None:
    await scene.rest.made("/workspaces/shop/integrations", GITHUB)
    person, consent = await asked_as_alice(scene)
    connecting = await person.send(consent.forms[-1], decision="allow")
    assert connecting.title.startswith("Connect your accounts")
    (alice,) = [each["id"] for each in await scene.everybody() if each["externalId"] == "alice"]
    (sign_in,) = (await scene.rest.get(f"/end-users/{alice}/sign-ins")).json()["signIns"]
    await scene.rest.delete(f"/end-users/{alice}/sign-ins/{sign_in['id']}")
    assert (await person.send(connecting.forms[-1], step="go")).status == 404
    assert (await person.send(consent.forms[-1], decision="allow")).status == 404


async def test_a_way_to_sign_in_that_was_switched_off_ends_what_it_has_left_open(scene: SignInScene) -> None:
    person, consent = await asked_as_alice(scene)
    await scene.allow(email=False)
    assert (await person.send(consent.forms[-1], decision="allow")).status == 404
    await scene.allow(email=True)
    assert (await person.send(consent.forms[-1], decision="allow")).onward is not None


async def test_whoever_has_signed_out_can_not_be_chosen_as(scene: SignInScene) -> None:
    await scene.end_user("alice-too", email=ALICE, displayName="Alice too")
    person = await scene.browser()
    choice = await scene.by_code(person, await scene.begun(person, await scene.server()), ALICE)
    chosen = step(choice, "choose")
    other_tab = await scene.begun(person, await scene.server())
    await person.send(step(other_tab, "sign_out"))
    assert not is_consent(await person.send(chosen))
    assert await scene.acts_as(choice, person) is None


async def test_nobody_is_led_to_an_address_that_was_taken_from_the_program_on_the_way(scene: SignInScene) -> None:
    wanted = {"name": "Ours", "redirectUris": [REDIRECT, HOSTED], "tokenEndpointAuthMethod": "none"}
    made = await scene.rest.made("/oauth-clients", wanted)
    person = await scene.browser()
    asking = Asking(person.http, scene.gateway, await scene.server())
    first = await person.open(asking.address(made["clientId"], redirect_uri=HOSTED))
    consent = await scene.by_code(person, first, ALICE)
    assert is_consent(consent)
    changed = await scene.rest.patch(f"/oauth-clients/{made['id']}", {"redirectUris": [REDIRECT]})
    assert changed.status_code == 200, changed.text
    left = await person.send(consent.forms[-1], decision="allow")
    assert (left.status, left.onward) == (404, None)


async def test_two_people_sign_in_by_two_tabs_of_one_browser_each_as_themselves(scene: SignInScene) -> None:
    person, server = await scene.browser(), await scene.server()
    asking = Asking(person.http, scene.gateway, server)
    client = await asking.registered()
    tabs = [await person.open(asking.address(client["client_id"])) for _ in range(2)]
    questions = [
        await scene.by_code(person, await person.open(f"{tab.address}&another=1"), address)
        for tab, address in zip(tabs, (ALICE, BOB), strict=True)
    ]
    for question in questions:
        left = await person.send(question.forms[-1], decision="allow")
        code = parse_qs(urlsplit(left.onward or "").query)["code"][0]
        form = {"grant_type": "authorization_code", "client_id": client["client_id"], "code": code}
        shown = {"code_verifier": VERIFIER, "redirect_uri": REDIRECT, "resource": asking.resource}
        assert (await asking.token({**form, **shown})).status_code == 200
    grants = (await scene.rest.get(f"/mcp/servers/{server}/grants")).json()["grants"]
    acting = sorted(each["endUserId"] for each in grants)
    assert acting == ["alice", "bob"]
