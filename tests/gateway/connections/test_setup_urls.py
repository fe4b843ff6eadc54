"""Claims about setup URLs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from gateway.connections.setup_urls import SetupUrls
from gateway.kit.cipher import Cipher

START = datetime(2026, 11, 21, 10, 3, tzinfo=UTC)
ALICE, BOB, SLACK = str(uuid4()), str(uuid4()), str(uuid4())


class HandClock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def urls(clock: HandClock) -> SetupUrls:
    return SetupUrls(public_url="https://tools.example.com", cipher=Cipher([b"k" * 32]), clock=clock)


def setup_id(url: str) -> str:
    return url.removeprefix("https://tools.example.com/connect/s/")


def test_a_link_says_who_connects_what_until_when(urls: SetupUrls) -> None:
    made = urls.make(ALICE, SLACK)

    read = urls.read(setup_id(made.url))

    assert read is not None
    assert (read.end_user_id, read.workspace_integration_id, read.expires_at) == (ALICE, SLACK, made.expires_at)


def test_a_looping_agent_gets_the_same_link_while_it_is_fresh(urls: SetupUrls, clock: HandClock) -> None:
    first = urls.make(ALICE, SLACK)
    clock.now += timedelta(minutes=20)

    assert urls.make(ALICE, SLACK) == first


@pytest.mark.parametrize("minutes", range(0, 60, 7))
def test_a_link_lives_between_half_an_hour_and_an_hour(urls: SetupUrls, clock: HandClock, minutes: int) -> None:
    clock.now += timedelta(minutes=minutes)

    lifetime = urls.make(ALICE, SLACK).expires_at - clock.now

    assert timedelta(minutes=30) <= lifetime <= timedelta(hours=1)


def test_a_link_ends(urls: SetupUrls, clock: HandClock) -> None:
    made = urls.make(ALICE, SLACK)
    clock.now = made.expires_at

    assert urls.read(setup_id(made.url)) is None


def test_two_people_get_two_links(urls: SetupUrls) -> None:
    assert urls.make(ALICE, SLACK).url != urls.make(BOB, SLACK).url


@pytest.mark.parametrize(
    "forge",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "Q"),
        lambda text: ("A" if text[0] != "A" else "B") + text[1:],
        lambda text: text[:40],
        lambda _: "",
        lambda _: "ä" * 70,
        lambda text: text + "AAAA",
    ],
)
def test_a_link_that_we_did_not_make_is_none(urls: SetupUrls, forge: Callable[[str], str]) -> None:
    assert urls.read(forge(setup_id(urls.make(ALICE, SLACK).url))) is None


def test_another_deployments_link_is_none(urls: SetupUrls, clock: HandClock) -> None:
    others = SetupUrls(public_url="https://tools.example.com", cipher=Cipher([b"x" * 32]), clock=clock)

    assert urls.read(setup_id(others.make(ALICE, SLACK).url)) is None
