"""What people see of a remote MCP server's tools, and what they decide about those that are held back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast

from gateway.errors import Conflict, IntegrationNotFound, NotFound
from gateway.kit.clock import Clock
from gateway.tenancy.catalogs import Catalogs
from gateway.upstreams.views import ADDED, CHANGED, REFUSED, REMOVED
from integrations.integration import Integration
from integrations.ports import Json
from integrations.upstream.definitions import differing_parts, digest
from integrations.upstream.reading import read_definitions
from storage.database import Database, Transaction
from storage.records import HeldTool, OwnIntegration
from storage.scope import TenantScope

Status = Literal["approved", "added", "changed", "removed", "refused"]
_STATUSES: Final[Mapping[str, Status]] = {ADDED: "added", CHANGED: "changed", REMOVED: "removed", REFUSED: "refused"}


@dataclass(frozen=True, slots=True)
class HeldDefinition:
    """What a server shows that isn't approved; no definition where there is none to keep."""

    definition: Mapping[str, Json] | None
    digest: str | None
    findings: tuple[str, ...]
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class ToolState:
    """One tool: as it was approved, and what is held back of it."""

    name: str
    status: Status
    is_offered: bool
    """Agents see it, as it was approved."""
    approved: Mapping[str, Json] | None
    held: HeldDefinition | None

    @property
    def approved_digest(self) -> str | None:
        """The digest of what is approved."""
        return None if self.approved is None else digest(self.approved)

    @property
    def differing_parts(self) -> tuple[str, ...]:
        """Which parts differ between what was approved and what is held back."""
        if self.approved is None or self.held is None or self.held.definition is None:
            return ()
        return differing_parts(self.approved, self.held.definition)


@dataclass(frozen=True, slots=True)
class ToolStates:
    """All tools of a server, by name; not listed: nobody has been able to ask it yet."""

    integration_name: str
    is_listed: bool
    tools: tuple[ToolState, ...]


