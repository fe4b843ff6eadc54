"""What each account was last shown by a remote MCP server, as far as it differs from what was approved.

Servers may show people different tools: what only some accounts lack is not gone, and what one account is shown
otherwise is not as it was approved, whatever the others see.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

_MOST_ACCOUNTS: Final = 1_000
_MOST_DIFFERING: Final = 40
"""Accounts of which differences are kept: a hostile server can make each of them some hundred kilobytes."""
ADDED, CHANGED, REMOVED, REFUSED = "added", "changed", "removed", "refused"


class Held(NamedTuple):
    """How a tool differs: in which way, and the digest of what is shown instead."""

    kind: str
    digest: str | None


Differences: TypeAlias = Mapping[str, Held]
"""By the server's own name for the tool."""


class Sight(NamedTuple):
    """How tools differ for anybody, and how they did for this account before."""

    for_anybody: Mapping[str, frozenset[Held]]
    before: Differences


@dataclass(slots=True)
class Views:
    """The views of the accounts that were heard of last."""

    _views: OrderedDict[str, Differences] = field(default_factory=OrderedDict[str, Differences])

    def is_known(self, account: str) -> bool:
        """Tell whether anything was shown to this account lately."""
        return account in self._views

    def of(self, account: str) -> Differences:
        """Return what the account was last shown."""
        return self._views.get(account, {})

    def note(self, account: str, view: Differences) -> None:
        """Keep what an account was shown."""
        self._views[account] = view
        self._views.move_to_end(account)
        if len(self._views) > _MOST_ACCOUNTS:
            self._views.popitem(last=False)
        differing = [each for each, differences in self._views.items() if differences]
        for oldest in differing[:-_MOST_DIFFERING]:
            del self._views[oldest]

    def approve(self, approved: Mapping[str, str]) -> None:
        """Take into account that these definitions are approved now (digests by name)."""
        for account, view in self._views.items():
            self._views[account] = {name: held for name, held in view.items() if approved.get(name) != held.digest}

    def differences(self) -> Mapping[str, frozenset[Held]]:
        """Return how each tool differs for anybody; one is removed where nobody is shown it."""
        found: dict[str, set[Held]] = {}
        for view in self._views.values():
            for name, held in view.items():
                found.setdefault(name, set()).add(held)
        missed = {name for name, helds in found.items() if Held(REMOVED, None) in helds}
        for name in missed:
            if not all(view.get(name) == Held(REMOVED, None) for view in self._views.values()):
                found[name].discard(Held(REMOVED, None))
        return {name: frozenset(helds) for name, helds in found.items() if helds}
