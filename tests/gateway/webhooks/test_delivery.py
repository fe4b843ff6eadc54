"""What product backends are told of, by a real gateway to a real receiver."""

import time
from collections import Counter
from datetime import UTC, datetime

from gateway.wiring import Gateway
from storage.scope import TenantScope
from tests.gateway.webhooks.conftest import Backend
from tests.parts.receiver import Heard, Receiver, receiving
from tests.parts.rest import failure, new_organization

WITHIN_SECONDS = 5


async def test_every_connection_change_reaches_a_healthy_receiver_within_five_seconds(
    gateway: Gateway, backend: Backend, receiver: Receiver
) -> None:
    _, secret = await backend.registers(receiver.url)
    begun: dict[str, float] = {}

    async def doing(event: str, count: int) -> Heard:
        heard = (await receiver.hears(count, patience=WITHIN_SECONDS))[-1]
        took = heard.at - begun[event]
        print(f"{event}: {took * 1000:.0f} ms after it was asked for")
        assert heard.event["type"] == event
        assert took < WITHIN_SECONDS
        assert heard.signed_by(secret)
        return heard

    begun["connection.created"] = time.monotonic()
    made = await backend.connects("ours")
    path = f"/connections/{made['id']}"
    heard = await doing("connection.created", 1)
    assert heard.event["data"] == {"connection": made}

    begun["connection.updated"] = time.monotonic()
    renamed = await backend.does("PATCH", path, {"displayName": "Ours"})
    heard = await doing("connection.updated", 2)
    assert heard.event["data"] == renamed.json()

    begun["connection.error"] = time.monotonic()
    async with gateway.database.read() as tx:
        row = await tx.connections.get(TenantScope(heard.event["organizationId"]), made["id"])
    assert row is not None
    await gateway.refresh.mark_rejected(row, "the key was revoked")
    heard = await doing("connection.error", 3)
    assert heard.event["data"]["connection"]["lastError"] == (
        "GitHub no longer accepts this account (the key was revoked). Connect the account again."
    )

    begun["connection.recovered"] = time.monotonic()
    await backend.does("PUT", f"{path}/credentials", {"secretText": "another"})
    heard = await doing("connection.recovered", 4)
    assert heard.event["data"]["connection"]["status"] == "ACTIVE"

    begun["connection.deleted"] = time.monotonic()
    await backend.does("DELETE", path)
    heard = await doing("connection.deleted", 5)
    assert heard.event["data"]["connection"]["id"] == made["id"]


async def test_a_credential_replaced_while_it_works_is_an_update(backend: Backend, receiver: Receiver) -> None:
    made = await backend.connects("ours")
    await backend.registers(receiver.url)
    await backend.does("PUT", f"/connections/{made['id']}/credentials", {"secretText": "another"})
    assert (await receiver.hears(1))[0].event["type"] == "connection.updated"


async def test_a_refused_credential_is_told_once_however_many_calls_find_out(
    gateway: Gateway, backend: Backend, receiver: Receiver
) -> None:
    made = await backend.connects("ours")
    await backend.registers(receiver.url)
    async with gateway.database.read() as tx:
        organization = (await tx.organizations.all())[0]
        row = await tx.connections.get(TenantScope(organization.id), made["id"])
    assert row is not None
    for _ in range(3):
        await gateway.refresh.mark_rejected(row, "revoked")
    await backend.does("PUT", f"/connections/{made['id']}/credentials", {"secretText": "another"})
    await gateway.refresh.mark_rejected(row, "revoked")
    await backend.does("PATCH", f"/connections/{made['id']}", {"displayName": "Ours"})
    await receiver.hears(3)
    assert receiver.types == ["connection.error", "connection.recovered", "connection.updated"]


