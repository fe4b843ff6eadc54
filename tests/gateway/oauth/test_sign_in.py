"""Signing in: who shows to be an address, or is remembered, comes to consent as the right end user, and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.settings import Settings
from tests.gateway.oauth.asking import REDIRECT, Asking
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, key_of, sign_in_scene, step, steps

ALICE = "Alice@corp.example"


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        yield opened


def another(code: str) -> str:
    """A code that it is not."""
    return f"{(int(code) + 1) % 1_000_000:06}"


@pytest.mark.promise("000-14", "000-15")
async def test_a_code_to_the_address_on_the_record_leads_to_consent_as_that_end_user(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", email=ALICE, displayName="Alice"), await scene.server()
    person = await scene.browser()
    first = await scene.begun(person, server)
    assert (first.status, first.title) == (200, "Sign in · Acme")
    assert "“Agent” asks to use Acme in your name" in first.text
    asked = await person.send(step(first, "send"), email=" alice@CORP.example ")
    assert "alice@CORP.example" in asked.text
    code = scene.code("alice@CORP.example")
    assert "wants to sign in to Acme, to let a program act for you" in scene.mails("alice@CORP.example")[0]
    consent = await person.send(step(asked, "code"), code=f" {code[:3]} {code[3:]} ")
    assert is_consent(consent), consent.text
    assert "Alice" in consent.text
    assert await scene.acts_as(consent, person) == alice
    for page in (first, asked):
        assert page.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.promise("000-16")
async def test_open_lets_a_stranger_in_as_somebody_new_however_many_browsers_at_once(scene: SignInScene) -> None:
    server = await scene.server("open")
    people = [await scene.browser() for _ in range(4)]
    firsts = [await scene.begun(person, server) for person in people]
    for person, first in zip(people, firsts, strict=True):
        await person.send(step(first, "send"), email="new@corp.example")
    pages = [await person.open(first.address) for person, first in zip(people, firsts, strict=True)]
    codes = scene.codes("new@corp.example")[::-1]
    ends = await asyncio.gather(
        *(person.send(step(page, "code"), code=code) for person, page, code in zip(people, pages, codes, strict=True))
    )
    assert all(is_consent(page) for page in ends)
    [made] = await scene.everybody()
    assert made["email"] == "new@corp.example"
    assert {await scene.acts_as(page, person) for page, person in zip(ends, people, strict=True)} == {made["id"]}


@pytest.mark.promise("004-2")
async def test_whoever_is_not_known_hears_so_only_after_the_code_and_the_program_is_told(scene: SignInScene) -> None:
    await scene.end_user("alice", email=ALICE)
    server = await scene.server()
    known, stranger = await scene.browser(), await scene.browser()
    pages = [
        await person.send(step(await scene.begun(person, server), "send"), email=address)
        for person, address in ((known, "alice@corp.example"), (stranger, "mallo@corp.example"))
    ]
    assert pages[0].text.replace("alice@", "mallo@") == pages[1].text
    refused = await stranger.send(step(pages[1], "code"), code=scene.code("mallo@corp.example"))
    assert refused.status == 403
    assert "nobody here is known by that address" in refused.text
    assert (await stranger.open(refused.address)).status == 403
    assert len(await scene.everybody()) == 1

    back = await stranger.send(step(refused, "deny"))
    told = parse_qs(urlsplit(back.onward or "").query)
    assert told["error"] == ["access_denied"]
    assert told["iss"] == [scene.url]
    assert told["state"] == ["st/ate &1"]
    assert (await stranger.open(refused.address)).status == 404


async def test_another_account_may_be_tried_after_a_refusal(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", email=ALICE), await scene.server()
    person = await scene.browser()
    refused = await scene.by_code(person, await scene.begun(person, server), "private@home.example")
    assert refused.status == 403
    anew = await person.open(refused.link("Use another account"))
    consent = await scene.by_code(person, anew, "alice@corp.example")
    assert is_consent(consent)
    assert await scene.acts_as(consent, person) == alice


async def test_a_remembered_browser_goes_on_with_one_click_for_thirty_days(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", email=ALICE), await scene.server()
    person = await scene.browser()
    consent = await scene.by_code(person, await scene.begun(person, server), "alice@corp.example")
    scene.time.passed = timedelta(days=29)
    page = await scene.begun(person, server)
    assert "Continue as alice@corp.example" in page.text
    assert steps(page) == ["continue", "sign_out"]
    consent = await person.send(step(page, "continue"))
    assert is_consent(consent)
    assert await scene.acts_as(consent, person) == alice
    other = await person.open((await scene.begun(person, server)).link("somebody else"))
    assert steps(other) == ["send"]
    scene.time.passed = timedelta(days=30, minutes=1)
    assert steps(await scene.begun(person, server)) == ["send"]


async def test_the_browser_keeps_its_cookie_as_long_as_it_is_signed_in(scene: SignInScene) -> None:
    await scene.end_user("alice", email=ALICE)
    person, server = await scene.browser(), await scene.server()
    await scene.by_code(person, await scene.begun(person, server), "alice@corp.example")
    [cookie] = list(person.http.cookies.jar)
    assert cookie.expires is not None
    assert cookie.has_nonstandard_attr("HttpOnly")


async def test_whoever_signs_out_is_asked_again_there_and_nowhere_else(scene: SignInScene) -> None:
    await scene.end_user("alice", email=ALICE)
    here, elsewhere, server = await scene.browser(), await scene.browser(), await scene.server()
    for person in (here, elsewhere):
        assert is_consent(await scene.by_code(person, await scene.begun(person, server), ALICE))
    page = await here.send(step(await scene.begun(here, server), "sign_out"))
    assert steps(page) == ["send"]
    assert steps(await scene.begun(here, server)) == ["send"]
    assert "continue" in steps(await scene.begun(elsewhere, server))


async def test_a_sign_in_that_was_taken_back_over_rest_is_asked_for_again(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", email=ALICE), await scene.server()
    bob = await scene.end_user("bob", email="bob@corp.example")
    person = await scene.browser(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"})
    await scene.by_code(person, await scene.begun(person, server), "alice@corp.example")
    listed = (await scene.rest.get(f"/end-users/{alice}/sign-ins")).json()
    [held] = listed["signIns"]
    assert (held["described"], listed["total"]) == ("Firefox on Linux", 1)
    assert (await scene.rest.delete(f"/end-users/{bob}/sign-ins/{held['id']}")).status_code == 404
    assert (await scene.rest.delete(f"/end-users/{alice}/sign-ins/{held['id']}")).status_code == 200
    assert (await scene.rest.get(f"/end-users/{alice}/sign-ins")).json()["signIns"] == []
    assert steps(await scene.begun(person, server)) == ["send"]


async def test_a_sign_in_counts_in_no_other_organization(scene: SignInScene) -> None:
    server = await scene.server("open")
    person = await scene.browser()
    await scene.by_code(person, await scene.begun(person, server), "alice@corp.example")
    organization = await scene.operator.made("/orgs", {"name": "Other", "slug": "other"})
    theirs = scene.operator.as_operator(organization["id"])
    await theirs.made("/workspaces", {"name": "W", "slug": "w"})
    wanted = {"name": "T", "workspaceId": "w", "authMode": "oauth", "endUserAccess": "open"}
    page = await scene.begun(person, (await theirs.made("/mcp/servers", wanted))["id"])
    assert steps(page) == ["send"]
    # Nor by naming the identity of the one in a form of the other.
    mine = await scene.begun(person, server)
    identity = step(mine, "continue").fields["identity"]
    forged = await person.send(step(page, "send"), step="continue", identity=identity)
    assert not is_consent(forged)
    assert await scene.acts_as(forged, person) is None


async def test_wrong_codes_are_counted_and_end_it(scene: SignInScene) -> None:
    await scene.end_user("alice", email=ALICE)
    person, server = await scene.browser(), await scene.server()
    asked = await person.send(step(await scene.begun(person, server), "send"), email=ALICE)
    code = scene.code(ALICE)
    pages = [await person.send(step(asked, "code"), code=another(code)) for _ in range(5)]
    assert [page.status for page in pages] == [422] * 5
    late = await person.send(step(asked, "code"), code=code)
    assert late.status == 422
    assert await scene.acts_as(asked, person) is None


async def test_tries_at_the_same_moment_all_count(scene: SignInScene) -> None:
    person, server = await scene.browser(), await scene.server("open")
    asked = await person.send(step(await scene.begun(person, server), "send"), email=ALICE)
    code = scene.code(ALICE)
    pages = await asyncio.gather(*(person.send(step(asked, "code"), code=another(code)) for _ in range(12)))
    assert not any(is_consent(page) for page in pages)
    assert not is_consent(await person.send(step(asked, "code"), code=code))


async def test_a_code_is_good_once_for_ten_minutes_in_its_own_browser_and_request(scene: SignInScene) -> None:
    person, eve, server = await scene.browser(), await scene.browser(), await scene.server("open")
    first, hers = await scene.begun(person, server), await scene.begun(eve, server)
    asked = await person.send(step(first, "send"), email=ALICE)
    code = scene.code(ALICE)
    # Eve asks for one too, to an address of her own, and enters Alice's.
    asked_by_eve = await eve.send(step(hers, "send"), email="eve@corp.example")
    assert (await eve.send(step(asked_by_eve, "code"), code=code)).status == 422
    second = await scene.begun(person, server)
    forged = await person.send(step(second, "send"), step="code", code=code)
    assert forged.status == 422
    scene.time.passed = timedelta(minutes=10, seconds=1)
    assert (await person.send(step(asked, "code"), code=code)).status == 422


async def test_somebody_elses_sign_in_can_neither_be_opened_nor_sent(scene: SignInScene) -> None:
    alice, eve, server = await scene.browser(), await scene.browser(), await scene.server("open")
    page, hers = await scene.begun(alice, server), await scene.begun(eve, server)
    assert (await eve.open(page.address)).status == 404
    assert (await eve.send(step(page, "send"), email="eve@corp.example")).status == 403
    # With her own proof and Alice's key, or the other way round.
    mixed = await eve.send(step(hers, "send"), request=key_of(page), email="eve@corp.example")
    assert mixed.status == 403
    assert scene.mails("eve@corp.example") == []
    no_proof = await alice.send(step(page, "send"), proof=None, email=ALICE)
    assert no_proof.status == 403
    assert scene.mails(ALICE) == []


async def test_several_records_of_one_address_are_chosen_from_by_name(scene: SignInScene) -> None:
    names = ("Ann for Ada", "Ann for Bob")
    ids = [await scene.end_user(name.lower().replace(" ", "-"), email=ALICE, displayName=name) for name in names]
    stranger = await scene.end_user("eve", email="eve@corp.example")
    person, server = await scene.browser(), await scene.server()
    choice = await scene.by_code(person, await scene.begun(person, server), ALICE)
    assert all(name in choice.text for name in names)
    assert await scene.acts_as(choice, person) is None
    forms = {form.fields["end_user"]: form for form in choice.forms if form.fields.get("step") == "choose"}
    assert list(forms) == ids
    assert not is_consent(await person.send(forms[ids[0]], end_user=stranger))
    consent = await person.send(forms[ids[1]])
    assert is_consent(consent)
    assert await scene.acts_as(consent, person) == ids[1]


async def test_a_suspended_end_user_is_told_so(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", email=ALICE), await scene.server("open")
    answer = await scene.rest.post(f"/end-users/{alice}/suspend")
    assert answer.status_code == 200, answer.text
    person = await scene.browser()
    page = await scene.by_code(person, await scene.begun(person, server), ALICE)
    assert page.status == 403
    assert "suspended" in page.text


async def test_a_mail_carries_no_words_of_a_program_that_nobody_vouches_for(scene: SignInScene) -> None:
    asking = Asking((await scene.browser()).http, scene.gateway, await scene.server())
    lure = "Your account is blocked: https://evil.example"
    strange = (await asking.registered(client_name=lure))["client_id"]
    wanted = {"name": "Our own agent", "redirectUris": [REDIRECT], "tokenEndpointAuthMethod": "none"}
    ours = (await scene.rest.made("/oauth-clients", wanted))["clientId"]
    for client_id, address in ((strange, "victim@corp.example"), (ours, ALICE)):
        person = await scene.browser()
        page = await person.open(asking.address(client_id))
        await person.send(step(page, "send"), email=address)
    assert "evil.example" not in scene.mails("victim@corp.example")[0]
    assert "“Our own agent”" in scene.mails(ALICE)[0]


async def test_a_method_that_is_switched_off_is_neither_offered_nor_taken(scene: SignInScene) -> None:
    person, server = await scene.browser(), await scene.server("open")
    page = await scene.begun(person, server)
    await scene.by_code(person, page, ALICE)
    await scene.allow(email=False)
    closed = await scene.begun(person, server)
    assert "There is no way to sign in here yet" in closed.text
    forged = await person.send(step(closed, "deny"), step="send", email="eve@corp.example")
    assert not is_consent(forged)
    assert scene.mails("eve@corp.example") == []
    await scene.allow(email=None)
    assert steps(await scene.begun(person, server)) == ["continue", "sign_out"]


async def test_codes_to_one_address_are_limited_however_many_browsers_ask(scene: SignInScene) -> None:
    server = await scene.server("open")
    answers: list[int] = []
    for _ in range(6):
        person = await scene.browser()
        answers.append((await person.send(step(await scene.begun(person, server), "send"), email=ALICE)).status)
    assert answers == [200] * 5 + [429]
    person = await scene.browser()
    assert (await person.send(step(await scene.begun(person, server), "send"), email="b@corp.example")).status == 200


@pytest.mark.parametrize(
    "address", ["", "alice", "a@b@c d", "x" * 300 + "@corp.example", "a@corp.example\nBcc: b@x.example"]
)
async def test_what_is_no_address_is_said_to_be_none(scene: SignInScene, address: str) -> None:
    person, server = await scene.browser(), await scene.server("open")
    page = await person.send(step(await scene.begun(person, server), "send"), email=address)
    assert page.status == 422
    assert "not an e-mail address" in page.text


async def test_neither_codes_nor_keys_are_logged(scene: SignInScene, capsys: pytest.CaptureFixture[str]) -> None:
    person, server = await scene.browser(), await scene.server("open")
    consent = await scene.by_code(person, await scene.begun(person, server), ALICE)
    logged = capsys.readouterr()
    for secret in (scene.code(ALICE), key_of(consent), next(iter(person.http.cookies.values()))):
        assert secret not in logged.out + logged.err
