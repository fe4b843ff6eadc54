"""The accounts that are connected: seen, replaced, disconnected, connected again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.gateway.portal.shop import Shop, open_shop
from tests.gateway.portal.visiting import path_of


@pytest.mark.promise("001-11")
async def test_a_link_for_one_integration_shows_that_one_only(shop: Shop) -> None:
    await shop.product.add("ledger")
    page = await (await shop.browser()).open(await shop.link())
    assert "Connect Acme" in page.text
    assert "Ledger" not in page.text


@pytest.mark.promise("001-12")
async def test_a_link_without_one_shows_all_that_people_connect_and_how_each_stands(shop: Shop) -> None:
    await shop.product.add("ledger")
    await shop.product.add("hash-encode")
    person = await shop.browser()
    await person.connect(await shop.link())
    page = await person.open(await shop.portal())
    assert "Connected as alice@acme.example" in page.text
    assert "Ledger Not connected" in page.text
    assert "Hash" not in page.text


async def test_where_nothing_is_to_be_connected_the_page_says_so(shop: Shop) -> None:
    link = await shop.portal()
    [only] = (await shop.rest.get(f"/workspaces/{shop.product.workspace_id}/integrations")).json()["integrations"]
    await shop.product.remove(only)
    assert "Nothing to connect" in (await (await shop.browser()).open(link)).text


async def test_the_page_says_who_asks_for_what(shop: Shop) -> None:
    page = await (await shop.browser()).open(await shop.link())
    for part in ("Shop asks you", "For alice", "Create a note", "Read notes and projects", "Continue to Acme"):
        assert part in page.text


async def test_only_what_is_enabled_is_promised_and_asked_for(shop: Shop) -> None:
    [only] = (await shop.rest.get(f"/workspaces/{shop.product.workspace_id}/integrations")).json()["integrations"]
    await shop.product.change(only, enabledActions=["whoami"])
    person = await shop.browser()
    page = await person.open(await shop.link())
    assert "Create a note" not in page.text
    consent = await person.begin(await shop.link())
    assert "See your name and e-mail address" in consent.text
    assert "Write notes" not in consent.text


async def test_a_revoked_account_is_told_with_its_reason_and_reconnects_in_place(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect(await shop.link())
    [before] = await shop.connections()
    shop.served.acme.app.revoke_tokens("alice")
    await shop.product.execute("acme", "whoami", "alice")
    page = await person.open(await shop.link())
    assert "Connect Acme again" in page.text
    assert "no longer renews the access" in page.text
    assert "Acme is connected" in (await person.connect(await shop.link())).text
    [after] = await shop.connections()
    assert (after["id"], after["status"]) == (before["id"], "ACTIVE")
    assert (await shop.product.execute("acme", "whoami", "alice")).status_code == 200


async def test_another_account_replaces_the_connected_one_only_after_a_yes(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect(await shop.link())
    question = await person.connect(await shop.link(), "bob")
    assert path_of(question) == "/connect/replace"
    assert "alice@acme.example" in question.text
    assert "bob@acme.example" in question.text
    ran = await shop.product.execute("acme", "whoami", "alice")
    assert ran.json()["output"]["id"] == "alice"
    form = question.form(f"{person.at}/connect/replace")
    assert "bob@acme.example" in (await person.send(form, decision="replace")).text
    ran = await shop.product.execute("acme", "whoami", "alice")
    assert ran.json()["output"]["id"] == "bob"
    again = await person.send(form, decision="keep")
    assert (again.status, "answered already" in again.text) == (409, True)


async def test_what_is_enabled_later_is_asked_for_as_new_and_what_is_held_stays(shop: Shop) -> None:
    [only] = (await shop.rest.get(f"/workspaces/{shop.product.workspace_id}/integrations")).json()["integrations"]
    await shop.product.change(only, enabledActions=["whoami", "get_picture"])
    person = await shop.browser()
    await person.connect(await shop.link())
    await shop.product.change(only, enabledActions=["whoami", "get_picture", "create_note"])
    page = await person.open(await shop.link())
    assert "Acme needs more permissions" in page.text
    assert "New permissions that Acme will ask you for Write notes in your name" in page.text
    assert "See pictures" not in page.text
    consent = await person.begin(await shop.link())
    assert "See pictures" in consent.text
    assert "Write notes" in consent.text
    await person.answer(consent)
    assert "needs more" not in (await person.open(await shop.link())).text


async def test_an_account_that_was_approved_and_not_taken_is_given_up_at_the_provider(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect(await shop.link())
    question = await person.connect(await shop.link(), "bob")
    done = await person.send(question.form(f"{person.at}/connect/replace"), decision="keep")
    assert "alice@acme.example" in done.text
    await until_revoked(shop)
    assert (await shop.product.execute("acme", "whoami", "alice")).json()["output"]["id"] == "alice"


async def test_a_question_that_nobody_answers_is_answered_with_no_after_ten_minutes(tmp_path: Path) -> None:
    now = [datetime.now(UTC)]
    async with open_shop(tmp_path, clock=lambda: now[0]) as shop:
        person, unanswered = await shop.browser(), shop.served.gateway.connecting.unanswered
        await person.connect(await shop.link())
        question = await person.connect(await shop.link(), "bob")
        await unanswered.run()
        assert "another Acme account" in (await person.open(question.address)).text
        now[0] += timedelta(minutes=11)
        await unanswered.run()
        await until_revoked(shop)
        assert (await person.open(question.address)).status == 409
        assert (await shop.product.execute("acme", "whoami", "alice")).json()["output"]["id"] == "alice"
        await unanswered.run()
        assert shop.served.acme.app.counters.revocations == 1


async def until_revoked(shop: Shop) -> None:
    """Wait until Acme was told that one grant has ended, by the gateway's own work or by this."""
    async with asyncio.timeout(20):
        while not shop.served.acme.app.counters.revocations:
            await shop.served.gateway.revoking.revoker.send_due()
    assert shop.served.acme.app.counters.revocations == 1


