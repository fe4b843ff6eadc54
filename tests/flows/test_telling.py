"""What happens to a person's account, told to the product's backend through a whole gateway over loopback."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.portal.shop import Shop, open_shop
from tests.parts.receiver import Heard, Receiver, receiving

WITHIN_SECONDS = 5


class Ear:
    """The product's backend, asked for the next thing that it is told."""

    def __init__(self, receiver: Receiver, secret: str) -> None:
        self._receiver = receiver
        self._secret = secret
        self._heard = 0

    async def next(self) -> Heard:
        """Return the next event; it has to come soon, and signed."""
        begun = time.monotonic()
        self._heard += 1
        heard = (await self._receiver.hears(self._heard, patience=WITHIN_SECONDS))[self._heard - 1]
        assert heard.signed_by(self._secret)
        print(f"{heard.event['type']}: {(time.monotonic() - begun) * 1000:.0f} ms later")
        return heard

    async def hears(self, *events: str) -> Heard:
        """Wait for these events in their order; returns the last."""
        heard = [await self.next() for _ in events]
        assert [each.event["type"] for each in heard] == list(events)
        return heard[-1]


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, egress_allow=("127.0.0.1",)) as opened:
        yield opened


@pytest.fixture
async def ear(shop: Shop) -> AsyncIterator[Ear]:
    async with receiving() as receiver:
        answer = await shop.rest.post("/webhooks", {"url": receiver.url})
        assert answer.status_code == 201, answer.text
        yield Ear(receiver, answer.json()["secret"])


async def test_the_life_of_an_account_is_told_within_five_seconds_of_each_turn(shop: Shop, ear: Ear) -> None:
    person = await shop.browser()
    await person.connect(await shop.link())
    made = (await ear.hears("connection.created")).event["data"]["connection"]
    assert (made["endUserId"], made["accountLabel"]) == ("alice", "alice@acme.example")

    await person.connect(await shop.link())
    await ear.hears("connection.updated")

    shop.served.acme.app.revoke_tokens("alice")
    for _ in range(3):
        await shop.product.execute("acme", "whoami", "alice")
    broken = (await ear.hears("connection.error")).event["data"]["connection"]
    assert (broken["id"], broken["status"]) == (made["id"], "ERROR")
    assert "no longer renews the access" in broken["lastError"]

    await person.connect(await shop.link())
    await ear.hears("connection.recovered")

    page = await person.open((await person.open(await shop.link())).link("Disconnect"))
    await person.send(page.form(f"{person.at}/connect/disconnect"))
    gone = (await ear.hears("connection.deleted")).event["data"]["connection"]
    assert gone["id"] == made["id"]


async def test_a_hosted_connect_for_somebody_unknown_tells_of_the_person_first(shop: Shop, ear: Ear) -> None:
    session = await shop.session()
    await (await shop.browser()).connect(session["connectUrl"])
    connected = await ear.hears("end_user.created", "connection.created")
    assert connected.event["data"]["connection"]["endUserId"] == "carol"


async def test_a_renewed_token_is_no_news(shop: Shop, ear: Ear) -> None:
    await (await shop.browser()).connect(await shop.link())
    await ear.hears("connection.created")
    shop.served.acme.app.expire_access_tokens("alice")
    assert (await shop.product.execute("acme", "whoami", "alice")).status_code == 200
    assert shop.served.acme.app.counters.refreshes == 1
    [connection] = await shop.connections()
    await shop.rest.patch(f"/connections/{connection['id']}", {"displayName": "Mine"})
    await ear.hears("connection.updated")


async def test_a_workspace_that_goes_is_told_account_by_account_and_person_by_person(shop: Shop, ear: Ear) -> None:
    await (await shop.browser()).connect(await shop.link())
    await ear.hears("connection.created")
    await shop.rest.delete(f"/workspaces/{shop.product.workspace_id}")
    told = [await ear.next() for _ in range(3)]
    of_alice = [each.event["type"] for each in told if '"alice"' in each.body]
    assert of_alice == ["connection.deleted", "end_user.deleted"]
    assert {each.event["workspaceId"] for each in told} == {shop.product.workspace_id}
