"""Link mode: where a workspace says so, a link out of a tool's answer opens by itself: once, soon, after a click."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.kit.tokens import TokenKind, mint
from tests.gateway.portal.identity_scene import Scene, identity_scene, is_portal


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with identity_scene(tmp_path) as opened:
        await opened.ask_for("link")
        yield opened


async def test_whoever_holds_the_link_goes_on_after_a_page_that_says_who_asks_for_what(scene: Scene) -> None:
    person, url = await scene.browser(), await scene.setup_url()
    assert "/connect/l/sus_" in url
    page = await person.open(url)
    assert (page.status, page.title) == (200, "Connect Acme · Shop")
    assert "For Alice" in page.text
    portal = await person.send(page.forms[0])
    assert is_portal(portal)
    consent = await person.onward(await person.send(portal.form(f"{scene.served.url}/connect/start")))
    assert "connected" in (await person.answer(consent)).text
    assert (await scene.product.execute("acme", "list_notes", "alice")).status_code == 200
    assert (await (await scene.browser()).open(portal.address)).status == 404


async def test_looking_spends_nothing_and_going_on_spends_it(scene: Scene) -> None:
    person, url = await scene.browser(), await scene.setup_url()
    for _ in range(10):
        assert (await (await scene.browser()).open(url)).status == 200
    page = await person.open(url)
    late = await (await scene.browser()).open(url)
    assert is_portal(await person.send(page.forms[0]))
    assert (await person.open(url)).status == 404
    assert (await person.send(page.forms[0])).status == 404
    assert (await person.send(late.forms[0])).status == 404


async def test_ten_at_once_get_in_once(scene: Scene) -> None:
    url = await scene.setup_url()
    people = [await scene.browser() for _ in range(10)]
    forms = [(await person.open(url)).forms[0] for person in people]
    pages = await asyncio.gather(*(person.send(form) for person, form in zip(people, forms, strict=True)))
    assert sorted(page.status for page in pages) == [200] + [404] * 9


async def test_a_click_counts_only_on_a_page_of_ours_in_the_same_browser(scene: Scene) -> None:
    person, eve, url = await scene.browser(), await scene.browser(), await scene.setup_url()
    form = (await person.open(url)).forms[0]
    await eve.open(url)
    assert (await eve.send(form)).status == 403
    assert (await person.send(form, proof="x")).status == 403
    of_another_link = (await person.open(await scene.setup_url())).forms[0]
    assert (await person.send(form, proof=of_another_link.fields["proof"])).status == 403
    assert is_portal(await person.send(form))


async def test_each_call_makes_a_fresh_link_good_for_a_quarter_of_an_hour(scene: Scene) -> None:
    person, first, second = await scene.browser(), await scene.setup_url(), await scene.setup_url()
    assert first != second
    scene.time.passed = timedelta(minutes=15)
    assert (await person.open(first)).status == 404
    assert (await person.open(await scene.setup_url())).status == 200


async def test_links_end_with_the_workspaces_trust_in_them(scene: Scene) -> None:
    person, url = await scene.browser(), await scene.setup_url()
    form = (await person.open(url)).forms[0]
    await scene.ask_for("auto")
    assert (await person.open(url)).status == 404
    assert (await person.send(form)).status == 404
    assert "/connect/s/" in await scene.setup_url()


async def test_a_setup_url_from_before_still_asks_who_it_is(scene: Scene) -> None:
    await scene.ask_for("auto")
    url = await scene.setup_url()
    await scene.ask_for("link")
    page = await (await scene.browser()).open(url)
    assert [form.fields["step"] for form in page.forms] == ["send"]


async def test_a_suspended_person_and_a_secret_of_another_kind_lead_nowhere(scene: Scene) -> None:
    person, url = await scene.browser(), await scene.setup_url()
    form = (await person.open(url)).forms[0]
    alice = await scene.end_user("alice")
    await scene.product.rest.post(f"/end-users/{alice['id']}/suspend")
    assert (await person.open(url)).status == 403
    assert (await person.send(form)).status == 403
    portal_link = (await scene.product.connect_link("bob")).partition("token=")[2]
    for secret in ("x", mint(TokenKind.SETUP_LINK).plain, portal_link):
        assert (await person.open(f"/connect/l/{secret}")).status == 404
    secret = url.rpartition("/")[2]
    assert (await person.open(f"/connect/portal?token={secret}")).status == 404


async def test_a_link_is_in_no_log(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    url = await scene.setup_url()
    await (await scene.browser()).open(url)
    logged = capsys.readouterr()
    assert "/connect/l/" in logged.out + logged.err
    assert url.rpartition("sus_")[2] not in logged.out + logged.err


@pytest.mark.parametrize(
    ("verification", "said"),
    [
        ("auto", "settings.handoffUrl of the workspace, or an e-mail address on the end user's record"),
        ("email", "it takes an e-mail address on the end user's record"),
        ("session", "it takes a browser in which the end user is signed in already"),
    ],
)
async def test_a_tools_answer_says_what_keeps_its_link_from_being_of_use(
    scene: Scene, verification: str, said: str
) -> None:
    await scene.ask_for(verification)
    if verification != "session":
        answer = (await scene.product.execute("acme", "list_notes", "alice")).json()
        assert "To pass its check" not in answer["error"]
    await scene.change("alice", email=None)
    answer = (await scene.product.execute("acme", "list_notes", "alice")).json()
    assert said in answer["error"]
    assert answer["details"]["setupUrl"] in answer["error"]
