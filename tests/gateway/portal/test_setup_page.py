"""Setup URLs: who opened one is found out by a code to the end user's own address, and remembered for a while."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.web.mailed_codes import masked
from tests.gateway.portal.identity_scene import Scene, identity_scene, is_portal, step_form
from tests.gateway.portal.visiting import Page, Person

ALICE = "Alice@corp.example"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with identity_scene(tmp_path) as opened:
        yield opened


async def asked_for_a_code(scene: Scene, person: Person, url: str) -> Page:
    """Open a setup URL and have a code sent."""
    page = await person.send(step_form(await person.open(url), "send"))
    assert page.status == 200, page.text
    return page


def another(code: str) -> str:
    """A code that it is not."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def test_the_right_code_opens_the_portal_for_that_one_account_in_that_browser(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    first = await alice.open(url)
    assert (first.status, first.title) == (200, "Connect Acme · Shop")
    assert "A•••@corp.example" in first.text
    assert "alice@corp.example" not in first.html.lower()
    asked = await asked_for_a_code(scene, alice, url)
    assert "We have sent a code" in asked.text

    mail = await scene.sink.mail_to(ALICE)
    code = await scene.code(ALICE)
    assert str(mail.message["Subject"]) == "Your code for Shop"
    assert "has opened a link to connect Acme for Alice." in mail.text
    portal = await alice.send(step_form(asked, "code"), code=f" {code[:3]} {code[3:]} ")
    assert is_portal(portal)
    assert "Connect Acme" in portal.title

    eve = await scene.browser()
    assert (await eve.open(portal.address)).status == 404
    done = await alice.answer(
        await alice.onward(await alice.send(portal.form(f"{scene.served.url}/connect/start"))), person="alice"
    )
    assert "connected" in done.text
    assert (await scene.product.execute("acme", "list_notes", "alice")).status_code == 200


async def test_opening_the_link_spends_and_sends_nothing_however_often(scene: Scene) -> None:
    url = await scene.setup_url()
    for _ in range(20):
        scanner = await scene.browser(headers={"User-Agent": "MailScanner/1.0"})
        assert (await scanner.open(url)).status == 200
        assert (await scanner.http.head(url)).status_code in (200, 405)
    assert scene.sink.received == []
    alice = await scene.browser()
    asked = await asked_for_a_code(scene, alice, url)
    code = await scene.code(ALICE)
    for _ in range(10):
        await alice.open(url)
        await (await scene.browser()).open(url)
    assert is_portal(await alice.send(step_form(asked, "code"), code=code))