async def test_the_life_of_an_end_user_is_told(backend: Backend, receiver: Receiver) -> None:
    await backend.registers(receiver.url)
    made = await backend.rest.made("/end-users", {"workspaceId": "main", "externalId": "alice"})
    await backend.connects("alices", endUserId="alice")
    await backend.connects("bobs", endUserId="bob")
    await backend.does("DELETE", f"/end-users/{made['id']}")
    await receiver.hears(6)
    told = {
        name: [heard.event["type"] for heard in receiver.heard if f'"{name}"' in heard.body]
        for name in ("alice", "bob")
    }
    assert told == {
        "alice": ["end_user.created", "connection.created", "connection.deleted", "end_user.deleted"],
        "bob": ["end_user.created", "connection.created"],
    }


async def test_a_list_of_end_users_is_told_one_by_one_and_repeating_it_tells_nothing(
    backend: Backend, receiver: Receiver
) -> None:
    await backend.registers(receiver.url)
    people = {"workspaceId": "main", "endUsers": [{"externalId": f"person-{number}"} for number in range(50)]}
    for _ in range(2):
        await backend.does("PUT", "/end-users/sync", people)
    await backend.connects("last")
    await receiver.hears(51)
    assert Counter(receiver.types) == {"end_user.created": 50, "connection.created": 1}


async def test_what_fails_is_told_to_nobody(backend: Backend, receiver: Receiver) -> None:
    await backend.connects("ours")
    await backend.registers(receiver.url)
    body = {"type": "SECRET_TEXT", "secretText": "s", "integrationName": "github", "displayName": "x"}
    duplicate = {**body, "externalId": "ours", "workspaceId": "main", "endUserId": "new"}
    await backend.rest.made("/connections", duplicate)
    answer = await backend.rest.post("/connections", duplicate)
    assert failure(answer) == (409, "DUPLICATE")
    await backend.connects("last")
    await receiver.hears(3)
    assert Counter(receiver.types) == {"end_user.created": 1, "connection.created": 2}


async def test_what_happens_to_one_person_is_told_in_its_order(backend: Backend, receiver: Receiver) -> None:
    await backend.registers(receiver.url)
    for number in range(30):
        await backend.connects(f"c{number}", endUserId=f"person-{number % 5}")
    await receiver.hears(35)
    for person in range(5):
        told = [heard.event for heard in receiver.heard if f'"person-{person}"' in heard.body]
        assert [event["type"] for event in told] == ["end_user.created", *(["connection.created"] * 6)]
        names = [event["data"]["connection"]["displayName"] for event in told[1:]]
        assert names == [f"c{number}" for number in range(30) if number % 5 == person]


async def test_an_event_of_one_thing_never_overtakes_another_of_it(backend: Backend, receiver: Receiver) -> None:
    await backend.registers(receiver.url)
    made = [await backend.connects(f"c{number}") for number in range(8)]
    for number in range(20):
        for each in made:
            await backend.does("PATCH", f"/connections/{each['id']}", {"displayName": f"n{number}"})
    await receiver.hears(8 * 21)
    for each in made:
        of_it = [heard.event["data"]["connection"] for heard in receiver.heard]
        names = [connection["displayName"] for connection in of_it if connection["id"] == each["id"]]
        assert names == [each["displayName"], *(f"n{number}" for number in range(20))]


async def test_one_silent_receiver_keeps_no_other_from_hearing(backend: Backend, receiver: Receiver) -> None:
    async with receiving() as silent:
        silent.hanging = lambda _heard: True
        await backend.registers(silent.url)
        await backend.registers(receiver.url)
        for number in range(20):
            await backend.connects(f"c{number}")
        await receiver.hears(20, patience=WITHIN_SECONDS)
        assert silent.heard


async def test_an_event_that_a_receiver_hangs_on_holds_up_no_other(backend: Backend) -> None:
    async with receiving() as receiver:
        receiver.hanging = lambda heard: "poison" in heard.body
        await backend.registers(receiver.url)
        for number in range(3):
            await backend.connects(f"poison-{number}")
        await receiver.hears(3)
        for number in range(200):
            await backend.connects(f"c{number}")
        await receiver.hears(203, patience=WITHIN_SECONDS)


