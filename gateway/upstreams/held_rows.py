"""Writing down what is held back: the rows, the manifest that says what is withheld, and the event that tells of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from gateway.events import Event, HeldBack, announce
from gateway.kit.ids import new_id
from gateway.upstreams.about import About
from gateway.upstreams.holding import MAX_HELD_BYTES, Listing, Ruling, row_values, rule, written_size
from gateway.upstreams.views import CHANGED, REFUSED, Sight
from integrations.manifest import McpServer
from integrations.ports import Json
from integrations.upstream.definitions import digest
from storage.database import Transaction
from storage.records import HeldTool, OwnIntegration
from storage.scope import TenantScope

_MOST_TOLD: Final = 50


@dataclass(frozen=True, slots=True)
class FirstSight:
    """What the server says of itself, and the tools that are approved because none were before."""

    about: About = About()  # noqa: RUF009 -- frozen
    tools: tuple[Mapping[str, Json], ...] = ()

    def of(self, listing: Listing) -> tuple[Listing, "FirstSight"]:
        """Approve what has no text that nobody sees; return what is left of the list to be held back, and the rest."""
        clean = {name: tool for name, tool in listing.read.items() if not tool.hidden}
        left = {name: held for name, held in listing.differences.items() if name not in clean}
        tools = tuple(tool.definition for tool in clean.values())
        return replace(listing, differences=left), replace(self, tools=tools)


@dataclass(frozen=True, slots=True)
class Written:
    """What has come of a list."""

    news: tuple[str, ...]
    """Tools that are held back, or differ in another way than before."""
    has_changed: bool
    manifest_of: OwnIntegration | None
    """The integration, if its manifest is another now."""


async def write_down(
    tx: Transaction,
    integration: tuple[str, str],
    listing: Listing,
    *,
    sight: Sight,
    known: Mapping[str, str] | None,
    first_sight: FirstSight,
    is_told: bool,
    now: datetime,
) -> Written | None:
    """Write down what follows from a list for an integration (organization's id, name).

    Webhooks hear of it if `is_told`. `known` are the digests of what was approved when this was found out. None:
    something else is approved by now, so it has to be found out anew.
    """
    scope = TenantScope(integration[0])
    row = await tx.own_integrations.named(scope, integration[1])
    tools = None if row is None else row.manifest.get("mcp", {}).get("tools")
    if row is None or (None if tools is None else digests_of(tools)) != known:
        return None
    held = {each.name: each for each in await tx.held_tools.of_integration(scope, row.id)}
    ruling = rule(listing, held, sight, now=now)
    await _write_rows(tx, row, held, listing=listing, ruling=ruling, now=now)
    manifest = _manifest(row.manifest, ruling, known=known, first_sight=first_sight)
    is_new = manifest != row.manifest
    if is_new:
        row = await tx.own_integrations.update(row, manifest=manifest, updated_at=now)
    if ruling.news and is_told:
        told = tuple((name, ruling.rows[name].kind) for name in ruling.news[:_MOST_TOLD])
        subject = HeldBack(row.id, row.organization_id, row.name, told, len(ruling.news))
        await announce(tx, Event.INTEGRATION_TOOLS_HELD_BACK, subject, now=now)
    return Written(ruling.news, is_new or bool(ruling.news or ruling.gone), row if is_new else None)


def digests_of(tools: Sequence[Mapping[str, Json]] | None) -> Mapping[str, str]:
    """Return the digests of definitions, by the server's own names."""
    return {each["name"]: digest(each) for each in tools or ()}


async def _write_rows(
    tx: Transaction,
    row: OwnIntegration,
    held: Mapping[str, HeldTool],
    *,
    listing: Listing,
    ruling: Ruling,
    now: datetime,
) -> None:
    for name in ruling.gone:
        await tx.held_tools.delete(held[name])
    kept = ruling.rows.keys() - set(ruling.news)
    room = MAX_HELD_BYTES - sum(written_size(held[name].definition) for name in kept if name in held)
    for name in ruling.news:
        values = row_values(name, listing, room=room)
        room -= written_size(values["definition"])
        if name in held:
            await tx.held_tools.update(held[name], **values, last_seen_at=now)
        else:
            new = HeldTool(
                id=new_id(),
                organization_id=row.organization_id,
                integration_id=row.id,
                name=name,
                created_at=now,
                last_seen_at=now,
                **values,
            )
            await tx.held_tools.insert(new)


def _manifest(
    manifest: Mapping[str, Any], ruling: Ruling, *, known: Mapping[str, str] | None, first_sight: FirstSight
) -> dict[str, Any]:
    server: dict[str, Any] = {key: value for key, value in manifest["mcp"].items() if key != "withheld"}
    server |= first_sight.about.added_to(McpServer.model_validate(server))
    if known is None:
        server["tools"] = [dict(each) for each in first_sight.tools]
    names = known or {}
    withheld = sorted(name for name, held in ruling.rows.items() if held.kind in {CHANGED, REFUSED} and name in names)
    return {**manifest, "mcp": {**server, "withheld": withheld} if withheld else server}
