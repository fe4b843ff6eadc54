"""What an attacker tries at the connect pages: each claim is one thing that does not work."""

from pathlib import Path
from urllib.parse import quote, urlencode

import httpx2
import pytest
from sqlalchemy import text

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import open_gateway
from tests.gateway.portal.shop import Shop, open_shop
from tests.gateway.portal.visiting import Page, Person

NASTY = "<script>alert(1)</script>{{7*7}}{% raw %}${7*7}\u202e'\"><img src=x>"


def assert_kept_to_itself(answer: httpx2.Response | Page) -> None:
    """Hold every header of R38."""
    headers = answer.headers
    parts = [each.strip().partition(" ") for each in headers["content-security-policy"].split(";")]
    policy = {name: sources for name, _, sources in parts}
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-opener-policy"] == "unsafe-none"


async def form_of(shop: Shop, person: Person, link: str | None = None) -> dict[str, str]:
    """What a form of the portal carries in this browser."""
    page = await person.open(link or await shop.link())
    return page.form(f"{shop.served.url}/connect/start").fields


async def test_every_page_in_every_state_has_every_header(shop: Shop) -> None:
    person, at = await shop.browser(), shop.served.url
    link, portal, session = await shop.link(), await shop.portal(), await shop.session()
    form = await form_of(shop, person, link)
    answers = [
        await person.http.get(link),
        await person.http.get(portal),
        await person.http.get(session["connectUrl"]),
        await person.http.get(f"{at}/connect/portal?token=eut_wrong"),
        await person.http.get(f"{at}/connect/callback/acme"),
        await person.http.get(f"{at}/connect/replace"),
        await person.http.post(f"{at}/connect/start", data=form),
        await person.http.post(f"{at}/connect/start", data={**form, "offer": "other"}),
        await person.http.post(f"{at}/connect/credential", data={**form, "method": "api_key"}),
        await person.http.post(f"{at}/connect/disconnect", data=form),
        await person.http.post(f"{at}/connect/replace", data={**form, "step": "none"}),
        await person.http.post(f"{at}/connect/start"),
        await person.http.get(link, headers={"host": "localhost"}),
    ]
    callback = await person.callback(await person.begin(link))
    answers += [await person.http.get(callback), await person.http.get(callback)]
    answers += [await person.http.get(f"{link}&show=disconnect"), await person.http.get(f"{link}&show=done")]
    for answer in answers:
        assert_kept_to_itself(answer)


async def test_opening_a_link_changes_nothing_however_often(shop: Shop) -> None:
    link, session = await shop.link(), await shop.session()
    for _ in range(3):
        scanner = await shop.browser()
        page = await scanner.open(link)
        await scanner.open(session["connectUrl"])
        await scanner.open(f"{link}&offer={page.forms[0].fields['offer']}&show=done")
    assert (await shop.poll(session))["status"] == "PENDING"
    assert "Acme is connected" in (await (await shop.browser()).connect(link)).text


@pytest.mark.parametrize("path", ["start", "credential", "disconnect", "replace"])
@pytest.mark.parametrize("lost", ["proof", "token"])
async def test_a_form_from_elsewhere_is_refused(shop: Shop, path: str, lost: str) -> None:
    person = await shop.browser()
    form = {**await form_of(shop, person), "method": "api_key", "api_key.secretText": "acme-key-bob"}
    for value in ("", "x", None):
        data = {name: each for name, each in {**form, lost: value}.items() if each is not None}
        answer = await person.http.post(f"{shop.served.url}/connect/{path}", data=data)
        assert answer.status_code == 403
    assert await shop.connections() == []


async def test_the_proof_of_one_browser_is_none_in_another(shop: Shop) -> None:
    attacker, victim = await shop.browser(), await shop.browser()
    form = await form_of(shop, attacker)
    await victim.open(await shop.link("bob"))
    answer = await victim.http.post(f"{shop.served.url}/connect/start", data=form)
    assert answer.status_code == 403


async def test_the_proof_of_one_link_is_none_for_another(shop: Shop) -> None:
    person = await shop.browser()
    own, other = await form_of(shop, person), await form_of(shop, person, await shop.link("bob"))
    answer = await person.http.post(f"{shop.served.url}/connect/start", data={**own, "token": other["token"]})
    assert answer.status_code == 403


