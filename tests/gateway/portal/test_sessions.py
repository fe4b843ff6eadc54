"""Connect sessions: one account that a backend asks for, and how it learns what has become of it."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.gateway.portal.shop import Shop
from tests.gateway.portal.visiting import Page, path_of
from tests.parts.rest import failure

DOCS = Path(__file__).parents[3] / "docs" / "connecting-accounts.md"
DONE = "https://app.example.com/done?from=toolgate"
FAILED = "https://app.example.com/failed"


def message(page: Page) -> dict[str, str | None]:
    """What the page tells the window that opened it."""
    return json.loads(page.told["result"] or "")


def listeners(page: Page) -> list[str]:
    """Which origins may hear it."""
    return json.loads(page.told["origins"] or "")


def told(address: str | None) -> dict[str, str]:
    """What a way back says."""
    return dict(parse_qsl(urlsplit(address or "").query))


@pytest.mark.promise("001-10")
@pytest.mark.promise("002-16")
async def test_completing_makes_the_end_user_that_nobody_knew_and_tells_who_polls(shop: Shop) -> None:
    session, person = await shop.session(), await shop.browser()
    assert (await shop.poll(session))["status"] == "PENDING"
    consent = await person.begin(session["connectUrl"])
    assert (await shop.poll(session))["status"] == "CONNECTING"
    done = await person.answer(consent)
    assert "Acme is connected" in done.text
    polled = await shop.poll(session)
    [connection] = await shop.connections("carol")
    assert (polled["status"], polled["connectionId"]) == ("COMPLETED", connection["id"])
    assert (connection["externalId"], connection["displayName"]) == ("carol-at-acme", "Acme of Carol")
    assert connection["endUserId"] == "carol"


@pytest.mark.promise("000-7")
async def test_the_last_page_tells_the_window_that_opened_it_and_nothing_secret(shop: Shop) -> None:
    session, person = await shop.session(), await shop.browser()
    done = await person.connect(session["connectUrl"])
    polled = await shop.poll(session)
    assert message(done) == {
        "type": "weavz-connect-result",
        "status": "success",
        "connectionId": polled["connectionId"],
        "integrationName": "acme",
        "externalId": "carol-at-acme",
        "error": None,
    }
    assert listeners(done) == ["*"]
    assert done.headers["cross-origin-opener-policy"] == "unsafe-none"
    assert session["token"] not in (done.told["result"] or "")


async def test_where_the_product_has_named_its_addresses_only_it_hears_the_message(shop: Shop) -> None:
    settings = {"redirectUris": [FAILED, "http://127.0.0.1:3000/x"]}
    await shop.rest.patch(f"/workspaces/{shop.product.workspace_id}", {"settings": settings})
    person = await shop.browser()
    done = await person.connect((await shop.session())["connectUrl"])
    assert listeners(done) == ["http://127.0.0.1:3000", "https://app.example.com"]


@pytest.mark.promise("000-7")
async def test_after_success_the_person_is_led_back_with_what_was_connected(shop: Shop) -> None:
    session, person = await shop.session(successRedirectUri=DONE), await shop.browser()
    page = await person.connect(session["connectUrl"])
    assert (page.onward or "").startswith(f"{DONE}&")
    assert told(page.onward) == {
        "from": "toolgate",
        "status": "success",
        "sessionId": session["sessionId"],
        "integrationName": "acme",
        "externalId": "carol-at-acme",
        "connectionId": (await shop.poll(session))["connectionId"],
    }


async def test_after_denial_the_person_is_led_back_with_the_reason(shop: Shop) -> None:
    session, person = await shop.session(errorRedirectUri=FAILED), await shop.browser()
    page = await person.answer(await person.begin(session["connectUrl"]), decision="deny")
    assert (page.onward or "").startswith(f"{FAILED}?")
    assert told(page.onward)["status"] == "error"
    assert "did not allow access" in told(page.onward)["error"]
    polled = await shop.poll(session)
    assert (polled["status"], "did not allow access" in (polled["error"] or "")) == ("FAILED", True)


async def test_denial_is_told_to_the_opener_too_and_may_be_tried_again(shop: Shop) -> None:
    session, person = await shop.session(), await shop.browser()
    page = await person.answer(await person.begin(session["connectUrl"]), decision="deny")
    assert (message(page)["status"], message(page)["connectionId"]) == ("error", None)
    again = await person.connect(page.link("Try again"))
    assert "Acme is connected" in again.text
    assert (await shop.poll(session))["status"] == "COMPLETED"


async def test_a_completed_session_connects_nothing_more(shop: Shop) -> None:
    session, person, second = await shop.session(), await shop.browser(), await shop.browser()
    late = await second.open(session["connectUrl"])
    await person.connect(session["connectUrl"])
    page = await second.send(late.form(f"{second.at}/connect/start"))
    assert (page.status, "no longer good" in page.text) == (404, True)
    assert "Acme is connected" in (await person.open(session["connectUrl"])).text


async def test_a_completed_session_is_no_way_to_put_another_account_in_the_place_of_the_connected_one(
    shop: Shop,
) -> None:
    session, person, thief = await shop.session(), await shop.browser(), await shop.browser()
    done = await person.connect(session["connectUrl"])
    assert (await thief.open(session["connectUrl"])).status == 404
    await thief.send(done.form(f"{person.at}/connect/disconnect"))
    assert [each["accountLabel"] for each in await shop.connections("carol")] == ["alice@acme.example"]
    await person.send(done.form(f"{person.at}/connect/disconnect"))
    assert (await thief.open(session["connectUrl"])).status == 404


async def test_not_me_takes_the_account_away_and_the_session_says_so(shop: Shop) -> None:
    session, person = await shop.session(), await shop.browser()
    done = await person.connect(session["connectUrl"], "bob")
    page = await person.send(done.form(f"{person.at}/connect/disconnect"))
    assert "Nothing is connected now" in page.text
    assert await shop.connections("carol") == []
    assert (await shop.poll(session))["status"] == "FAILED"
    assert "alice@acme.example" in (await person.connect(session["connectUrl"])).text


async def test_without_an_end_user_the_account_is_the_workspaces(shop: Shop) -> None:
    session, person = await shop.session(endUserId=None, externalId="team"), await shop.browser()
    page = await person.open(session["connectUrl"])
    assert "everybody in Shop" in page.text
    await person.connect(session["connectUrl"])
    found = await shop.rest.get("/connections", id=(await shop.poll(session))["connectionId"])
    assert found.json()["connection"]["scope"] == "WORKSPACE"


async def test_keeping_the_connected_account_completes_the_session_with_it(shop: Shop) -> None:
    person = await shop.browser()
    await person.connect((await shop.session())["connectUrl"])
    [before] = await shop.connections("carol")
    session = await shop.session()
    question = await person.connect(session["connectUrl"], "bob")
    assert path_of(question) == "/connect/replace"
    form = question.form(f"{person.at}/connect/replace")
    done = await person.send(form, decision="keep")
    assert "alice@acme.example" in done.text
    polled = await shop.poll(session)
    assert (polled["status"], polled["connectionId"]) == ("COMPLETED", before["id"])


async def test_a_session_ends_after_four_hours_and_its_page_says_so(shop: Shop) -> None:
    person = await shop.browser()
    page = await person.open("/connect?token=cst_nothing")
    assert (page.status, "no longer good" in page.text) == (404, True)
    polled = await shop.rest.post("/connect/session/poll", {"token": "cst_nothing"})
    assert failure(polled) == (401, "INVALID_TOKEN")


@pytest.mark.parametrize(
    "address",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "https:evil.example",
        "https:///evil.example",
        "https://app.example.com\\@evil.example",
        "https://app.example.com@evil.example/",
        "https://user:pw@app.example.com/",
        "http://app.example.com/done",
        "https://app.example.com/\r\nSet-Cookie: a=b",
        "https://app.example.com/ done",
        "https://app.example.com/#fragment",
        "https://äpp.example.com/",
        "%68ttps://app.example.com/",
        "https%3A//app.example.com/",
        "//%65vil.example",
        "\thttps://app.example.com/",
        "ftp://app.example.com/",
        "",
    ],
)
async def test_no_trick_becomes_a_way_back(shop: Shop, address: str) -> None:
    wanted = {
        "integrationName": "acme",
        "connectionName": "Acme",
        "externalId": "x",
        "workspaceId": shop.product.workspace_id,
        "endUserId": "carol",
    }
    for name in ("successRedirectUri", "errorRedirectUri"):
        answer = await shop.rest.post("/connect/token", {**wanted, name: address})
        assert failure(answer) == (400, "VALIDATION_ERROR"), answer.text


@pytest.mark.parametrize("address", [DONE, "http://127.0.0.1:3000/done", "http://localhost:3000/", "http://[::1]:1/"])
async def test_https_and_this_machine_are_accepted_where_no_list_is_set(shop: Shop, address: str) -> None:
    await shop.session(successRedirectUri=address)


async def test_where_a_list_is_set_an_address_has_to_stand_in_it_exactly(shop: Shop) -> None:
    await shop.rest.patch(f"/workspaces/{shop.product.workspace_id}", {"settings": {"redirectUris": [FAILED]}})
    await shop.session(successRedirectUri=FAILED)
    for other in (f"{FAILED}/", f"{FAILED}?a=b", "https://APP.example.com/failed", DONE):
        body = {
            "integrationName": "acme",
            "connectionName": "Acme",
            "externalId": "x",
            "workspaceId": shop.product.workspace_id,
            "successRedirectUri": other,
        }
        assert failure(await shop.rest.post("/connect/token", body)) == (400, "VALIDATION_ERROR")


async def test_the_requests_of_the_docs_are_accepted_as_they_stand(shop: Shop) -> None:
    alice = (await shop.end_user())["endUser"]["id"]
    asked = re.findall(r"curl -s \$TOOLGATE/api/v1(\S+).*?-d '(.*?)'", DOCS.read_text(), re.DOTALL)
    assert len(asked) == 2
    for path, body in asked:
        given = {**json.loads(body), "integrationName": "acme"}
        answer = await shop.rest.post(path.replace("$ALICE_ID", alice), given)
        assert answer.status_code == 200, answer.text
        assert "Connect Acme" in (await (await shop.browser()).open(answer.json()["connectUrl"])).text