async def test_a_workspaces_webhook_hears_of_its_workspace_and_nobody_of_another_organization(
    backend: Backend, receiver: Receiver
) -> None:
    async with receiving() as elsewhere:
        await backend.rest.made("/workspaces", {"name": "Other", "slug": "other"})
        stranger = Backend((await new_organization(backend.rest, "stranger"))[1], "")
        await stranger.registers(elsewhere.url)
        await backend.registers(elsewhere.url, workspaceId="other")
        await backend.registers(receiver.url)
        await backend.connects("ours")
        await backend.connects("theirs", workspaceId="other")
        await receiver.hears(2)
        [heard] = await elsewhere.hears(1)
        assert heard.event["data"]["connection"]["externalId"] == "theirs"


async def test_a_test_event_is_sent_at_once_and_says_what_came_of_it(backend: Backend, receiver: Receiver) -> None:
    webhook, secret = await backend.registers(receiver.url, events=["end_user.linked"])
    await backend.does("PATCH", f"/webhooks/{webhook['id']}", {"enabled": False})
    tried = (await backend.does("POST", f"/webhooks/{webhook['id']}/test")).json()["delivery"]
    assert (tried["status"], tried["lastStatus"], tried["attempts"]) == ("DELIVERED", 200, 1)
    [heard] = receiver.heard
    assert heard.signed_by(secret)
    assert heard.event == tried["body"]
    assert heard.event["type"] == "webhook.ping"
    assert heard.event["data"] == {"webhook": {"id": webhook["id"]}}


async def test_a_test_event_that_fails_is_not_repeated_and_disables_nothing(backend: Backend) -> None:
    webhook, _ = await backend.registers("http://127.0.0.1:9/hooks")
    tried = (await backend.does("POST", f"/webhooks/{webhook['id']}/test")).json()["delivery"]
    assert tried["status"] == "FAILED"
    assert "127.0.0.1" in tried["lastError"]
    assert (await backend.rest.get(f"/webhooks/{webhook['id']}")).json()["webhook"]["enabled"] is True


async def test_an_exchanged_secret_signs_beside_the_new_one(backend: Backend, receiver: Receiver) -> None:
    webhook, old = await backend.registers(receiver.url)
    path = f"/webhooks/{webhook['id']}/rotate-secret"
    new = (await backend.does("POST", path, {"overlapSeconds": 3600})).json()["secret"]
    await backend.connects("one")
    [heard] = await receiver.hears(1)
    assert heard.signed_by(old)
    assert heard.signed_by(new)
    newest = (await backend.does("POST", path, {"overlapSeconds": 0})).json()["secret"]
    await backend.connects("two")
    heard = (await receiver.hears(2))[-1]
    assert heard.signed_by(newest)
    assert not heard.signed_by(new)


async def test_the_headers_are_those_of_standard_webhooks(backend: Backend, receiver: Receiver) -> None:
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("one")
    [heard] = await receiver.hears(1)
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["webhook-id"] == heard.event["id"]
    assert heard.event["id"].startswith("evt_")
    assert abs(int(heard.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    [delivery] = await backend.deliveries(webhook)
    assert delivery["eventId"] == heard.event["id"]


async def test_a_thousand_events_drain_in_half_a_minute(backend: Backend, receiver: Receiver) -> None:
    events = 1000
    webhook, _ = await backend.registers(receiver.url)
    people = [{"externalId": f"person-{number}"} for number in range(events)]
    begun = time.monotonic()
    await backend.does("PUT", "/end-users/sync", {"workspaceId": "main", "endUsers": people})
    told = time.monotonic()
    await receiver.hears(events, patience=30)
    drained = time.monotonic()
    print(f"{events} events: written in {told - begun:.2f} s, all received {drained - told:.2f} s after the answer")
    assert len({heard.event["id"] for heard in receiver.heard}) == events
    await backend.noted(webhook, "DELIVERED", events)
