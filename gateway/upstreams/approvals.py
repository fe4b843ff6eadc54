"""Which tools of remote MCP servers are approved: what differs from that is held back (security R32).

The approved definitions stand in the integration's manifest and are all that agents ever see. The first list that a
server shows is approved as it is, but for tools with text that nobody sees. From then on a tool that is new waits, and
one that is described otherwise, to whomever, is withheld until somebody approves it, or the server shows that account
what was approved again.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.kit.clock import Clock
from gateway.kit.log import get_logger
from gateway.kit.rates import Windows
from gateway.tenancy.catalogs import Catalogs
from gateway.upstreams.about import About
from gateway.upstreams.held_rows import FirstSight, digests_of, write_down
from gateway.upstreams.holding import Listing, hold_against
from gateway.upstreams.views import CHANGED, REFUSED, Sight, Views
from integrations.integration import Integration
from integrations.manifest import McpServer
from integrations.ports import Json
from storage.database import Database

_MOST_KNOWN: Final = 1_000
_PAUSE: Final = timedelta(minutes=1)
_MOST_REPORTS: Final = 20
_DAY: Final = 24 * 60 * 60
_log = get_logger(__name__)


@dataclass
class _Known:
    """What is in memory of one integration; `digests` are those of what is approved, by name."""

    integration: Integration
    server: McpServer
    digests: Mapping[str, str]
    views: Views = field(default_factory=Views)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    is_settled: bool = False
    """The rows say what the views say."""
    written_at: datetime | None = None

    @property
    def is_first_sight(self) -> bool:
        return self.server.tools is None


class Approvals:
    """Holds what servers show against what was approved."""

    def __init__(self, database: Database, *, catalogs: Catalogs, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._reports = Windows(limit=_MOST_REPORTS, seconds=_DAY, clock=clock)

    async def listed(
        self,
        organization_id: str,
        integration: Integration,
        tools: Sequence[Json],
        about: About | None = None,
        *,
        account: str = "",
        at_once: bool = False,
    ) -> None:
        """Hear of all the tools that a server has just shown to an account, whole.

        A tool that has to be withheld is withheld now. What is only reported is written down once a minute at most,
        so that a server which says something else each time fills neither the database nor the log; `at_once` is for
        people who have asked. Webhooks and the log are told of 20 such lists a day.
        """
        known = self._find(organization_id, integration)
        if known is None:
            return
        about = about or About()
        listing = hold_against(tools, known.server.tools or (), known.digests)
        is_settled = known.is_settled and not known.is_first_sight and not about.added_to(known.server)
        if is_settled and known.views.is_known(account) and known.views.of(account) == listing.differences:
            return
        async with known.lock:
            if self._find(organization_id, integration) is known and known.server.tools is not None:
                listing = hold_against(tools, known.server.tools, known.digests)
            await self._settle(
                known,
                listing,
                organization_id=organization_id,
                account=account,
                first_sight=FirstSight(about),
                at_once=at_once,
            )

    def _find(self, organization_id: str, integration: Integration) -> _Known | None:
        """Return what is known; None where the integration is gone, or is another server by now."""
        catalog = self._catalogs.of(organization_id)
        current = catalog.get(integration.name) if integration.name in catalog else None
        server = None if current is None else current.manifest.mcp
        asked = integration.manifest.mcp
        if current is None or server is None or asked is None or asked.url != server.url:
            return None
        key = (organization_id, integration.name)
        known = self._known.get(key)
        if known is None or known.server.url != server.url:
            known = self._known[key] = _Known(current, server, digests_of(server.tools))
        elif known.integration is not current:
            known.integration, known.server, known.digests = current, server, digests_of(server.tools)
            known.views.approve(known.digests)
            known.is_settled = False
        self._known.move_to_end(key)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return known

    async def _settle(
        self,
        known: _Known,
        listing: Listing,
        *,
        organization_id: str,
        account: str,
        first_sight: FirstSight,
        at_once: bool,
    ) -> None:
        """Note what the account was shown, and write down what follows from it, unless that can wait."""
        if known.is_first_sight:
            listing, first_sight = first_sight.of(listing)
        before, differed = known.views.of(account), known.views.differences()
        known.views.note(account, listing.differences)
        is_news = known.views.differences() != differed or bool(first_sight.about.added_to(known.server))
        if known.is_settled and not known.is_first_sight and not is_news:
            return
        known.is_settled = False
        now = self._clock()
        is_early = known.written_at is not None and now - known.written_at < _PAUSE
        if is_early and not (at_once or known.is_first_sight or _has_to_withhold(known, listing)):
            return
        key = f"{organization_id} {known.integration.name}"
        async with self._database.write() as tx:
            written = await write_down(
                tx,
                (organization_id, known.integration.name),
                listing,
                sight=Sight(known.views.differences(), before),
                known=None if known.is_first_sight else known.digests,
                first_sight=first_sight,
                is_told=self._reports.peek(key).remaining > 0,
                now=now,
            )
        if written is None:
            return
        known.is_settled = True
        if written.has_changed:
            known.written_at = now
        if written.manifest_of is not None:
            self._catalogs.replaced(written.manifest_of)
        if written.news and not self._reports.hit(key).is_exceeded:
            _log.warning(
                "tools of a remote MCP server are held back",
                organization_id=organization_id,
                integration=known.integration.name,
                tools=list(written.news[:10]),
                total=len(written.news),
            )


def _has_to_withhold(known: _Known, listing: Listing) -> bool:
    """Tell whether an approved tool that is still offered is described otherwise."""
    offered = known.digests.keys() - set(known.server.withheld)
    return any(held.kind in {CHANGED, REFUSED} and name in offered for name, held in listing.differences.items())
