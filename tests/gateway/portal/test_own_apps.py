"""Connecting with a tenant's own OAuth app: shown on the way out, for the code, for renewing and for revoking."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from gateway.acme import Acme
from tests.gateway.connections.renewing import HandClock
from tests.gateway.portal.shop import Shop, open_shop

SECRET = "the-secret-of-the-shop"
CLIENT = {"integrationName": "acme", "name": "The shop's own", "clientId": "of-the-shop", "clientSecret": SECRET}
EXPIRED = 3600


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def shop(tmp_path: Path, clock: HandClock) -> AsyncIterator[Shop]:
    """A shop whose Acme knows only the shop's own app, and not the deployment's."""
    acme = Acme(client_id="of-the-shop", client_secret=SECRET, clock=clock)
    unknown = {"acme": {"client_id": "toolgate", "client_secret": "of-the-deployment"}}
    async with open_shop(tmp_path, provider=acme, apps=unknown, clock=clock) as opened:
        yield opened


async def integration(shop: Shop) -> dict[str, Any]:
    path = f"/workspaces/{shop.product.workspace_id}/integrations"
    return (await shop.rest.get(path)).json()["integrations"][0]


async def own_app(shop: Shop, **fields: Any) -> dict[str, Any]:
    """Add the shop's app, and have its integration use it."""
    made = await shop.rest.made("/oauth-apps", {**CLIENT, **fields})
    await shop.product.change(await integration(shop), oauthAppMode="custom")
    return made


async def whoami(shop: Shop) -> Any:
    return await shop.product.execute("acme", "whoami", "alice")


async def test_the_app_that_a_workspace_chose_connects_renews_and_revokes(shop: Shop, clock: HandClock) -> None:
    made = await own_app(shop)
    person = await shop.browser()
    consent = await person.begin(await shop.link())
    asked = parse_qs(urlsplit(consent.address).query)
    assert asked["client_id"] == ["of-the-shop"]
    assert asked["redirect_uri"] == [made["callbackUrl"]]
    assert "Acme is connected" in (await person.answer(consent)).text
    assert (await whoami(shop)).status_code == 200
    clock.advance(EXPIRED)
    assert (await whoami(shop)).status_code == 200
    assert shop.served.acme.app.counters.refreshes == 1
    [connection] = await shop.connections()
    refused = await shop.rest.delete(f"/oauth-apps/{made['id']}")
    assert refused.json()["details"] == {"connections": 1, "workspaceIntegrations": 1}
    await shop.rest.delete(f"/connections/{connection['id']}")
    await shop.product.change(await integration(shop), oauthAppMode=None)
    # What is still to be revoked carries the app with it.
    assert (await shop.rest.delete(f"/oauth-apps/{made['id']}")).status_code == 200


async def test_the_deployments_app_is_not_taken_in_its_place(shop: Shop) -> None:
    person = await shop.browser()
    page = await person.begin(await shop.link())
    assert parse_qs(urlsplit(page.address).query)["client_id"] == ["toolgate"]
    assert page.forms == []


async def test_a_connection_keeps_its_app_when_its_integration_takes_another(shop: Shop, clock: HandClock) -> None:
    await own_app(shop)
    await (await shop.browser()).connect(await shop.link())
    await shop.product.change(await integration(shop), oauthAppMode="weavz_managed")
    clock.advance(EXPIRED)
    assert (await whoami(shop)).status_code == 200


async def test_a_wrong_secret_is_the_operators_matter_and_ends_nothing(shop: Shop, clock: HandClock) -> None:
    made = await own_app(shop)
    await (await shop.browser()).connect(await shop.link())
    await shop.rest.patch(f"/oauth-apps/{made['id']}", {"clientSecret": "mistyped"})
    clock.advance(EXPIRED)
    answer = await whoami(shop)
    assert (answer.status_code, answer.json()["code"]) == (503, "INTEGRATION_UNAVAILABLE")
    assert made["id"] in answer.json()["error"]
    await shop.rest.patch(f"/oauth-apps/{made['id']}", {"clientSecret": SECRET})
    clock.advance(600)
    assert (await whoami(shop)).status_code == 200


async def test_an_app_that_is_gone_is_told_on_the_page_and_leads_nowhere(shop: Shop) -> None:
    made = await own_app(shop)
    person = await shop.browser()
    page = await person.open(await shop.link())
    # Behind the product's back: over REST it is refused while the integration uses it.
    async with shop.served.gateway.database.write() as tx:
        for row in await tx.oauth_apps.all_sealed(after="", limit=10):
            await tx.oauth_apps.delete(row)
    said = await person.send(page.form(f"{person.at}/connect/start"))
    assert said.onward is None
    assert "not ready to be connected" in said.text
    assert made["clientId"] not in said.html
    assert await shop.connections() == []


async def test_what_more_actions_need_is_shown_as_new_and_asked_for_beside_what_is_held(shop: Shop) -> None:
    await own_app(shop)
    await shop.product.change(await integration(shop), enabledActions=["whoami", "list_notes"])
    person = await shop.browser()
    await person.connect(await shop.link())
    await shop.product.change(await integration(shop), enabledActions=["whoami", "list_notes", "create_note"])
    [connection] = await shop.connections()
    assert connection["missingScopes"] == ["notes.write"]
    assert (await whoami(shop)).status_code == 200
    consent = await person.begin(await shop.link())
    assert set(parse_qs(urlsplit(consent.address).query)["scope"][0].split()) == {
        "profile",
        "notes.read",
        "notes.write",
    }
    await person.answer(consent)
    [connection] = await shop.connections()
    assert "missingScopes" not in connection


async def test_what_the_person_unticks_at_the_provider_is_said_on_the_page_and_kept_in_mind(shop: Shop) -> None:
    await own_app(shop)
    person = await shop.browser()
    consent = await person.begin(await shop.link())
    done = await person.send(consent.forms[0], person="alice", decision="approve", scope="profile notes.read")
    assert "Some of what was asked for was not allowed" in done.text
    assert "it can use the account now" not in done.text
    [connection] = await shop.connections()
    assert set(connection["missingScopes"]) == {"notes.write", "files.read"}
    refused = (await shop.product.execute("acme", "create_note", "alice", title="Hello")).json()
    assert (refused["code"], refused["details"]["missingScopes"]) == ("CONNECTION_REQUIRED", ["notes.write"])
    await person.connect(await shop.link())
    assert (await shop.product.execute("acme", "create_note", "alice", title="Hello")).status_code == 200
