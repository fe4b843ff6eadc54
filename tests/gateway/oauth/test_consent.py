"""Consent: who asks for what is shown before it is given; it is given once, in the browser that began (R16, R17)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.settings import Settings
from tests.gateway.oauth.asking import HOSTED, REDIRECT, VERIFIER, Asking
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, key_of, sign_in_scene
from tests.gateway.portal.visiting import Page, Person

ALICE = "alice@corp.example"


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        yield opened


@dataclass
class Asked:
    """A program that has asked, and the page on which the person is to decide."""

    asking: Asking
    client_id: str
    person: Person
    page: Page

    def answer(self, page: Page) -> dict[str, str]:
        """What the page that leads back carries to the program."""
        assert page.onward is not None, page.text
        return {name: values[0] for name, values in parse_qs(urlsplit(page.onward).query).items()}

    async def redeem(self, code: str, *, redirect_uri: str = REDIRECT) -> Any:
        """What the token endpoint says to the code."""
        form = {"grant_type": "authorization_code", "client_id": self.client_id, "code": code}
        shown = {"code_verifier": VERIFIER, "redirect_uri": redirect_uri, "resource": self.asking.resource}
        return await self.asking.client.post("/oauth/token", data={**form, **shown})


async def asked(scene: SignInScene, *, redirect_uri: str = REDIRECT, **metadata: Any) -> Asked:
    """Let alice sign in for a program, up to the question."""
    await scene.end_user("alice", email=ALICE, displayName="Alice Doe")
    person, server = await scene.browser(), await scene.server()
    asking = Asking(person.http, scene.gateway, server)
    client = await asking.registered(**metadata)
    first = await person.open(asking.address(client["client_id"], redirect_uri=redirect_uri))
    page = await scene.by_code(person, first, ALICE)
    assert is_consent(page), page.text
    return Asked(asking, client["client_id"], person, page)


async def test_the_page_says_which_program_asks_where_it_goes_as_whom_and_for_what(scene: SignInScene) -> None:
    await scene.rest.made(
        "/workspaces/shop/integrations", {"integrationName": "datetime", "connectionStrategy": "fixed"}
    )
    question = await asked(scene, client_name="Inbox helper", redirect_uri=HOSTED)
    for said in ("Inbox helper", "unverified", "agent.example", "Alice Doe", "Shop", "Parse", "in your name"):
        assert said in question.page.text, said
    assert "on this computer" not in question.page.text
    for name, value in {
        "cache-control": "no-store",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
    }.items():
        assert question.page.headers[name] == value


async def test_a_program_on_the_persons_own_machine_is_warned_of(scene: SignInScene) -> None:
    assert "a program on this computer" in (await asked(scene)).page.text


async def test_what_a_program_calls_itself_stays_text(scene: SignInScene) -> None:
    name = "<b>Safe</b> {{ 7 * 7 }}\u202egnp\r\nSet-Cookie: a=b"
    page = (await asked(scene, client_name=name)).page
    assert "<b>Safe" not in page.html
    assert "<b>Safe</b> {{ 7 * 7 }}" in page.text
    assert "\u202e" not in page.html


async def test_allowing_gives_the_program_a_code_with_its_state_and_our_name(scene: SignInScene) -> None:
    question = await asked(scene)
    left = await question.person.send(question.page.forms[-1], decision="allow")
    answer = question.answer(left)
    assert (answer["state"], answer["iss"]) == ("st/ate &1", scene.url)
    tokens = await question.redeem(answer["code"])
    assert tokens.status_code == 200, tokens.text
    assert await question.asking.lets_in(tokens.json()["access_token"])
    assert answer["code"] not in str(left.headers)


async def test_declining_tells_the_program_and_gives_nothing(scene: SignInScene) -> None:
    question = await asked(scene)
    answer = question.answer(await question.person.send(question.page.forms[-1], decision="deny"))
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "st/ate &1", scene.url)
    assert "code" not in answer


@pytest.mark.parametrize("decision", ["", "Allow", "yes", None])
async def test_whatever_is_not_a_clear_yes_is_a_no(scene: SignInScene, decision: str | None) -> None:
    question = await asked(scene)
    answer = question.answer(await question.person.send(question.page.forms[-1], decision=decision))
    assert answer["error"] == "access_denied"


async def test_the_question_is_answered_once_however_often_it_is_sent(scene: SignInScene) -> None:
    question = await asked(scene)
    form = question.page.forms[-1]
    pages = await asyncio.gather(*(question.person.send(form, decision="allow") for _ in range(10)))
    assert sorted(page.status for page in pages) == [200] + [404] * 9
    assert (await question.person.open(question.page.address)).status == 404


async def test_nobody_answers_from_another_browser_or_without_the_pages_proof(scene: SignInScene) -> None:
    question = await asked(scene)
    form = question.page.forms[-1]
    stranger = await scene.browser()
    assert (await stranger.open(question.page.address)).status == 404
    assert (await stranger.send(form, decision="allow")).status == 403
    for proof in ("", "x", None):
        assert (await question.person.send(form, decision="allow", proof=proof)).status == 403
    assert (await question.person.send(form, decision="allow")).onward is not None


async def test_the_proof_of_one_question_does_not_answer_another(scene: SignInScene) -> None:
    question = await asked(scene)
    first = question.page.forms[-1]
    again = await question.person.open(question.asking.address(question.client_id))
    other = await question.person.send(again.forms[0])
    assert is_consent(other), other.text
    assert key_of(other) != key_of(question.page)
    forged = await question.person.send(other.forms[-1], decision="allow", proof=first.fields["proof"])
    assert forged.status == 403


async def test_a_remembered_sign_in_is_asked_for_every_program_anew(scene: SignInScene) -> None:
    question = await asked(scene)
    await question.person.send(question.page.forms[-1], decision="allow")
    second = await question.asking.registered(client_name="Another")
    page = await question.person.open(question.asking.address(second["client_id"]))
    assert page.onward is None
    page = await question.person.send(page.forms[0])
    assert is_consent(page)
    assert "Another" in page.text


async def test_whoever_is_suspended_or_deleted_before_answering_allows_nothing(scene: SignInScene) -> None:
    question = await asked(scene)
    alice = (await scene.everybody())[0]["id"]
    await scene.rest.post(f"/end-users/{alice}/suspend")
    assert (await question.person.send(question.page.forms[-1], decision="allow")).status == 404
    await scene.rest.delete(f"/end-users/{alice}")
    assert (await question.person.send(question.page.forms[-1], decision="allow")).status == 404