async def test_a_wrong_code_says_how_many_tries_are_left_and_the_fifth_is_the_last(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    code = await scene.code(ALICE)
    told: list[str] = []
    for _ in range(5):
        page = await alice.send(form, code=another(code))
        assert page.status == 422
        told += re.findall(r"You have (.*?) left|(not good any more)", page.text)[:1]
    assert told == [("4 tries", ""), ("3 tries", ""), ("2 tries", ""), ("one try", ""), ("", "not good any more")]
    late = await alice.send(form, code=code)
    assert late.status == 422
    assert "not good any more" in late.text
    fresh = await alice.send(step_form(late, "send"))
    assert is_portal(await alice.send(step_form(fresh, "code"), code=await scene.code(ALICE, count=2)))


async def test_what_is_no_code_at_all_spends_no_try(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    code = await scene.code(ALICE)
    for slip in ("", code[:5], f"{code}1", "code", "\uff11\uff12\uff13\uff14\uff15\uff16"):
        page = await alice.send(form, code=slip)
        assert (page.status, "You have 5 tries left" in page.text) == (422, True)
    assert is_portal(await alice.send(form, code=code))


async def test_tries_at_the_same_moment_all_count(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    code = await scene.code(ALICE)
    answers = await asyncio.gather(*(alice.send(form, code=another(code)) for _ in range(15)))
    assert [page.status for page in answers] == [422] * 15
    assert sum("left" in page.text for page in answers) == 4
    assert (await alice.send(form, code=code)).status == 422


async def test_a_code_entered_twice_at_the_same_moment_opens_no_second_door(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    code = await scene.code(ALICE)
    pages = await asyncio.gather(*(alice.send(form, code=code) for _ in range(5)))
    # The browser is known from the first on: the others are led on too, each by a link of that browser only.
    assert any(is_portal(page) for page in pages)
    for page in pages:
        if is_portal(page):
            assert (await (await scene.browser()).open(page.address)).status == 404


async def test_a_code_is_of_no_use_in_another_browser(scene: Scene) -> None:
    alice, eve, url = await scene.browser(), await scene.browser(), await scene.setup_url()
    await asked_for_a_code(scene, alice, url)
    code = await scene.code(ALICE)
    page = await eve.open(url)
    stolen = step_form(page, "send")
    stolen.fields.update(step="code")
    refused = await eve.send(stolen, code=code)
    assert refused.status == 422
    assert not is_portal(refused)


async def test_a_form_of_another_browser_or_link_is_refused(scene: Scene) -> None:
    alice, eve, url = await scene.browser(), await scene.browser(), await scene.setup_url()
    of_alice = step_form(await alice.open(url), "send")
    await eve.open(url)
    assert (await eve.send(of_alice)).status == 403
    of_bob = step_form(await alice.open(await scene.setup_url("bob")), "send")
    of_alice.fields["proof"] = of_bob.fields["proof"]
    assert (await alice.send(of_alice)).status == 403
    assert (await alice.send(of_alice, proof=None)).status == 403
    assert (await alice.http.post(url, json={"step": "send"})).status_code == 403
    assert scene.sink.received == []


async def test_a_code_lasts_ten_minutes_and_a_new_one_ends_the_old(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    first = await scene.code(ALICE)
    scene.time.passed = timedelta(minutes=10)
    assert (await alice.send(form, code=first)).status == 422
    again = await asked_for_a_code(scene, alice, url)
    second = await scene.code(ALICE, count=2)
    await alice.send(step_form(again, "send"))
    third = await scene.code(ALICE, count=3)
    if second != third:
        assert (await alice.send(form, code=second)).status == 422
    assert is_portal(await alice.send(form, code=third))


async def test_a_code_to_an_address_that_the_record_no_longer_has_opens_nothing(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    code = await scene.code(ALICE)
    await scene.change("alice", email="alice@new.example")
    assert (await alice.send(form, code=code)).status == 422


async def test_a_browser_known_by_an_address_that_the_record_no_longer_has_is_known_no_more(scene: Scene) -> None:
    wrong, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, wrong, url), "code")
    portal = await wrong.send(form, code=await scene.code(ALICE))
    assert is_portal(portal)
    await scene.change("alice", email="ALICE@corp.example")
    assert is_portal(await wrong.open(portal.address))
    await scene.change("alice", email="alice@new.example")
    assert (await wrong.open(portal.address)).status == 404
    page = await wrong.open(url)
    assert [form.fields["step"] for form in page.forms] == ["send"]
    assert not is_portal(await wrong.send(step_form(page, "send"), step="go"))


async def test_who_has_shown_it_is_known_for_eight_hours_and_asked_to_go_on_only(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    form = step_form(await asked_for_a_code(scene, alice, url), "code")
    await alice.send(form, code=await scene.code(ALICE))
    again = await alice.open(await scene.setup_url())
    assert [form.fields["step"] for form in again.forms] == ["go"]
    assert is_portal(await alice.send(again.forms[0]))
    assert "send a code" in (await (await scene.browser()).open(url)).text
    of_bob = await alice.open(await scene.setup_url("bob"))
    assert [form.fields["step"] for form in of_bob.forms] == ["send"]
    scene.time.passed = timedelta(hours=8)
    late = await alice.open(await scene.setup_url())
    assert [form.fields["step"] for form in late.forms] == ["send"]


async def test_the_first_time_somebody_shows_to_be_an_end_user_the_backend_is_told_once(scene: Scene) -> None:
    hook = {"url": "https://hooks.example/toolgate", "events": ["end_user.linked"]}
    made = await scene.product.rest.post("/webhooks", hook)
    assert made.status_code == 201, made.text
    for count in (1, 2):
        person, url = await scene.browser(), await scene.setup_url()
        form = step_form(await asked_for_a_code(scene, person, url), "code")
        await person.send(form, code=await scene.code(ALICE, count=count))
    deliveries = await told(scene, made.json()["webhook"]["id"])
    assert [each["event"] for each in deliveries] == ["end_user.linked"]


async def told(scene: Scene, webhook_id: str) -> list[dict[str, Any]]:
    answer = await scene.product.rest.get(f"/webhooks/{webhook_id}/deliveries")
    assert answer.status_code == 200, answer.text
    return answer.json()["deliveries"]


@pytest.mark.parametrize(
    ("verification", "settings", "hint"),
    [
        ("auto", {}, "settings.handoffUrl of the workspace, or an e-mail address"),
        ("email", {}, "an e-mail address on the end user"),
        ("session", {"handoffUrl": "https://app.example.com/in"}, "signed in already"),
    ],
)
async def test_where_nobody_can_pass_the_page_says_who_can_mend_it_and_how(
    scene: Scene, verification: str, settings: dict[str, Any], hint: str
) -> None:
    await scene.ask_for(verification, **settings)
    await scene.change("alice", email=None)
    page = await (await scene.browser()).open(await scene.setup_url())
    assert page.forms == []
    assert hint in page.text


async def test_without_a_mail_server_the_page_says_so(tmp_path: Path) -> None:
    async with identity_scene(tmp_path, sends_mail=False, trusted_proxies=(), host="localhost") as scene:
        page = await (await scene.browser()).open(await scene.setup_url())
        assert [form.fields["step"] for form in page.forms] == ["send"]
    exposed = tmp_path / "exposed"
    async with identity_scene(exposed, sends_mail=False, host="0.0.0.0") as scene:
        page = await (await scene.browser()).open(await scene.setup_url())
        assert page.forms == []
        assert "a mail server for this gateway (smtp_host)" in page.text


async def test_a_mail_that_is_not_taken_is_told_and_can_be_tried_again(scene: Scene) -> None:
    alice, url = await scene.browser(), await scene.setup_url()
    scene.sink.refusal = "451 try later"
    page = await alice.send(step_form(await alice.open(url), "send"))
    assert page.status == 422
    assert "could not be sent" in page.text
    scene.sink.refusal = None
    assert (await alice.send(step_form(page, "send"))).status == 200


async def test_a_suspended_person_a_lost_integration_and_garbage_lead_nowhere(scene: Scene) -> None:
    person, url = await scene.browser(), await scene.setup_url()
    form = step_form(await person.open(url), "send")
    alice = await scene.end_user("alice")
    await scene.product.rest.post(f"/end-users/{alice['id']}/suspend")
    assert (await person.open(url)).status == 403
    assert (await person.send(form)).status == 403
    await scene.product.rest.post(f"/end-users/{alice['id']}/resume")
    forged = url.replace("/connect/s/", "/connect/s/A" if "/connect/s/B" in url else "/connect/s/B", 1)
    for broken in (forged, url + "A", url[:-20], f"{scene.served.url}/connect/s/x"):
        assert (await person.open(broken)).status == 404
    [instance] = (await scene.product.rest.get(f"/workspaces/{scene.product.workspace_id}/integrations")).json()[
        "integrations"
    ]
    await scene.product.remove(instance)
    assert (await person.open(url)).status == 404
    assert scene.sink.received == []


async def test_a_setup_url_lasts_an_hour(scene: Scene) -> None:
    person, url = await scene.browser(), await scene.setup_url()
    form = step_form(await person.open(url), "send")
    scene.time.passed = timedelta(hours=1)
    assert (await person.open(url)).status == 404
    assert (await person.send(form)).status == 404


async def test_names_stay_names_on_the_page_and_in_the_mail(scene: Scene) -> None:
    name = '<img src=x onerror=alert(1)>{{ 7*7 }}\r\nBcc: victim@example.com "x'
    await scene.change("alice", displayName=name)
    await scene.ask_for(branding={"name": "<b>Shop</b>"})
    alice, url = await scene.browser(), await scene.setup_url()
    page = await alice.open(url)
    assert "<img" not in page.html
    assert "<b>Shop" not in page.html
    assert "&lt;img src=x" in page.html
    await asked_for_a_code(scene, alice, url)
    mail = await scene.sink.mail_to(ALICE)
    assert mail.message["Bcc"] is None
    assert "<img" not in mail.html
    assert "\nBcc" not in mail.text


async def test_the_pages_have_the_headers_of_every_page(scene: Scene) -> None:
    page = await (await scene.browser()).open(await scene.setup_url())
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("alice@x.example", "a•••@x.example"),
        ("a@x.example", "•••@x.example"),
        ("ü@bücher.example", "•••@bücher.example"),
    ],
)
def test_of_an_address_its_owner_recognises_enough(address: str, shown: str) -> None:
    assert masked(address) == shown
