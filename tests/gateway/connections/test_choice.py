"""Claims about whose account a call uses (design/links-and-identity)."""

from datetime import UTC, datetime

import pytest

from gateway.connections.choice import Choice, Reason, Strategy, choose
from storage.records import Connection

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def connection(name: str, status: str = "ACTIVE") -> Connection:
    return Connection(
        id=name,
        organization_id="o",
        owner="o",
        integration_name="slack",
        external_id=name,
        display_name=name,
        type="OAUTH2",
        scope="ORGANIZATION",
        status=status,
        sealed=b"",
        created_at=NOW,
        updated_at=NOW,
    )


OWN, OLDER, BROKEN = connection("own"), connection("older"), connection("broken", "ERROR")
SHARED, BROKEN_SHARED = connection("shared"), connection("broken shared", "ERROR")
CONNECT = Choice(Reason.NOT_CONNECTED, end_user_can_connect=True)
RECONNECT = Choice(Reason.OWN_BROKEN, end_user_can_connect=True)


@pytest.mark.parametrize(
    ("strategy", "pinned", "own", "has_end_user", "expected"),
    [
        (Strategy.FIXED, SHARED, [OWN], True, Choice(Reason.PINNED, SHARED)),
        (Strategy.FIXED, SHARED, [], False, Choice(Reason.PINNED, SHARED)),
        (Strategy.FIXED, None, [OWN], True, Choice(Reason.PINNED_MISSING)),
        (Strategy.FIXED, BROKEN_SHARED, [OWN], True, Choice(Reason.PINNED_BROKEN)),
        (Strategy.PER_USER, None, [OWN], True, Choice(Reason.OWN, OWN)),
        (Strategy.PER_USER, SHARED, [], True, CONNECT),
        (Strategy.PER_USER, SHARED, [BROKEN], True, RECONNECT),
        (Strategy.PER_USER, SHARED, [BROKEN, OLDER], True, Choice(Reason.OWN, OLDER)),
        (Strategy.PER_USER, SHARED, [], False, Choice(Reason.NO_END_USER)),
        (Strategy.PER_USER_WITH_FALLBACK, SHARED, [OWN], True, Choice(Reason.OWN, OWN)),
        (Strategy.PER_USER_WITH_FALLBACK, SHARED, [], True, Choice(Reason.FALLBACK, SHARED)),
        (Strategy.PER_USER_WITH_FALLBACK, SHARED, [], False, Choice(Reason.FALLBACK, SHARED)),
        (Strategy.PER_USER_WITH_FALLBACK, SHARED, [BROKEN], True, RECONNECT),
        (Strategy.PER_USER_WITH_FALLBACK, None, [], True, CONNECT),
        (Strategy.PER_USER_WITH_FALLBACK, BROKEN_SHARED, [], True, CONNECT),
        (Strategy.PER_USER_WITH_FALLBACK, BROKEN_SHARED, [], False, Choice(Reason.PINNED_BROKEN)),
        (Strategy.PER_USER_WITH_FALLBACK, None, [], False, Choice(Reason.PINNED_MISSING)),
    ],
)
def test_the_strategy_decides_whose_account_a_call_uses(
    strategy: Strategy, pinned: Connection | None, own: list[Connection], *, has_end_user: bool, expected: Choice
) -> None:
    assert choose(strategy, pinned=pinned, own=own, has_end_user=has_end_user) == expected


@pytest.mark.parametrize("strategy", list(Strategy))
@pytest.mark.parametrize("pinned", [None, SHARED, BROKEN_SHARED])
def test_a_shared_account_can_never_be_replaced_through_a_tool_answer(
    strategy: Strategy, pinned: Connection | None
) -> None:
    choice = choose(strategy, pinned=pinned, own=[], has_end_user=True)

    assert not (strategy is Strategy.FIXED and choice.end_user_can_connect)