@pytest.mark.parametrize("media_type", ["text/plain", "application/json", ""])
async def test_only_plain_forms_are_read(shop: Shop, media_type: str) -> None:
    person = await shop.browser()
    content = "&".join(f"{name}={value}" for name, value in (await form_of(shop, person)).items())
    headers = {"content-type": media_type}
    answer = await person.http.post(f"{shop.served.url}/connect/start", content=content, headers=headers)
    assert answer.status_code == 403


async def test_one_persons_link_neither_shows_nor_removes_what_is_anothers(shop: Shop) -> None:
    await (await shop.browser()).connect(await shop.link("bob"), "bob")
    [theirs] = await shop.connections("bob")
    person = await shop.browser()
    page = await person.open(await shop.link())
    assert "bob@acme.example" not in page.html
    data = {**page.form(f"{person.at}/connect/start").fields, "connection": theirs["id"]}
    answer = await person.http.post(f"{person.at}/connect/disconnect", data=data)
    assert answer.status_code == 409
    assert len(await shop.connections("bob")) == 1


async def test_a_link_for_one_integration_opens_no_other(shop: Shop) -> None:
    other = await shop.product.add("ledger")
    person = await shop.browser()
    link = await shop.link()
    assert (await person.open(f"{link}&offer={other['id']}")).status == 404
    form = await form_of(shop, person, link)
    answer = await person.http.post(f"{person.at}/connect/start", data={**form, "offer": other["id"]})
    assert answer.status_code == 404


async def test_a_suspended_end_users_link_opens_nothing(shop: Shop) -> None:
    link, person = await shop.link(), await shop.browser()
    end_user = (await shop.end_user())["endUser"]
    await shop.rest.post(f"/end-users/{end_user['id']}/suspend")
    assert (await person.open(link)).status == 404


async def test_names_are_text_wherever_they_come_from(shop: Shop) -> None:
    end_user = (await shop.end_user())["endUser"]
    await shop.rest.patch(f"/end-users/{end_user['id']}", {"displayName": NASTY})
    await shop.rest.patch(f"/workspaces/{shop.product.workspace_id}", {"name": NASTY})
    await shop.product.add("acme", alias="nasty", displayName=NASTY)
    person = await shop.browser()
    pages = [await person.open(await shop.portal())]
    pages.append(await person.open(pages[0].link("Connect")))
    for page in pages:
        assert "<script>alert" not in page.html
        assert "<img src=x" not in page.html
        assert "{{7*7}}" in page.html
        assert "$49" not in page.html


async def test_what_stands_in_the_address_is_never_markup_nor_a_header(shop: Shop) -> None:
    person = await shop.browser()
    link = await shop.link()
    for extra in ("&offer=%3Cscript%3E", "&method=%22%3E%3Cscript%3E", "&show=%0d%0aSet-Cookie:%20a=b"):
        page = await person.open(f"{link}{extra}")
        assert "<script>" not in page.html.replace('<script src="', "")
        assert "a=b" not in str(page.headers)


async def test_the_cookie_is_for_pages_of_ours_alone(shop: Shop) -> None:
    answer = await (await shop.browser()).http.get(await shop.link())
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


async def test_another_name_of_this_machine_leads_to_the_public_address_before_anything_begins(shop: Shop) -> None:
    person, link = await shop.browser(), await shop.link()
    port = shop.served.url.rpartition(":")[2]
    answer = await person.http.get(link.replace("127.0.0.1", "localhost"), headers={"host": f"localhost:{port}"})
    assert answer.status_code == 307
    assert answer.headers["location"] == f"{link}&moved=1"
    assert "set-cookie" not in answer.headers
    assert (await person.open(answer.headers["location"])).status == 200


async def test_a_proxy_that_hides_the_public_host_is_told_what_to_pass_on_instead_of_a_loop(shop: Shop) -> None:
    person, link = await shop.browser(), await shop.link()
    page = await person.open(f"{link}&moved=1", headers={"host": "inside:80"})
    assert (page.status, "pass on the Host header" in page.text) == (421, True)


async def test_guessing_links_is_limited_by_address_and_hinders_nobody_with_a_good_one(shop: Shop) -> None:
    person, link, session = await shop.browser(), await shop.link(), await shop.session()
    statuses = {(await person.open("/connect/portal?token=eut_wrong")).status for _ in range(61)}
    assert statuses == {404, 429}
    assert (await person.open(link)).status == 200
    assert (await shop.poll(session))["status"] == "PENDING"


