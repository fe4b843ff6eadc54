"""What others publish: how long it is kept, and what becomes of it when it can't be had."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from gateway.kit.published import Published
from tests.parts.clock import Time

HERE = "https://keys.example/"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class OutOfReach(Exception):
    """Nothing can be told just now."""


class Gone(Exception):
    """There is nothing any more."""


@dataclass
class Publisher:
    """Answers with how often it was asked, or fails."""

    asked: int = 0
    failure: Exception | None = None
    strange: list[str] = field(default_factory=list[str])

    async def read(self, _address: str) -> tuple[int, timedelta]:
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return self.asked, 10 * MINUTE


def kept(publisher: Publisher, time: Time, *, serves_on: timedelta) -> Published[int]:
    return Published(
        publisher.read, passing=OutOfReach, clock=time, serves_on=serves_on, before_strange=publisher.strange.append
    )


async def test_a_value_holds_as_long_as_it_says_and_is_asked_for_anew_after_half_a_minute() -> None:
    publisher, time = Publisher(), Time()
    published = kept(publisher, time, serves_on=HOUR)
    assert not published.has(HERE)
    assert [await published.get(HERE), await published.get(HERE), await published.anew(HERE)] == [1, 1, 1]
    time.passed += MINUTE
    assert [await published.anew(HERE), await published.get(HERE)] == [2, 2]
    time.passed += 10 * MINUTE
    assert await published.get(HERE) == 3
    assert published.has(HERE)
    assert publisher.strange == [HERE]


async def test_what_was_there_before_serves_on_while_nothing_can_be_told() -> None:
    publisher, time = Publisher(), Time()
    published = kept(publisher, time, serves_on=HOUR)
    await published.get(HERE)
    publisher.failure = OutOfReach()
    time.passed += 30 * MINUTE
    assert [await published.get(HERE), await published.get(HERE), publisher.asked] == [1, 1, 2]
    time.passed += 31 * MINUTE
    with pytest.raises(OutOfReach):
        await published.get(HERE)


async def test_without_serving_on_a_failure_is_told_and_takes_nothing_away() -> None:
    publisher, time = Publisher(), Time()
    published = kept(publisher, time, serves_on=timedelta(0))
    await published.get(HERE)
    publisher.failure = OutOfReach()
    time.passed += MINUTE
    with pytest.raises(OutOfReach):
        await published.anew(HERE)
    assert await published.get(HERE) == 1


async def test_what_is_gone_is_forgotten() -> None:
    publisher, time = Publisher(), Time()
    published = kept(publisher, time, serves_on=HOUR)
    await published.get(HERE)
    publisher.failure = Gone()
    time.passed += 11 * MINUTE
    with pytest.raises(Gone):
        await published.get(HERE)
    assert not published.has(HERE)


async def test_a_strange_address_may_be_refused_before_it_is_asked() -> None:
    def refuse(address: str) -> None:
        raise Gone(address)

    publisher = Publisher()
    published = Published(publisher.read, passing=OutOfReach, clock=Time(), before_strange=refuse)
    with pytest.raises(Gone):
        await published.get(HERE)
    assert publisher.asked == 0
