"""Connecting accounts between consent and the program, so that its first call already works."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.settings import Settings
from tests.gateway.oauth.asking import REDIRECT, VERIFIER, Asking
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, key_of, sign_in_scene
from tests.gateway.portal.visiting import Form, Page, Person

ALICE = "alice@corp.example"
GITHUB = {"integrationName": "github", "connectionStrategy": "per_user"}


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        yield opened


@dataclass
class Asked:
    """A program that has asked, and the person at the question."""

    scene: SignInScene
    asking: Asking
    client_id: str
    person: Person
    consent: Page

    async def allowed(self) -> Page:
        return await self.person.send(self.consent.forms[0], decision="allow")

    async def redeemed(self, left: Page) -> int:
        """What the token endpoint answers to the code that the person comes back with."""
        assert left.onward is not None, left.text
        shown = parse_qs(urlsplit(left.onward).query)
        form = {"grant_type": "authorization_code", "client_id": self.client_id, "code": shown["code"][0]}
        proof = {"code_verifier": VERIFIER, "redirect_uri": REDIRECT, "resource": self.asking.resource}
        return (await self.asking.token({**form, **proof})).status_code


async def ask(scene: SignInScene, **integration: Any) -> Asked:
    """Let alice sign in for a program in a workspace that wants an account of hers."""
    if integration:
        await scene.rest.made("/workspaces/shop/integrations", integration)
    await scene.end_user("alice", email=ALICE, displayName="Alice")
    person = await scene.browser()
    asking = Asking(person.http, scene.gateway, await scene.server())
    client = await asking.registered()
    first = await person.open(asking.address(client["client_id"]))
    consent = await scene.by_code(person, first, ALICE)
    assert is_consent(consent), consent.text
    return Asked(scene, asking, client["client_id"], person, consent)


async def connect_github(scene: SignInScene) -> None:
    body = {
        "type": "SECRET_TEXT",
        "secretText": "ghp_x",
        "integrationName": "github",
        "externalId": "g",
        "displayName": "G",
        "workspaceId": "shop",
        "endUserId": "alice",
    }
    await scene.rest.made("/connections", body)


def choice(page: Page) -> Form:
    return page.form(f"{page.address.partition('?')[0]}")


async def test_who_lacks_an_account_is_led_through_the_portal_and_back_before_the_code_is_made(
    scene: SignInScene,
) -> None:
    asked = await ask(scene, **GITHUB)
    step = await asked.allowed()
    assert step.title.startswith("Connect your accounts")
    assert "GitHub" in step.text
    portal = await asked.person.send(choice(step), step="connect")
    assert urlsplit(portal.address).path == "/connect/portal"
    assert "Accounts for Alice" in portal.text
    await connect_github(scene)
    scene.time.passed += timedelta(minutes=20)
    back = await asked.person.open(portal.link("Continue"))
    assert "All your accounts are connected" in back.text
    left = await asked.person.send(choice(back), step="go")
    assert await asked.redeemed(left) == 200


async def test_it_may_be_left_for_later(scene: SignInScene) -> None:
    asked = await ask(scene, **GITHUB)
    left = await asked.person.send(choice(await asked.allowed()), step="go")
    assert await asked.redeemed(left) == 200


async def test_who_lacks_nothing_goes_straight_on(scene: SignInScene) -> None:
    asked = await ask(scene, **GITHUB)
    await connect_github(scene)
    assert await asked.redeemed(await asked.allowed()) == 200


async def test_shared_accounts_and_what_needs_none_are_not_asked_for(scene: SignInScene) -> None:
    asked = await ask(scene, integrationName="hash-encode", connectionStrategy="fixed")
    assert await asked.redeemed(await asked.allowed()) == 200


async def test_the_step_is_closed_to_who_has_not_allowed_it(scene: SignInScene) -> None:
    asked = await ask(scene, **GITHUB)
    key = key_of(asked.consent)
    assert (await asked.person.open(f"/oauth/connect?request={key}")).status == 404
    forged = Form(f"{scene.url}/oauth/connect", {**asked.consent.forms[0].fields, "step": "go"})
    assert (await asked.person.send(forged)).status == 404


async def test_the_step_is_for_the_browser_that_began_and_for_forms_of_ours(scene: SignInScene) -> None:
    asked = await ask(scene, **GITHUB)
    step = await asked.allowed()
    portal = await asked.person.send(choice(step), step="connect")
    other = await scene.browser()
    assert (await other.open(step.address)).status == 404
    assert (await other.open(portal.address)).status == 404
    assert (await other.send(choice(step), step="go")).status == 403
    assert (await asked.person.send(choice(step), step="go", proof="x")).status == 403
    assert (await asked.person.send(choice(step), step="go")).onward is not None
    assert (await asked.person.send(choice(step), step="go")).status == 404


async def test_somebody_suspended_meanwhile_comes_no_further(scene: SignInScene) -> None:
    asked = await ask(scene, **GITHUB)
    step = await asked.allowed()
    (alice,) = await scene.everybody()
    await scene.rest.post(f"/end-users/{alice['id']}/suspend")
    assert (await asked.person.send(choice(step), step="go")).status == 404


async def test_what_was_allowed_as_one_person_is_asked_anew_for_another(scene: SignInScene) -> None:
    question = await ask(scene, **GITHUB)
    await scene.end_user("bob", email="bob@corp.example", displayName="Bob")
    step = await question.allowed()
    key = key_of(question.consent)

    again = await question.person.open(f"/oauth/sign-in?request={key}&another=1")
    as_bob = await scene.by_code(question.person, again, "bob@corp.example")

    assert is_consent(as_bob)
    assert "Bob" in as_bob.text
    assert (await question.person.open(step.address)).status == 404
    assert (await question.person.send(choice(step), step="skip")).status == 404
