"""How much handshake-era clients want to hear of remote servers' logs (`logging/setLevel`); later ones say it each time."""

from collections import OrderedDict
from typing import Final

from gateway.mcp.sessions import owner_of
from gateway.principals import McpPrincipal

MAX_REMEMBERED: Final = 10_000
"""Those that said it longest ago are forgotten, and hear what the server sends by itself."""
LEVELS: Final = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


class LogLevels:
    """The levels that clients have set, by server and person. Lost with the process, as a session may be."""

    def __init__(self) -> None:
        self._levels: OrderedDict[tuple[str, str], str] = OrderedDict()

    def set(self, principal: McpPrincipal, level: str) -> None:
        """Remember a level."""
        key = (principal.server_id, owner_of(principal))
        self._levels[key] = level
        self._levels.move_to_end(key)
        if len(self._levels) > MAX_REMEMBERED:
            self._levels.popitem(last=False)

    def of(self, principal: McpPrincipal) -> str | None:
        """Return the level that was set, None where none was."""
        return self._levels.get((principal.server_id, owner_of(principal)))


def is_wanted(level: object, wanted: object) -> bool:
    """Tell whether a message of this level is at least as severe as a client wants; without a wish everything is."""
    if wanted not in LEVELS:
        return True
    return level in LEVELS and LEVELS.index(str(level)) >= LEVELS.index(str(wanted))
