"""A link out of a tool's answer, opened by a token that the product signs: the example of the docs, run as it stands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.portal.identity_scene import Scene, identity_scene, is_portal, step_form
from tests.gateway.portal.test_handoff import example_backend, logged_in, passed
from tests.gateway.portal.visiting import Page, Person

EXAMPLE = Path(__file__).parents[3] / "docs" / "signed-handoff.md"
SECRET = "a secret that the product and the gateway share"


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Alice, bob and a product that logs them in: who has its session cookie is logged in."""
    async with (
        identity_scene(tmp_path) as opened,
        example_backend(EXAMPLE, TOOLGATE=opened.served.url, HANDOFF_SECRET=SECRET) as address,
    ):
        await opened.ask_for("handoff", handoffUrl=address)
        path = f"/workspaces/{opened.product.workspace_id}/handoff-key"
        assert (await opened.product.rest.put(path, {"secret": SECRET})).status_code == 200
        yield opened


async def brought(person: Person, url: str) -> Page:
    """Begin, come to the product, and send the form of its page, as its script would."""
    return await person.send((await passed(person, url)).forms[0])


async def test_who_is_logged_in_at_the_product_gets_in(scene: Scene) -> None:
    alice, url = await logged_in(scene, "alice"), await scene.setup_url()
    back = await brought(alice, url)
    assert [form.fields["step"] for form in back.forms] == ["go"]
    assert is_portal(await alice.send(back.forms[0]))
    assert scene.sink.received == []


async def test_somebody_else_who_is_logged_in_is_told_so_and_gets_nothing(scene: Scene) -> None:
    bob, url = await logged_in(scene, "bob"), await scene.setup_url("alice")
    page = await brought(bob, url)
    assert (page.status, "You are signed in as somebody else" in page.title) == (403, True)
    assert [form.fields["step"] for form in (await bob.open(url)).forms] == ["handoff"]
    assert is_portal(await bob.send(step_form(await bob.open(await scene.setup_url("bob")), "go")))


async def test_a_token_counts_once_and_without_one_nobody_gets_in(scene: Scene) -> None:
    alice, url = await logged_in(scene, "alice"), await scene.setup_url()
    form = (await passed(alice, url)).forms[0]
    assert (await alice.send(form, token=None)).status == 403
    assert (await alice.send(form)).status == 200
    again = await alice.send(form)
    assert (again.status, again.title) == (403, "Signing in did not work")


async def test_a_hand_off_that_an_attacker_began_and_a_victim_followed_opens_nothing_for_either(scene: Scene) -> None:
    url = await scene.setup_url()
    attacker, victim = await logged_in(scene, None), await logged_in(scene, "alice")
    address = (await attacker.send(step_form(await attacker.open(url), "handoff"))).onward or ""
    lured = await victim.send((await victim.open(address)).forms[0])
    assert (lured.status, "in the browser in which it was begun" in lured.text) == (403, True)
    for person in (attacker, victim):
        assert [form.fields["step"] for form in (await person.open(url)).forms] == ["handoff"]
