"""Hand-off: the example backend of the docs, run as it stands, and everybody who would like to misuse one."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.kit.serving import build_server
from gateway.kit.tokens import TokenKind, mint
from tests.gateway.portal.identity_scene import Scene, identity_scene, is_portal, step_form
from tests.gateway.portal.visiting import Page, Person
from tests.parts.ports import free_port
from tests.parts.rest import failure, new_key, new_organization

PAGE = Path(__file__).parents[3] / "docs" / "who-opened-the-link.md"


@asynccontextmanager
async def example_backend(page: Path = PAGE, **environ: str) -> AsyncGenerator[str]:
    """Run the backend that a page of the docs shows; returns where its hand-off page is."""
    [source] = re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    assert len([line for line in source.splitlines() if line.strip()]) <= 25
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        exec(compile(source, page.name, "exec"), names)
    port = free_port()
    server = build_server(names["app"], host="127.0.0.1", port=port)
    task = asyncio.create_task(server.serve())
    await server.is_listening.wait()
    try:
        yield f"http://127.0.0.1:{port}/toolgate"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Alice, bob and a product that logs them in: who has its session cookie is logged in."""
    async with identity_scene(tmp_path) as opened:
        key = opened.product.rest.headers["Authorization"].removeprefix("Bearer ")
        async with example_backend(TOOLGATE=opened.served.url, API_KEY=key) as address:
            await opened.ask_for("handoff", handoffUrl=address)
            yield opened


async def logged_in(scene: Scene, name: str | None) -> Person:
    """A browser, logged in at the product as somebody or nobody."""
    return await scene.browser(cookies={} if name is None else {"session": f"session-of-{name}"})


async def begun(person: Person, url: str) -> str:
    """Open a setup URL and begin; returns where the browser goes."""
    page = await person.send(step_form(await person.open(url), "handoff"))
    assert page.onward is not None
    return page.onward


def challenge_in(address: str) -> str:
    [challenge] = parse_qs(urlsplit(address).query)["challenge"]
    return challenge


async def passed(person: Person, url: str) -> Page:
    """Begin, come to the product, and be sent back."""
    return await person.open(await begun(person, url))


async def test_who_is_logged_in_at_the_product_gets_in_without_typing_anything(scene: Scene) -> None:
    alice, url = await logged_in(scene, "alice"), await scene.setup_url()
    first = await alice.open(url)
    assert "Continue to Shop" in first.text
    back = await passed(alice, url)
    assert [form.fields["step"] for form in back.forms] == ["go"]
    portal = await alice.send(back.forms[0])
    assert is_portal(portal)
    consent = await alice.onward(await alice.send(portal.form(f"{scene.served.url}/connect/start")))
    assert "connected" in (await alice.answer(consent)).text
    assert (await scene.product.execute("acme", "list_notes", "alice")).status_code == 200
    assert scene.sink.received == []


async def test_the_example_tells_whoever_comes_too_late_or_without_a_challenge_to_begin_again(scene: Scene) -> None:
    alice, bob, url = await logged_in(scene, "alice"), await logged_in(scene, "bob"), await scene.setup_url()
    address = await begun(alice, url)
    # As the answer of the gateway is: confirmed before, none like it, none at all.
    await confirmed(scene, address, "alice")
    for given, status in ((address, 409), (address + "x", 404), (address.partition("?")[0], 400)):
        page = await bob.open(given)
        assert (page.status, "begin again" in page.text) == (status, True)


async def test_the_product_learns_a_challenge_and_nothing_else(scene: Scene) -> None:
    alice, url = await logged_in(scene, "alice"), await scene.setup_url()
    address = await begun(alice, url)
    assert parse_qs(urlsplit(address).query).keys() == {"challenge"}
    await scene.ask_for(handoffUrl="https://app.example.com/in?tenant=1")
    assert re.fullmatch(r"https://app\.example\.com/in\?tenant=1&challenge=hoc_\w+", await begun(alice, url))


