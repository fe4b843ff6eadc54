"""The provider's answer counts once, soon, and in the browser that began; anything else connects nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.gateway.portal.shop import Shop, open_shop
from tests.gateway.portal.visiting import Page, path_of


def with_query(address: str, **changes: str | None) -> str:
    """The address with some parameters of its query set, or taken away."""
    parts = urlsplit(address)
    query = {**dict(parse_qsl(parts.query)), **changes}
    return parts._replace(query=urlencode({k: v for k, v in query.items() if v is not None})).geturl()


async def test_a_callback_is_good_once_and_a_second_visit_leads_back(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    assert "Acme is connected" in (await person.open(callback)).text
    again = await person.open(callback)
    assert (again.status, "done already" in again.text) == (409, True)
    assert len(await shop.connections()) == 1
    assert "Acme is connected" in (await person.open(again.link("Continue"))).text


async def test_two_callbacks_at_once_connect_one_account(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    pages = await asyncio.gather(person.open(callback), person.open(callback), person.open(callback))
    assert sorted(page.status for page in pages) == [200, 409, 409]
    assert len(await shop.connections()) == 1


async def test_a_callback_in_another_browser_connects_nothing_and_spends_nothing(shop: Shop) -> None:
    attacker, victim = await shop.browser(), await shop.browser()
    callback = await attacker.callback(await attacker.begin(await shop.link()), person="bob")
    await victim.open(await shop.link())
    page = await victim.open(callback)
    assert (page.status, "another browser" in page.text) == (403, True)
    assert await shop.connections() == []
    assert "Acme is connected" in (await attacker.open(callback)).text


async def test_a_browser_without_our_cookie_is_another_browser(shop: Shop) -> None:
    person, other = await shop.browser(), await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    assert (await other.open(callback)).status == 403
    assert await shop.connections() == []


@pytest.mark.parametrize("state", [None, "", "x", "%00", "a" * 5000, "../../etc/passwd", "{{7*7}}", "<script>"])
async def test_a_forged_state_connects_nothing(shop: Shop, state: str | None) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    page = await person.open(with_query(callback, state=state))
    assert page.status == 404
    assert "<script>" not in page.html.replace('<script src="', "")
    assert await shop.connections() == []


async def test_a_state_that_appears_twice_is_none(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    page = await person.open(f"{callback}&state=other")
    assert page.status == 404
    assert await shop.connections() == []


async def test_a_flood_of_parameters_is_no_answer(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    page = await person.open(f"{callback}{'&a=b' * 60}")
    assert (page.status, await shop.connections()) == (404, [])


async def test_a_state_counts_at_its_own_provider_only(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    page = await person.open(callback.replace("/callback/acme", "/callback/slack"))
    assert page.status == 404
    assert await shop.connections() == []


async def test_an_answer_of_another_issuer_is_not_used(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    page = await person.open(with_query(callback, iss="https://evil.example"))
    assert "did not come from Acme" in page.text
    assert await shop.connections() == []


async def test_a_code_of_somebody_elses_hop_is_refused_by_pkce(shop: Shop) -> None:
    attacker, victim = await shop.browser(), await shop.browser()
    stolen = dict(parse_qsl(urlsplit(await attacker.callback(await attacker.begin(await shop.link()))).query))["code"]
    callback = await victim.callback(await victim.begin(await shop.link("bob")))
    page = await victim.open(with_query(callback, code=stolen))
    assert "did not accept the approval" in page.text
    assert await shop.connections("bob") == []


async def test_denying_is_told_as_a_sentence_with_a_way_back(shop: Shop) -> None:
    person = await shop.browser()
    page = await person.answer(await person.begin(await shop.link()), decision="deny")
    assert "You did not allow access at Acme" in page.text
    assert "Acme" in (await person.open(page.link("Try again"))).text
    assert await shop.connections() == []


@pytest.mark.parametrize("error", ["redirect_uri_mismatch", "invalid_scope", "unauthorized_client"])
async def test_an_app_that_the_provider_refuses_is_told_to_the_person_and_in_the_log(
    shop: Shop, capsys: pytest.CaptureFixture[str], error: str
) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    page = await person.open(with_query(callback, code=None, error=error, error_description="As registered."))
    assert "does not accept this installation (As registered). Please tell whoever runs it." in page.text
    [line] = [each for each in "".join(capsys.readouterr()).splitlines() if "account not connected" in each]
    assert "warning" in line
    assert "does not accept this installation" in line


async def test_a_provider_that_can_not_answer_now_is_told_as_that(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    page = await person.open(with_query(callback, code=None, error="temporarily_unavailable"))
    assert "could not be asked just now" in page.text


async def test_a_providers_error_text_is_shown_as_text_on_one_line(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    said = "<img src=x onerror=alert(1)>\r\nSet-Cookie: a=b {{7*7}}"
    page = await person.open(with_query(callback, code=None, error="server_error", error_description=said))
    assert "<img" not in page.html
    assert "&lt;img src=x onerror=alert(1)&gt; Set-Cookie: a=b {{7*7}}" in page.html
    assert "set-cookie" not in page.headers


async def test_after_ten_minutes_the_answer_is_too_late_and_the_page_leads_back(tmp_path: Path) -> None:
    now = [datetime(2026, 11, 21, 12, tzinfo=UTC)]
    async with open_shop(tmp_path, clock=lambda: now[0]) as shop:
        person = await shop.browser()
        callback = await person.callback(await person.begin(await shop.link()))
        now[0] += timedelta(minutes=10)
        page = await person.open(callback)
        assert (page.status, "took too long" in page.text) == (410, True)
        assert await shop.connections() == []
        assert path_of(await person.open(page.link("Continue"))) == "/connect/portal"


async def test_an_end_user_who_was_deleted_meanwhile_gets_nothing(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    end_user = (await shop.end_user())["endUser"]
    await shop.rest.delete(f"/end-users/{end_user['id']}")
    page: Page = await person.open(callback)
    assert (page.status, "no longer good" in page.text) == (404, True)


async def test_an_integration_that_was_removed_meanwhile_is_told(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    found = (await shop.rest.get(f"/workspaces/{shop.product.workspace_id}/integrations")).json()["integrations"]
    await shop.product.remove(found[0])
    assert (await person.open(callback)).status == 404
    assert await shop.connections() == []


async def test_a_provider_that_fails_at_the_last_step_leaves_nothing_half_done(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    shop.served.acme.app.chaos.token.server_errors = 1
    page = await person.open(callback)
    assert "could not be asked just now" in page.text
    assert await shop.connections() == []