async def test_one_link_opened_over_and_over_is_slowed_down_and_no_other(shop: Shop) -> None:
    person, link = await shop.browser(), await shop.link()
    statuses = [(await person.open(link)).status for _ in range(125)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert (await person.open(await shop.link("bob"))).status == 200


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "client-ip", "true-client-ip"])
async def test_who_guesses_gets_no_new_address_by_saying_so(shop: Shop, header: str) -> None:
    person = await shop.browser()
    statuses = [
        (await person.open("/connect/portal?token=x", headers={header: f"for=198.51.100.{n}"[4 * (n % 2) :]})).status
        for n in range(62)
    ]
    assert statuses[-1] == 429


async def test_addresses_are_told_apart_through_trusted_proxies_only(tmp_path: Path) -> None:
    async with open_shop(tmp_path, trusted_proxies=["127.0.0.1"]) as shop:
        person = await shop.browser()
        for _ in range(60):
            await person.open("/connect/portal?token=x", headers={"x-forwarded-for": "198.51.100.7"})
        last = await person.open("/connect/portal?token=x", headers={"x-forwarded-for": "198.51.100.7"})
        assert last.status == 429
        other = await person.open("/connect/portal?token=x", headers={"x-forwarded-for": "198.51.100.8"})
        assert other.status == 404


async def test_no_token_is_ever_logged(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    link = await shop.link()
    done = await (await shop.browser()).connect(link)
    assert "Acme is connected" in done.text
    written = "".join(capsys.readouterr())
    assert "/connect/portal" in written
    assert link.partition("token=")[2] not in written


async def test_the_address_of_a_form_is_a_page_that_says_what_to_do(shop: Shop) -> None:
    person = await shop.browser()
    for path in ("start", "credential", "nothing/at/all"):
        page = await person.open(f"/connect/{path}")
        assert (page.status, "Open the link that you were given" in page.text) == (404, True)
        assert_kept_to_itself(page)


async def test_over_https_the_cookie_is_bound_to_this_host_and_browsers_stay_with_https(settings: Settings) -> None:
    public_url = "https://tools.example.com"
    async with open_gateway(settings.model_copy(update={"public_url": public_url})) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=public_url) as client:
            answer = await client.get("/connect/portal?token=eut_wrong")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-toolgate_connect=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize(
    "value", ["\0", "\ud800".encode("utf-8", "surrogatepass"), "\r\n", "é" * 3000, "../..", "[]", "%"]
)
async def test_no_input_breaks_a_page(shop: Shop, value: str | bytes) -> None:
    person, link = await shop.browser(), await shop.link()
    token, odd = link.partition("token=")[2], quote(value)
    form = await form_of(shop, person, link)
    for path in (f"portal?token={odd}", f"portal?token={token}&offer={odd}&method={odd}&show={odd}", f"?token={odd}"):
        assert (await person.http.get(f"{person.at}/connect/{path}")).status_code < 500
    for path in (
        f"callback/{odd}?state=x",
        f"callback/acme?state={odd}&code={odd}&iss={odd}",
        f"replace?token={token}&step={odd}&offer={odd}",
    ):
        assert (await person.http.get(f"{person.at}/connect/{path}")).status_code < 500
    for name in ("token", "proof", "offer", "method", "step", "connection", "api_key.secretText"):
        for path in ("start", "credential", "replace", "disconnect"):
            content = urlencode({**form, "method": "api_key", name: value})
            headers = {"content-type": "application/x-www-form-urlencoded"}
            answer = await person.http.post(f"{person.at}/connect/{path}", content=content, headers=headers)
            assert answer.status_code < 500, (path, name)


async def test_a_page_that_fails_gives_a_number_to_tell_and_no_detail(shop: Shop) -> None:
    link = await shop.link()
    async with shop.served.gateway.database.write() as tx:
        await tx.session.execute(text("drop table connect_links"))
    page = await (await shop.browser()).open(link)
    assert page.status == 500
    assert page.headers["x-request-id"] in page.text
    assert "connect_links" not in page.html
    assert_kept_to_itself(page)