async def test_a_hand_off_that_an_attacker_began_and_a_victim_confirmed_opens_nothing_for_either(scene: Scene) -> None:
    url = await scene.setup_url()
    attacker, victim = await logged_in(scene, None), await logged_in(scene, "alice")
    address = await begun(attacker, url)
    lured = await victim.open(address)
    assert lured.status == 403
    assert "in the browser in which it was begun" in lured.text
    assert [form.fields["step"] for form in (await attacker.open(url)).forms] == ["handoff"]
    assert [form.fields["step"] for form in (await victim.open(url)).forms] == ["handoff"]
    # Even if the victim is talked into passing on where the browser ended.
    assert (await attacker.open(lured.address)).status == 403
    assert [form.fields["step"] for form in (await attacker.open(url)).forms] == ["handoff"]


async def test_a_return_address_is_good_once_and_over_when_it_turns_up_in_another_browser(scene: Scene) -> None:
    alice, eve, url = await logged_in(scene, "alice"), await logged_in(scene, None), await scene.setup_url()
    stolen = await confirmed(scene, await begun(alice, url), "alice")
    assert (await eve.open(stolen)).status == 403
    assert (await alice.open(stolen)).status == 403
    back = await confirmed(scene, await begun(alice, url), "alice")
    assert [form.fields["step"] for form in (await alice.open(back)).forms] == ["go"]
    assert (await alice.open(back)).status == 403
    assert [form.fields["step"] for form in (await eve.open(url)).forms] == ["handoff"]


async def confirmed(scene: Scene, address: str, external_id: str) -> str:
    """Confirm as the product would; returns the return address."""
    body = {"challenge": challenge_in(address), "externalId": external_id}
    answer = await scene.product.rest.post("/handoffs/confirm", body)
    assert answer.status_code == 200, answer.text
    return answer.json()["returnUrl"]


async def test_somebody_else_who_is_logged_in_is_told_so_and_gets_nothing(scene: Scene) -> None:
    bob, url = await logged_in(scene, "bob"), await scene.setup_url("alice")
    page = await passed(bob, url)
    assert page.status == 403
    assert "You are signed in as somebody else" in page.title
    assert "Shop says that you are Bob. This link is for Alice" in page.text
    assert [form.fields["step"] for form in (await bob.open(url)).forms] == ["handoff"]
    # As bob he has been recognised, and may connect what is his.
    assert is_portal(await bob.send(step_form(await bob.open(await scene.setup_url("bob")), "go")))


async def test_a_code_by_mail_is_not_enough_where_a_hand_off_is_asked_for(scene: Scene) -> None:
    await scene.ask_for("email")
    alice, url = await logged_in(scene, None), await scene.setup_url()
    asked = await alice.send(step_form(await alice.open(url), "send"))
    assert is_portal(await alice.send(step_form(asked, "code"), code=await scene.code("Alice@corp.example")))
    assert [form.fields["step"] for form in (await alice.open(url)).forms] == ["go"]
    await scene.ask_for("handoff")
    assert [form.fields["step"] for form in (await alice.open(url)).forms] == ["handoff"]


async def test_left_at_auto_the_workspace_prefers_its_own_login_to_mail(scene: Scene) -> None:
    await scene.ask_for("auto")
    alice = await logged_in(scene, "alice")
    page = await alice.open(await scene.setup_url())
    assert [form.fields["step"] for form in page.forms] == ["handoff"]
    # What the page does not offer can't be had by asking for it.
    assert (await alice.send(page.forms[0], step="send")).forms[0].fields["step"] == "handoff"
    assert scene.sink.received == []


async def test_a_session_made_by_one_way_opens_where_only_sessions_count(scene: Scene) -> None:
    alice = await logged_in(scene, "alice")
    await passed(alice, await scene.setup_url())
    await scene.ask_for("session")
    assert is_portal(await alice.send((await alice.open(await scene.setup_url())).forms[0]))
    assert (await (await logged_in(scene, "alice")).open(await scene.setup_url())).forms == []


