"""Whose account a call uses: the decision alone, from values (design/links-and-identity)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.records import Connection


class Strategy(StrEnum):
    """How a workspace integration finds the account of a call."""

    FIXED = "fixed"
    PER_USER = "per_user"
    PER_USER_WITH_FALLBACK = "per_user_with_fallback"


class Reason(StrEnum):
    """Why an account was chosen, or none."""

    OWN = "own_connection"
    PINNED = "pinned_connection"
    FALLBACK = "fallback_connection"
    SELECTED = "selected_connection"
    NOT_NEEDED = "no_connection_needed"
    NOT_CONNECTED = "not_connected"
    OWN_BROKEN = "own_connection_broken"
    PINNED_MISSING = "pinned_connection_missing"
    PINNED_BROKEN = "pinned_connection_broken"
    SCOPES_MISSING = "scopes_missing"
    NO_END_USER = "no_end_user"


@dataclass(frozen=True, slots=True)
class Choice:
    """The account of a call, or why there is none and whether the end user could mend that by connecting."""

    reason: Reason
    connection: Connection | None = None
    end_user_can_connect: bool = False


def choose(strategy: Strategy, *, pinned: Connection | None, own: Sequence[Connection], has_end_user: bool) -> Choice:
    """Decide. `own` are the end user's connections for this workspace integration, best first."""
    match strategy:
        case Strategy.FIXED:
            return _pinned(pinned)
        case Strategy.PER_USER:
            return _own(own) if has_end_user else Choice(Reason.NO_END_USER)
        case Strategy.PER_USER_WITH_FALLBACK:
            if own:
                # A broken account of one's own is never silently replaced by the shared one.
                return _own(own)
            return _fallback(pinned, has_end_user=has_end_user)


def _pinned(pinned: Connection | None) -> Choice:
    if pinned is None:
        return Choice(Reason.PINNED_MISSING)
    return Choice(Reason.PINNED, pinned) if is_active(pinned) else Choice(Reason.PINNED_BROKEN)


def _own(own: Sequence[Connection]) -> Choice:
    active = next((connection for connection in own if is_active(connection)), None)
    if active is not None:
        return Choice(Reason.OWN, active)
    return Choice(Reason.OWN_BROKEN if own else Reason.NOT_CONNECTED, end_user_can_connect=True)


def _fallback(pinned: Connection | None, *, has_end_user: bool) -> Choice:
    if pinned is not None and is_active(pinned):
        return Choice(Reason.FALLBACK, pinned)
    if has_end_user:
        return Choice(Reason.NOT_CONNECTED, end_user_can_connect=True)
    return _pinned(pinned)


def is_active(connection: Connection) -> bool:
    """Tell whether the connection's credential is believed to work."""
    return connection.status == "ACTIVE"
