"""The page on which people see which programs act for them, and end them."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.access.granted import Granted
from gateway.access.oauth_grants import CODE_LIFETIME, NewGrant, Redemption
from gateway.kit.tokens import hash_token
from gateway.tenancy.identities import by_handoff, identity_of
from gateway.web.signed_in_browsers import stay_signed_in
from storage.records import EndUser, LinkedIdentity, McpServer
from storage.scope import TenantScope
from tests.gateway.access.granting import AGENT, CHALLENGE, REDIRECT, VERIFIER
from tests.gateway.portal.shop import Shop
from tests.gateway.portal.visiting import Page, Person

NAME = "Agent"


async def let_in(shop: Shop, external_id: str = "alice", name: str = NAME) -> Granted:
    """Have somebody let a program act for them."""
    gateway, grants = shop.served.gateway, shop.served.gateway.authorizing.grants
    server, end_user = await server_of(shop), await person_of(shop, external_id)
    client = replace(AGENT, name=name)
    new = NewGrant(
        server=server,
        end_user=end_user,
        identity_id=None,
        client=client,
        redirect_uri=REDIRECT,
        scopes=["mcp:tools"],
    )
    async with gateway.database.write() as tx:
        code = await grants.with_code(tx, new, challenge=CHALLENGE, lifetime=CODE_LIFETIME)
    resource = grants.resource_of(server.id)
    return await grants.redeem(
        client, Redemption(code=code, verifier=VERIFIER, redirect_uri=REDIRECT, resource=resource)
    )


async def server_of(shop: Shop) -> McpServer:
    listed = (await shop.rest.get("/mcp/servers", workspaceId=shop.product.workspace_id)).json()["servers"]
    wanted = {"name": "Tools", "workspaceId": shop.product.workspace_id, "authMode": "oauth"}
    oauth = next((each for each in listed if each["name"] == "Tools"), None)
    made = oauth or await shop.rest.made("/mcp/servers", wanted)
    async with shop.served.gateway.database.read() as tx:
        server = await tx.mcp_servers.find(made["id"])
    assert server is not None
    return server


async def person_of(shop: Shop, external_id: str) -> EndUser:
    found = (await shop.end_user(external_id))["endUser"]
    async with shop.served.gateway.database.read() as tx:
        workspace = (await server_of(shop)).organization_id
        end_user = await tx.end_users.get(TenantScope(workspace), found["id"])
    assert end_user is not None
    return end_user


async def grant_of(shop: Shop, granted: Granted) -> str:
    async with shop.served.gateway.database.read() as tx:
        row = await tx.mcp_tokens.by_hash(hash_token(granted.access_token))
    assert row is not None
    assert row.grant_id is not None
    return row.grant_id


async def lives(shop: Shop, granted: Granted) -> bool:
    async with shop.served.gateway.database.read() as tx:
        return await tx.mcp_tokens.by_hash(hash_token(granted.access_token)) is not None


async def agents_page(shop: Shop, person: Person, external_id: str = "alice") -> Page:
    accounts = await person.open(await shop.portal(external_id))
    return await person.open(accounts.link("Programs that act for you"))


async def test_people_see_their_programs_and_end_one(shop: Shop) -> None:
    mine, other = await let_in(shop), await let_in(shop, name="Other")
    bobs = await let_in(shop, "bob")
    person = await shop.browser()
    page = await agents_page(shop, person)
    assert "Programs that act for" in page.text
    assert "Agent On a computer of yours, for “Tools”, since" in page.text
    assert "It has done nothing yet. Last seen just now." in page.text
    assert len(page.forms) == 2
    assert page.headers["cache-control"] == "no-store"
    grant = await grant_of(shop, mine)
    first = next(form for form in page.forms if form.fields["grant"] == grant)
    ended = await person.send(first)
    assert "Done. That program" in ended.text
    assert [await lives(shop, each) for each in (mine, other, bobs)] == [False, True, True]
    again = await person.send(first)
    assert (again.status, "ended already" in again.text) == (404, True)


async def test_people_see_what_each_program_did_last_the_latest_first(shop: Shop) -> None:
    acme = {"tool": "acme__list_notes", "title": "List notes", "integration": "Acme"}
    idle, done, tried = (
        await let_in(shop, name="Idle"),
        await let_in(shop, name="Doer"),
        await let_in(shop, name="Trier"),
    )
    calls = shop.served.gateway.authorizing.calls
    calls.note(await grant_of(shop, done), **acme, failed=False)
    calls.note(await grant_of(shop, tried), **{**acme, "title": "<b>Send</b>"}, failed=True)
    await calls.write()
    page = await agents_page(shop, await shop.browser())
    assert "Last did: List notes (Acme), just now. Remove" in page.text
    assert "Last tried: <b>Send</b> (Acme), just now. It did not work." in page.text
    assert page.text.index("Trier") < page.text.index("Doer") < page.text.index("Idle")
    assert await lives(shop, idle)


async def test_of_very_many_programs_those_used_last_are_shown(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.portal.agents._MOST", 2)
    calls = shop.served.gateway.authorizing.calls
    oldest = await let_in(shop, name="Oldest")
    for name in ("Idle", "Newest"):
        await let_in(shop, name=name)
    calls.note(await grant_of(shop, oldest), tool="t", title="T", integration="I", failed=False)
    await calls.write()
    page = await agents_page(shop, await shop.browser())
    assert page.text.index("Oldest") < page.text.index("Newest") < page.text.index("1 more, last used before these")
    assert "Idle" not in page.text


async def test_where_no_program_acts_the_page_says_so(shop: Shop) -> None:
    await let_in(shop, "bob")
    page = await agents_page(shop, await shop.browser())
    assert "No program acts for you" in page.text
    assert page.forms == []


async def test_nobody_ends_what_is_somebody_elses(shop: Shop) -> None:
    await let_in(shop)
    bobs = await let_in(shop, "bob")
    person = await shop.browser()
    page = await agents_page(shop, person)
    theirs = (await agents_page(shop, await shop.browser(), "bob")).forms[0].fields["grant"]
    assert (await person.send(page.forms[0], grant=theirs)).status == 404
    assert (await person.send(page.forms[0], grant=None)).status == 404
    assert await lives(shop, bobs)


async def test_a_form_without_its_proof_or_from_another_browser_ends_nothing(shop: Shop) -> None:
    mine = await let_in(shop)
    person = await shop.browser()
    page = await agents_page(shop, person)
    for proof in (None, "", "x"):
        assert (await person.send(page.forms[0], proof=proof)).status == 403
    other = await shop.browser()
    await other.open(page.address)
    assert (await other.send(page.forms[0])).status == 403
    assert await lives(shop, mine)


async def test_a_link_for_one_integration_shows_no_programs(shop: Shop) -> None:
    await let_in(shop)
    token = parse_qs(urlsplit(await shop.link()).query)["token"][0]
    person = await shop.browser()
    assert (await person.open(f"/connect/agents?token={token}")).status == 404
    assert (await person.open("/connect/agents?token=eut_x")).status == 404
    session = await shop.session()
    assert (await person.open(f"/connect/agents?token={session['token']}")).status == 404


async def test_names_of_programs_are_text(shop: Shop) -> None:
    await let_in(shop, name="<b onclick=x>{{ 7 * 7 }}")
    page = await agents_page(shop, await shop.browser())
    assert "<b onclick" not in page.html
    assert "{{ 7 * 7 }}" in page.text


async def test_people_see_where_they_are_signed_in_and_sign_out_there(shop: Shop) -> None:
    gateway, alice = shop.served.gateway, await person_of(shop, "alice")
    scope = TenantScope(alice.organization_id, frozenset((alice.workspace_id,)))
    await link_identity(shop, alice, scope)
    person = await shop.browser()
    page = await agents_page(shop, person)
    assert "Where you are signed in" in page.text
    assert "Firefox on Linux" in page.text
    assert len(await gateway.identity.signed_in.of_end_user(scope, alice.id)) == 1
    bob = await agents_page(shop, await shop.browser(), "bob")
    assert "Firefox" not in bob.text
    await person.send(page.forms[0])
    assert await gateway.identity.signed_in.of_end_user(scope, alice.id) == []


async def link_identity(shop: Shop, alice: EndUser, scope: TenantScope) -> None:
    """Let Alice be signed in at a browser, by the product's own hand-off."""
    gateway = shop.served.gateway
    now = gateway.clock()
    claimed = by_handoff(alice.workspace_id, alice.external_id or "", display_name="Alice")
    async with gateway.database.write() as tx:
        identity = await identity_of(tx, scope, claimed, now=now)
        await stay_signed_in(tx, identity, browser="a-browser", described="Firefox on Linux", now=now)
        link = LinkedIdentity(
            id=identity.id,
            organization_id=alice.organization_id,
            workspace_id=alice.workspace_id,
            end_user_id=alice.id,
            identity_id=identity.id,
            created_at=now,
        )
        await tx.linked_identities.insert(link)