class Decisions:
    """Approves tools, and takes approvals back."""

    def __init__(self, database: Database, *, catalogs: Catalogs, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._clock = clock

    async def states(self, scope: TenantScope, name: str) -> ToolStates:
        """Return all tools. Raises `IntegrationNotFound`."""
        async with self._database.read() as tx:
            row = await _remote_server(tx, scope, name)
            held = await tx.held_tools.of_integration(scope, row.id)
        return _states(row, held)

    async def approve(self, scope: TenantScope, name: str, digests: Mapping[str, str] | None) -> ToolStates:
        """Approve tools by name, with the digest that was looked at; None: all that can be approved.

        The digest of what is approved already withdraws nothing and offers the tool again. Raises
        `IntegrationNotFound`, `NotFound` (no such tool), `Conflict` (it is something else by now, or can't be approved).
        """
        async with self._database.write() as tx:
            row = await _remote_server(tx, scope, name)
            held = {each.name: each for each in await tx.held_tools.of_integration(scope, row.id)}
            approved = _approved(row)
            wanted = _all_of(held) if digests is None else digests
            chosen = {
                tool: _chosen(tool, each, approved=approved.get(tool), held=held.get(tool))
                for tool, each in wanted.items()
            }
            others = [each for tool, each in approved.items() if tool not in chosen]
            read = read_definitions([dict(each) for each in chosen.values()], beside=others)
            if read.refused and digests is not None:
                raise Conflict(f"{read.refused[0].name}: can't be approved: {read.refused[0].reason}")
            offered = {each.name: each.digest for each in read.accepted}
            for tool in offered:
                approved[tool] = chosen[tool]
                if tool in held:
                    await tx.held_tools.delete(held.pop(tool))
            row = await self._keep(tx, row, approved, offered=offered)
        self._catalogs.replaced(row)
        return _states(row, list(held.values()))

    async def withdraw(self, scope: TenantScope, name: str, tool: str) -> ToolStates:
        """Take an approval back: the tool is gone at once, and waits when the server shows it again. Raises `NotFound`."""
        async with self._database.write() as tx:
            row = await _remote_server(tx, scope, name)
            approved = _approved(row)
            if approved.pop(tool, None) is None:
                raise NotFound(f"{tool[:128]}: is no approved tool of {name}")
            held = {each.name: each for each in await tx.held_tools.of_integration(scope, row.id)}
            if tool in held:
                await tx.held_tools.delete(held.pop(tool))
            row = await self._keep(tx, row, approved, offered={tool: ""})
        self._catalogs.replaced(row)
        return _states(row, list(held.values()))

    def integration(self, scope: TenantScope, name: str) -> Integration:
        """Return a remote MCP server of the organization's own. Raises `IntegrationNotFound`."""
        catalog = self._catalogs.of(scope.organization_id)
        found = catalog.get(name) if name in catalog else None
        if found is None or not found.is_mcp_server:
            raise _unknown(name)
        return found

    async def _keep(
        self,
        tx: Transaction,
        row: OwnIntegration,
        approved: Mapping[str, Mapping[str, Json]],
        *,
        offered: Mapping[str, str],
    ) -> OwnIntegration:
        server = {key: value for key, value in row.manifest["mcp"].items() if key != "withheld"}
        withheld = [each for each in row.manifest["mcp"].get("withheld", ()) if each not in offered]
        server |= {"tools": [dict(each) for each in approved.values()]} | ({"withheld": withheld} if withheld else {})
        return await tx.own_integrations.update(row, manifest={**row.manifest, "mcp": server}, updated_at=self._clock())


async def _remote_server(tx: Transaction, scope: TenantScope, name: str) -> OwnIntegration:
    row = await tx.own_integrations.named(scope, name)
    if row is None or "mcp" not in row.manifest:
        raise _unknown(name)
    return row


def _unknown(name: str) -> IntegrationNotFound:
    return IntegrationNotFound(f"the organization has no remote MCP server {name[:100]!r} of its own")


def _approved(row: OwnIntegration) -> dict[str, Mapping[str, Json]]:
    tools = cast("list[dict[str, Any]]", row.manifest["mcp"].get("tools") or [])
    return {each["name"]: each for each in tools}


def _all_of(held: Mapping[str, HeldTool]) -> dict[str, str]:
    """Return what can be approved of what is held back, with its digests."""
    return {
        name: row.digest
        for name, row in held.items()
        if row.kind in {ADDED, CHANGED} and row.definition is not None and row.digest is not None
    }


def _chosen(
    tool: str, wanted: str, *, approved: Mapping[str, Json] | None, held: HeldTool | None
) -> Mapping[str, Json]:
    """Return the definition that is meant. Raises `NotFound`, `Conflict`."""
    if held is None and approved is None:
        raise NotFound(f"{tool[:128]}: is neither approved nor held back")
    if approved is not None and digest(approved) == wanted:
        return approved
    if held is None or held.digest != wanted:
        raise Conflict(
            f"{tool}: is not what was looked at any more; look again and approve the digest that is shown then",
            tool=tool,
            digest=None if held is None else held.digest,
        )
    if held.kind == REFUSED or held.definition is None:
        raise Conflict(f"{tool}: can't be approved: {'; '.join(held.findings) or 'it has no definition'}", tool=tool)
    return held.definition


def _states(row: OwnIntegration, held: list[HeldTool]) -> ToolStates:
    approved = _approved(row)
    withheld = frozenset(row.manifest["mcp"].get("withheld", ()))
    rows = {each.name: each for each in held}
    names = [*approved, *sorted(rows.keys() - approved.keys())]
    tools = tuple(_state(name, approved.get(name), rows.get(name), is_withheld=name in withheld) for name in names)
    return ToolStates(row.name, row.manifest["mcp"].get("tools") is not None, tools)


def _state(name: str, approved: Mapping[str, Json] | None, row: HeldTool | None, *, is_withheld: bool) -> ToolState:
    held = None
    if row is not None:
        held = HeldDefinition(row.definition, row.digest, tuple(row.findings), row.created_at, row.last_seen_at)
    status: Status = "approved" if row is None else _STATUSES[row.kind]
    return ToolState(name, status, approved is not None and not is_withheld, approved, held)