async def test_a_challenge_is_confirmed_once_for_somebody_there_is_by_a_key_that_reaches_it(scene: Scene) -> None:
    rest, alice = scene.product.rest, await logged_in(scene, None)
    challenge = challenge_in(await begun(alice, await scene.setup_url()))

    async def confirm(caller: Any = rest, **changes: Any) -> tuple[int, str]:
        body = {"challenge": challenge, "externalId": "alice", **changes}
        return failure(await caller.post("/handoffs/confirm", body))

    _, stranger = await new_organization(rest, "stranger")
    sibling = await rest.made("/workspaces", {"name": "Other", "slug": "other"})
    narrow = await new_key(rest, scope="workspace", workspaceIds=[sibling["id"]])
    for caller in (stranger, narrow):
        assert await confirm(caller) == (404, "NOT_FOUND")
    assert await confirm(challenge=mint(TokenKind.HANDOFF_CHALLENGE).plain) == (404, "NOT_FOUND")
    assert await confirm(challenge="x") == (404, "NOT_FOUND")
    assert await confirm(externalId="nobody") == (404, "END_USER_NOT_FOUND")
    bob = await scene.end_user("bob")
    await rest.post(f"/end-users/{bob['id']}/suspend")
    assert await confirm(externalId="bob") == (403, "FORBIDDEN")
    assert await confirm(externalId=None) == (400, "VALIDATION_ERROR")
    assert failure(await rest.signed_in("wvz_x").post("/handoffs/confirm", {})) == (401, "UNAUTHORIZED")
    answers = await asyncio.gather(
        *(rest.post("/handoffs/confirm", {"challenge": challenge, "externalId": "alice"}) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 9


async def test_both_halves_of_a_hand_off_are_over_after_ten_minutes(scene: Scene) -> None:
    alice, url = await logged_in(scene, None), await scene.setup_url()
    early, late = await begun(alice, url), await begun(alice, url)
    back = await confirmed(scene, early, "alice")
    scene.time.passed = timedelta(minutes=10)
    assert (await alice.open(back)).status == 403
    body = {"challenge": challenge_in(late), "externalId": "alice"}
    assert failure(await scene.product.rest.post("/handoffs/confirm", body)) == (404, "NOT_FOUND")


async def test_coming_back_ten_times_at_once_is_once(scene: Scene) -> None:
    alice = await logged_in(scene, None)
    back = await confirmed(scene, await begun(alice, await scene.setup_url()), "alice")
    pages = await asyncio.gather(*(alice.open(back) for _ in range(10)))
    assert sorted(page.status for page in pages) == [200] + [403] * 9


async def test_an_end_user_who_is_suspended_or_deleted_meanwhile_does_not_come_back(scene: Scene) -> None:
    alice, url = await logged_in(scene, None), await scene.setup_url()
    first, second = await begun(alice, url), await begun(alice, url)
    record = await scene.end_user("alice")
    back = await confirmed(scene, first, "alice")
    await scene.product.rest.post(f"/end-users/{record['id']}/suspend")
    assert (await alice.open(back)).status == 403
    await scene.product.rest.post(f"/end-users/{record['id']}/resume")
    back = await confirmed(scene, second, "alice")
    await scene.product.rest.delete(f"/end-users/{record['id']}")
    assert (await alice.open(back)).status == 403


@pytest.mark.parametrize("secret", ["x", "hor_" + "0" * 38, "../../etc", "%2e%2e", "hoc_abc"])
async def test_a_way_back_that_nobody_was_given_leads_nowhere(scene: Scene, secret: str) -> None:
    page = await (await logged_in(scene, None)).open(f"/connect/return/{secret}")
    assert page.status in (403, 404)


async def test_who_is_not_logged_in_at_the_product_is_asked_to_log_in_there(scene: Scene) -> None:
    nobody = await logged_in(scene, None)
    answer = await nobody.http.get(await begun(nobody, await scene.setup_url()))
    assert answer.headers["location"].startswith("/login?next=")


async def test_neither_challenge_nor_way_back_nor_code_is_in_any_log(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    alice, url = await logged_in(scene, "alice"), await scene.setup_url()
    address = await begun(alice, url)
    back = await confirmed(scene, address, "alice")
    await alice.open(back)
    await scene.ask_for("email")
    bob, url = await logged_in(scene, None), await scene.setup_url("bob")
    asked = await bob.send(step_form(await bob.open(url), "send"))
    code = await scene.code("bob@corp.example")
    await bob.send(step_form(asked, "code"), code=code)
    captured = capsys.readouterr()
    logged = captured.out + captured.err
    assert "/connect/return/" in logged
    assert "bob@corp.example" in logged
    for secret in (challenge_in(address), back.rpartition("/")[2], url.rpartition("/")[2]):
        assert secret[4:] not in logged
    assert not re.search(rf"\b{code}\b", logged)
