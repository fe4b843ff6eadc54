"""Keys, passwords and other entries: asked as the manifest says, tried before they are kept, never shown again."""

from pathlib import Path

import pytest

from tests.gateway.portal.shop import Shop, open_shop
from tests.gateway.portal.visiting import Page, Person

GOOD = {"access.props.company": "harbor", "access.props.region": "EU", "access.props.key": "acme-key-alice"}


async def opened(shop: Shop, name: str = "ledger", method: str = "access") -> tuple[Person, Page]:
    """The page of one integration, in a fresh browser."""
    await shop.product.add("ledger")
    person = await shop.browser()
    return person, await person.open(f"{await shop.link(integrationName=name)}&method={method}")


async def entered(person: Person, page: Page, **fields: str | None) -> Page:
    """Fill in the form and send it."""
    return await person.send(page.form(f"{person.at}/connect/credential"), **fields)


async def test_the_form_asks_as_the_manifest_says(shop: Shop) -> None:
    _, page = await opened(shop)
    for part in ("Company", ".ledger.example", "Region", "Where the books are kept", "Note (optional)", "Secret key"):
        assert part in page.text
    assert page.link("Where do I find this?") == "https://ledger.example/keys"
    assert 'type="password"' in page.html
    assert 'placeholder="harbor"' in page.html


async def test_what_works_is_kept_and_whose_account_it_is_is_said(shop: Shop) -> None:
    person, page = await opened(shop)
    done = await entered(person, page, **GOOD)
    assert "Ledger is connected" in done.text
    assert "alice@acme.example" in done.text
    [connection] = await shop.connections()
    assert (connection["type"], connection["status"]) == ("CUSTOM_AUTH", "ACTIVE")
    ran = await shop.product.execute("ledger", "whoami", "alice")
    assert ran.json()["output"]["id"] == "alice"


async def test_basic_credentials_connect_too(shop: Shop) -> None:
    person, page = await opened(shop, method="login")
    given = {"login.username": "bob", "login.password": "acme-password-bob"}
    assert "bob@acme.example" in (await entered(person, page, **given)).text


async def test_a_key_that_is_refused_is_told_beside_its_field_and_not_kept(shop: Shop) -> None:
    person, page = await opened(shop)
    again = await entered(person, page, **{**GOOD, "access.props.key": "acme-key-nobody-canary"})
    assert again.status == 422
    assert "Ledger does not accept this" in again.text
    assert 'id="access.props.key-error"' in again.html
    assert 'aria-invalid="true"' in again.html
    assert "canary" not in again.html
    assert again.form(f"{person.at}/connect/credential").fields["access.props.company"] == "harbor"
    assert await shop.connections() == []


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("company", "", "Company is missing."),
        ("company", "X!", "This does not look like a Company, such as harbor."),
        ("region", "Mars", "This has to be one of EU, US."),
        ("key", " ", "Secret key is missing."),
        ("key", "a\r\nX-Evil: 1", "This can't hold a line break."),
    ],
)
async def test_what_does_not_fit_is_told_before_the_provider_is_asked(
    shop: Shop, field: str, value: str, said: str
) -> None:
    person, page = await opened(shop)
    calls = shop.served.acme.app.counters.api_refusals
    again = await entered(person, page, **{**GOOD, f"access.props.{field}": value})
    assert (again.status, said in again.text) == (422, True), again.text
    assert shop.served.acme.app.counters.api_refusals == calls
    assert await shop.connections() == []


async def test_all_faults_are_told_at_once(shop: Shop) -> None:
    person, page = await opened(shop)
    again = await entered(person, page)
    assert again.text.count("is missing.") >= 6  # thrice above the form, thrice beside the fields
    assert again.title.startswith("Not saved")


async def test_what_people_copy_along_is_taken_off(shop: Shop) -> None:
    person, page = await opened(shop)
    given = {**GOOD, "access.props.company": " https://harbor.ledger.example/ "}
    assert "Ledger is connected" in (await entered(person, page, **given)).text


async def test_a_provider_that_does_not_answer_is_no_fault_of_the_key(shop: Shop) -> None:
    person, page = await opened(shop)
    shop.served.acme.app.chaos.api.server_errors = 10
    again = await entered(person, page, **GOOD)
    assert "could not be asked whether this works" in again.text
    assert await shop.connections() == []


async def test_after_five_wrong_keys_nobody_tries_more_for_a_quarter_of_an_hour(shop: Shop) -> None:
    person, page = await opened(shop)
    for _ in range(5):
        await entered(person, page, **{**GOOD, "access.props.key": "wrong"})
    refused = await entered(person, page, **GOOD)
    assert (refused.status, "Too many tries" in refused.text) == (429, True)
    assert int(refused.headers["retry-after"]) > 0
    assert await shop.connections() == []


async def test_two_people_behind_one_address_are_not_in_each_others_way(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        person, page = await opened(shop)
        for _ in range(6):
            await entered(person, page, **{**GOOD, "access.props.key": "wrong"})
        other = await shop.browser()
        their_page = await other.open(await shop.link("bob", integrationName="ledger"))
        assert "Ledger is connected" in (await entered(other, their_page, **GOOD)).text


async def test_a_session_takes_no_keys(shop: Shop) -> None:
    person = await shop.browser()
    session = await shop.session()
    page = await person.open(session["connectUrl"])
    form = page.form(f"{person.at}/connect/start")
    form.action = f"{person.at}/connect/credential"
    answer = await person.send(form, method="api_key", **{"api_key.secretText": "acme-key-alice"})
    assert answer.status == 404
    assert (await shop.poll(session))["status"] == "PENDING"
