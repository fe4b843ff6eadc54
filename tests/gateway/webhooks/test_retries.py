"""Receivers in trouble: what is tried again and when, what is given up, what may be sent again."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.kit.clock import to_wire
from gateway.settings import Settings
from gateway.webhooks import sender
from gateway.webhooks.retention import DELIVERED_KEPT, FAILED_KEPT, Retention
from gateway.webhooks.schedule import HOLDING_ATTEMPTS, RETRY_DELAYS
from gateway.wiring import Gateway, open_gateway
from tests.gateway.connections.renewing import HandClock
from tests.gateway.webhooks.conftest import Backend
from tests.parts.loopback import answer
from tests.parts.ports import free_port
from tests.parts.receiver import FAILING, OK, Heard, Receiver, receiving
from tests.parts.rest import failure

LONGER = 1.21
"""More than a delay with its jitter."""
GONE = answer(b"", status="410 Gone")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def gateway(settings: Settings, clock: HandClock) -> AsyncIterator[Gateway]:
    async with open_gateway(settings, clock=clock) as opened:
        yield opened


@pytest.fixture
def later(gateway: Gateway, clock: HandClock) -> "Later":
    return Later(gateway, clock)


class Later:
    """Lets time pass."""

    def __init__(self, gateway: Gateway, clock: HandClock) -> None:
        self._gateway = gateway
        self._clock = clock

    def __call__(self, delay: timedelta) -> None:
        self._clock.advance(delay.total_seconds() * LONGER)
        # By its own clock it would sleep for as long.
        self._gateway.changes.publish([("webhook_deliveries", "")])

    def after_attempt(self, number: int) -> None:
        self(RETRY_DELAYS[number - 1])


@pytest.mark.parametrize(
    ("says", "status", "error"),
    [
        (FAILING, 500, "the receiver answered 500"),
        (answer(b"", status="404 Not Found"), 404, "the receiver answered 404"),
        (answer(b"", "location: https://elsewhere.example/", status="302 Found"), 302, "which is not followed"),
        (b"nonsense\r\n\r\n", None, "its answer was not HTTP"),
        (answer(b"x" * 100_000), None, "larger"),
        (answer(b"", "content-encoding: br"), None, "content encoding"),
    ],
)
async def test_what_is_not_taken_is_tried_again_under_the_same_id(
    backend: Backend, receiver: Receiver, later: Later, says: bytes, status: int | None, error: str
) -> None:
    receiver.answering = lambda _heard: says
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("one")
    failed = await backend.tried(webhook, 1)
    assert failed.get("lastStatus") == status
    assert error in failed["lastError"]
    receiver.answering = lambda _heard: OK
    later.after_attempt(1)
    await receiver.hears(2)
    [delivered] = await backend.noted(webhook, "DELIVERED", 1)
    assert (delivered["attempts"], delivered["lastStatus"]) == (2, 200)
    assert not {"lastError", "nextAttemptAt"} & delivered.keys()
    assert receiver.heard[0].headers["webhook-id"] == receiver.heard[1].headers["webhook-id"]
    assert receiver.heard[0].headers["webhook-timestamp"] < receiver.heard[1].headers["webhook-timestamp"]
    assert receiver.heard[0].body == receiver.heard[1].body


async def test_a_receiver_that_takes_again_what_it_has_refused_soon_gets_the_rest(
    backend: Backend, receiver: Receiver, later: Later
) -> None:
    receiver.answering = lambda _heard: FAILING
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("first")
    for number in range(1, HOLDING_ATTEMPTS):
        await backend.tried(webhook, number)
        later.after_attempt(number)
    await backend.tried(webhook, HOLDING_ATTEMPTS)
    # The first has ten minutes to wait, the second five seconds.
    await backend.connects("second")
    await backend.tried(webhook, 1)
    receiver.answering = lambda _heard: OK
    later.after_attempt(1)
    await backend.noted(webhook, "DELIVERED", 1)
    later.after_attempt(1)
    await backend.noted(webhook, "DELIVERED", 2)


async def test_what_a_receiver_always_refuses_is_not_hurried_by_what_it_takes_at_once(
    backend: Backend, receiver: Receiver, later: Later
) -> None:
    receiver.answering = lambda heard: FAILING if "poison" in heard.body else OK
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("poison")
    await backend.tried(webhook, 1)
    later.after_attempt(1)
    before = await backend.tried(webhook, 2)
    for name in ("one", "two"):
        await backend.connects(name)
    await backend.noted(webhook, "DELIVERED", 2)
    assert (await backend.tried(webhook, 2))["nextAttemptAt"] == before["nextAttemptAt"]


@pytest.mark.parametrize("part", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\ndrip"], ids=["silent", "dripping"])
async def test_who_does_not_answer_in_time_is_tried_again(
    backend: Backend, receiver: Receiver, later: Later, part: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "TIMEOUT_SECONDS", 0.3)
    receiver.answering = lambda _heard: part
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("one")
    assert "gave no complete answer in time" in (await backend.tried(webhook, 1))["lastError"]
    receiver.answering = lambda _heard: OK
    later.after_attempt(1)
    await backend.noted(webhook, "DELIVERED", 1)


async def test_a_webhook_whose_secret_can_not_be_opened_is_mended_by_rotating_it(
    gateway: Gateway, backend: Backend, receiver: Receiver, later: Later
) -> None:
    webhook, _ = await backend.registers(receiver.url)
    async with gateway.database.write() as tx:
        row = await tx.webhooks.find(webhook["id"])
        assert row is not None
        await tx.webhooks.update(row, sealed=b"\x01of another key")
    await backend.connects("one")
    assert "rotate it" in (await backend.tried(webhook, 1))["lastError"]
    assert receiver.heard == []
    await backend.does("POST", f"/webhooks/{webhook['id']}/rotate-secret")
    later.after_attempt(1)
    await receiver.hears(1)


async def test_nobody_at_the_address_is_tried_again(backend: Backend, later: Later) -> None:
    port = free_port()
    webhook, _ = await backend.registers(f"http://127.0.0.1:{port}/hooks")
    await backend.connects("one")
    failed = await backend.tried(webhook, 1)
    assert "no connection to 127.0.0.1" in failed["lastError"]
    async with receiving() as moved:
        await backend.does("PATCH", f"/webhooks/{webhook['id']}", {"url": moved.url})
        later.after_attempt(1)
        await moved.hears(1)


async def test_a_receiver_that_takes_nothing_for_days_is_disabled_with_the_reason(
    backend: Backend, receiver: Receiver, later: Later
) -> None:
    receiver.answering = lambda _heard: FAILING
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("one")
    for number in range(1, len(RETRY_DELAYS) + 1):
        await backend.tried(webhook, number)
        if number == len(RETRY_DELAYS):
            await backend.connects("two")
        later.after_attempt(number)
    await backend.noted(webhook, "FAILED", 2)
    shown = (await backend.rest.get(f"/webhooks/{webhook['id']}")).json()["webhook"]
    assert shown["enabled"] is False
    assert "nothing was taken for 2 days" in shown["disabledReason"]
    assert "the receiver answered 500" in shown["disabledReason"]

    await backend.connects("three")
    assert len(await backend.deliveries(webhook)) == 2


async def test_a_receiver_that_refuses_one_event_for_days_and_takes_others_is_not_disabled(
    backend: Backend, receiver: Receiver, later: Later
) -> None:
    receiver.answering = lambda heard: FAILING if "poison" in heard.body else OK
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("poison")
    for number in range(1, len(RETRY_DELAYS) + 1):
        await backend.tried(webhook, number)
        if number == len(RETRY_DELAYS):
            await backend.connects("good")
            await backend.noted(webhook, "DELIVERED", 1)
        later.after_attempt(number)
    await backend.noted(webhook, "FAILED", 1)
    assert (await backend.rest.get(f"/webhooks/{webhook['id']}")).json()["webhook"]["enabled"] is True


async def test_410_disables_at_once(backend: Backend, receiver: Receiver) -> None:
    receiver.answering = lambda _heard: GONE
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("one")
    await backend.noted(webhook, "FAILED", 1)
    shown = (await backend.rest.get(f"/webhooks/{webhook['id']}")).json()["webhook"]
    assert (shown["enabled"], "410" in shown["disabledReason"]) == (False, True)


async def test_a_receiver_that_asks_to_be_left_alone_is(backend: Backend, receiver: Receiver, later: Later) -> None:
    receiver.answering = lambda _heard: answer(b"", "retry-after: 600", status="429 Too Many Requests")
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("one")
    await backend.tried(webhook, 1)
    receiver.answering = lambda _heard: OK
    await backend.connects("two")
    later(timedelta(seconds=400))
    async with receiving() as other:
        await backend.registers(other.url)
        await backend.connects("three")
        await other.hears(1)
    assert len(receiver.heard) == 1
    later(timedelta(seconds=200))
    await receiver.hears(4)


async def test_a_webhook_that_is_changed_is_not_left_alone_any_longer(backend: Backend, receiver: Receiver) -> None:
    receiver.answering = lambda _heard: answer(b"", "retry-after: 600", status="503 Service Unavailable")
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("one")
    await backend.tried(webhook, 1)
    await backend.connects("two")
    async with receiving() as moved:
        await backend.does("PATCH", f"/webhooks/{webhook['id']}", {"url": moved.url})
        [heard] = await moved.hears(1)
        assert heard.event["data"]["connection"]["externalId"] == "two"


async def test_what_is_refused_holds_up_its_own_thing_only_and_for_a_quarter_of_an_hour(
    backend: Backend, receiver: Receiver, later: Later
) -> None:
    def is_refused(heard: Heard) -> bool:
        return heard.event["type"] == "connection.created" and "first" in heard.body

    receiver.answering = lambda heard: FAILING if is_refused(heard) else OK
    webhook, _ = await backend.registers(receiver.url)
    made = await backend.connects("first")
    await receiver.hears(1)
    await backend.does("PATCH", f"/connections/{made['id']}", {"displayName": "renamed"})
    await backend.connects("second")
    await receiver.hears(2)
    assert receiver.types == ["connection.created", "connection.created"]
    for number in range(1, HOLDING_ATTEMPTS + 1):
        await backend.tried(webhook, number)
        assert "connection.updated" not in receiver.types
        later.after_attempt(number)
    await receiver.hears(2 + HOLDING_ATTEMPTS + 1)
    assert receiver.types[-1] == "connection.updated"


async def test_a_failed_event_is_sent_again_when_asked_to_under_its_old_id(
    backend: Backend, receiver: Receiver, clock: HandClock
) -> None:
    receiver.answering = lambda _heard: GONE
    webhook, _ = await backend.registers(receiver.url)
    made = await backend.connects("one")
    [failed] = await backend.noted(webhook, "FAILED", 1)
    path = f"/webhooks/{webhook['id']}/deliveries/{failed['id']}/replay"
    assert failure(await backend.rest.post(path)) == (409, "CONFLICT")
    await backend.does("PATCH", f"/webhooks/{webhook['id']}", {"enabled": True})
    receiver.answering = lambda _heard: OK
    for count in (2, 3):
        shown = (await backend.does("POST", path)).json()["delivery"]
        assert (shown["status"], shown["attempts"]) == ("PENDING", 0)
        heard = (await receiver.hears(count))[-1]
        assert heard.headers["webhook-id"] == failed["eventId"]
        assert heard.event["data"]["connection"]["id"] == made["id"]
        await backend.noted(webhook, "DELIVERED", 1)
    other, _ = await backend.registers(receiver.url)
    foreign = f"/webhooks/{other['id']}/deliveries/{failed['id']}/replay"
    assert failure(await backend.rest.post(foreign)) == (404, "NOT_FOUND")


async def test_all_that_failed_since_a_moment_is_sent_again(
    backend: Backend, receiver: Receiver, clock: HandClock
) -> None:
    webhook, _ = await backend.registers(receiver.url)
    path = f"/webhooks/{webhook['id']}"
    receiver.answering = lambda _heard: FAILING
    await backend.connects("before")
    clock.advance(60)
    since = to_wire(clock())
    for number in range(3):
        await backend.connects(f"c{number}")
    await receiver.hears(4)
    await backend.does("PATCH", path, {"enabled": False})
    for each in await backend.noted(webhook, "FAILED", 4):
        assert "disabled over REST" in each["lastError"]
    receiver.answering = lambda _heard: OK
    await backend.does("PATCH", path, {"enabled": True})
    assert (await backend.does("POST", f"{path}/replay", {"since": since})).json() == {"replayed": 3}
    await backend.noted(webhook, "DELIVERED", 3)
    assert (await backend.does("POST", f"{path}/replay", {"since": since})).json() == {"replayed": 0}


async def test_old_deliveries_are_swept(
    gateway: Gateway, backend: Backend, receiver: Receiver, clock: HandClock
) -> None:
    receiver.answering = lambda heard: GONE if "bad" in heard.body else OK
    webhook, _ = await backend.registers(receiver.url)
    await backend.connects("good")
    await backend.noted(webhook, "DELIVERED", 1)
    await backend.connects("bad")
    await backend.noted(webhook, "FAILED", 1)
    retention = Retention(gateway.database, clock=clock)

    async def kept_after(moment: timedelta) -> list[str]:
        clock.advance(moment.total_seconds())
        await retention.sweep()
        return [each["status"] for each in await backend.deliveries(webhook)]

    assert await kept_after(DELIVERED_KEPT) == ["FAILED", "DELIVERED"]
    assert await kept_after(timedelta(seconds=1)) == ["FAILED"]
    assert await kept_after(FAILED_KEPT - DELIVERED_KEPT) == []


async def test_neither_secrets_nor_addresses_are_logged(
    backend: Backend, receiver: Receiver, later: Later, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.answering = lambda _heard: FAILING
    webhook, secret = await backend.registers(f"{receiver.url}?key=c4n4ry")
    await backend.connects("one")
    for number in range(1, len(RETRY_DELAYS) + 1):
        await backend.tried(webhook, number)
        later.after_attempt(number)
    await backend.noted(webhook, "FAILED", 1)
    written = "".join(capsys.readouterr())
    assert "webhook disabled" in written
    for hidden in (secret, secret.removeprefix("whsec_"), "c4n4ry"):
        assert hidden not in written
        assert hidden not in str(await backend.deliveries(webhook))