async def test_the_question_waits_for_its_own_browser_only(shop: Shop) -> None:
    person, other = await shop.browser(), await shop.browser()
    await person.connect(await shop.link())
    question = await person.connect(await shop.link(), "bob")
    assert (await other.open(question.address)).status == 409
    assert "another Acme account" in (await person.open(question.address)).text


async def test_disconnecting_asks_first_and_the_next_call_says_where_to_connect(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect(await shop.link())
    page = await person.open(await shop.link())
    question = await person.open(page.link("Disconnect"))
    assert "Disconnect Acme?" in question.text
    assert len(await shop.connections()) == 1
    gone = await person.send(question.form(f"{person.at}/connect/disconnect"))
    assert "Nothing is connected now" in gone.text
    assert await shop.connections() == []
    refused = await shop.product.execute("acme", "whoami", "alice")
    assert refused.json()["code"] == "CONNECTION_REQUIRED"


async def test_not_me_removes_what_was_just_connected(shop: Shop) -> None:
    person = await shop.browser()
    done = await person.connect(await shop.link(), "bob")
    await person.send(done.form(f"{person.at}/connect/disconnect"))
    assert await shop.connections() == []


async def test_a_form_that_is_sent_twice_removes_once(shop: Shop) -> None:
    person = await shop.browser()
    form = (await person.connect(await shop.link())).form(f"{person.at}/connect/disconnect")
    await person.send(form)
    assert (await person.send(form)).status == 409


async def test_without_an_oauth_app_the_person_is_told_whom_to_ask(shop: Shop) -> None:
    await shop.product.add("slack")
    person = await shop.browser()
    page = await person.open(await shop.link(integrationName="slack"))
    refused = await person.send(page.form(f"{person.at}/connect/start"))
    assert "Please tell whoever runs it" in refused.text
    assert refused.onward is None


async def test_without_an_oauth_app_a_key_is_asked_for_where_one_does_too(shop: Shop) -> None:
    await shop.product.add("github")
    page = await (await shop.browser()).open(await shop.link(integrationName="github"))
    assert "Personal access token" in page.text
    assert "Continue to GitHub" not in page.text


@pytest.mark.promise("001-16")
async def test_who_has_a_shared_account_to_fall_back_on_is_told_so(shop: Shop) -> None:
    token = shop.served.acme.app.issue_token("bob")["access_token"]
    shared = await shop.product.connect(None, token)
    await shop.product.add("acme", "per_user_with_fallback", alias="team", connectionId=shared["id"])
    page = await (await shop.browser()).open(await shop.portal("alice"))
    assert "shared account is used until you connect yours" in page.text
