"""What was begun for one account ends there: not at another link, nor after what it was for has gone or changed."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.gateway.portal.shop import Shop
from tests.gateway.portal.visiting import Page, Person, path_of


async def instance_of(shop: Shop) -> dict[str, str]:
    """The one integration that the workspace has."""
    [only] = (await shop.rest.get(f"/workspaces/{shop.product.workspace_id}/integrations")).json()["integrations"]
    return only


async def revocations(shop: Shop, count: int) -> int:
    """How many grants Acme was told of, once it was told of `count`, or after a while."""
    for _ in range(100):
        if shop.served.acme.app.counters.revocations >= count:
            break
        await asyncio.sleep(0.05)
    return shop.served.acme.app.counters.revocations


async def test_the_answer_to_one_links_question_is_none_at_another_link(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect(await shop.link("bob"), "bob")
    await person.connect(await shop.link("alice"), "alice")
    question = await person.connect(await shop.link("alice"), "bob")
    assert path_of(question) == "/connect/replace"
    step = question.form(f"{person.at}/connect/replace").fields["step"]
    of_bob = (await person.open(await shop.link("bob"))).form(f"{person.at}/connect/start").fields
    shop.served.acme.app.revoke_tokens("bob")
    answer = await person.http.post(
        f"{person.at}/connect/replace", data={**of_bob, "step": step, "decision": "replace"}
    )
    assert answer.status_code == 409
    shown = await person.open(
        f"{person.at}/connect/replace?token={of_bob['token']}&offer={of_bob['offer']}&step={step}"
    )
    assert shown.status == 409
    # It still waits where it was asked.
    assert "another Acme account" in (await person.open(question.address)).text


async def test_the_answer_for_one_alias_is_none_for_another(shop: Shop) -> None:
    second = await shop.product.add("acme", alias="second")
    person, portal = await shop.browser(), await shop.portal()
    first_page = await person.open((await person.open(portal)).link("Connect"))
    key = first_page.form(f"{person.at}/connect/start").fields["offer"]
    await approve(person, f"{portal}&offer={key}", "alice")
    question = await approve(person, f"{portal}&offer={key}", "bob")
    form = question.form(f"{person.at}/connect/replace")
    other = second["id"] if key != second["id"] else (await instance_named(shop, "acme"))["id"]
    refused = await person.send(form, offer=other, decision="replace")
    assert refused.status == 409
    assert len(await shop.connections()) == 1


async def approve(person: Person, address: str, account: str) -> Page:
    """Connect one of the accounts on a portal's page."""
    page = await person.open(address)
    return await person.answer(
        await person.onward(await person.send(page.form(f"{person.at}/connect/start"))), person=account
    )


async def instance_named(shop: Shop, alias: str) -> dict[str, str]:
    """The integration of this alias."""
    every = (await shop.rest.get(f"/workspaces/{shop.product.workspace_id}/integrations")).json()["integrations"]
    return next(each for each in every if each["alias"] == alias)


async def remove_integration(shop: Shop) -> None:
    await shop.product.remove(await instance_of(shop))


async def share_one_account(shop: Shop) -> None:
    shared = await shop.product.connect(None, shop.served.acme.app.issue_token("bob")["access_token"])
    await shop.product.change(await instance_of(shop), connectionStrategy="fixed", connectionId=shared["id"])


async def delete_end_user(shop: Shop) -> None:
    await shop.rest.delete(f"/end-users/{(await shop.end_user())['endUser']['id']}")


async def suspend_end_user(shop: Shop) -> None:
    await shop.rest.post(f"/end-users/{(await shop.end_user())['endUser']['id']}/suspend")


async def delete_workspace(shop: Shop) -> None:
    await shop.rest.delete(f"/workspaces/{shop.product.workspace_id}")


CHANGES = [remove_integration, share_one_account, delete_end_user, suspend_end_user, delete_workspace]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
async def test_what_is_approved_for_something_that_goes_meanwhile_is_not_kept_and_given_up(
    shop: Shop, change: Callable[[Shop], Awaitable[None]]
) -> None:
    person, link, acme = await shop.browser(), await shop.link(), shop.served.acme.app
    callback = await person.callback(await person.begin(link))
    acme.chaos.api.slow_seconds = 1.0
    arriving = asyncio.create_task(person.open(callback))
    # Now the code is redeemed, and Acme is asked whose account it is.
    for _ in range(500):
        if acme.counters.codes_redeemed:
            break
        await asyncio.sleep(0.01)
    await change(shop)
    acme.chaos.api.slow_seconds = 0.0
    page = await arriving
    assert page.status == 200, page.text
    assert "Nothing was connected" in page.text
    assert await revocations(shop, 1) == 1
    held = (await shop.rest.get("/connections")).json()["connections"]
    assert [each for each in held if each["scope"] == "USER"] == []


async def test_a_session_that_is_over_takes_no_other_account_however_early_that_was_begun(shop: Shop) -> None:
    session = await shop.session()
    # Two tabs of one browser: in any other the session no longer opens.
    late = person = await shop.browser()
    callback = await late.callback(await late.begin(session["connectUrl"]), person="bob")
    await person.connect(session["connectUrl"])
    assert (await shop.poll(session))["status"] == "COMPLETED"
    page = await late.open(callback)
    assert path_of(page) != "/connect/replace"
    assert (await shop.poll(session))["status"] == "COMPLETED"
    ran = await shop.product.execute("acme", "whoami", "carol")
    assert ran.json()["output"]["id"] == "alice"
    assert await revocations(shop, 1) == 1


async def test_a_yes_that_comes_after_the_session_is_over_replaces_nothing(shop: Shop) -> None:
    first = await shop.session()
    person = late = await shop.browser()
    await person.connect(first["connectUrl"])
    again = await shop.session()
    question = await late.connect(again["connectUrl"], "bob")
    assert path_of(question) == "/connect/replace"
    await person.connect(again["connectUrl"])
    assert (await shop.poll(again))["status"] == "COMPLETED"
    shop.served.acme.app.counters.revocations = 0
    await late.send(question.form(f"{person.at}/connect/replace"), decision="replace")
    assert (await shop.product.execute("acme", "whoami", "carol")).json()["output"]["id"] == "alice"
    assert await revocations(shop, 1) == 1


async def test_an_address_that_was_struck_off_the_list_meanwhile_is_led_to_no_more(shop: Shop) -> None:
    away, kept = "https://old.example/done", "https://app.example/done"
    await allow(shop, [away, kept])
    session = await shop.session(successRedirectUri=away)
    await allow(shop, [kept])
    done = await (await shop.browser()).connect(session["connectUrl"])
    assert done.onward is None
    assert "Acme is connected" in done.text
    assert done.told["origins"] == '["https://app.example"]'


async def test_where_the_list_is_empty_nobody_hears_the_message(shop: Shop) -> None:
    await allow(shop, [])
    done = await (await shop.browser()).connect((await shop.session())["connectUrl"])
    assert done.told["origins"] == "[]"


async def allow(shop: Shop, addresses: list[str]) -> None:
    """Set the workspace's list of addresses to send people to."""
    await shop.rest.patch(f"/workspaces/{shop.product.workspace_id}", {"settings": {"redirectUris": addresses}})
