"""What product backends are told of: each event is written to its receivers in the transaction that makes it true.

Rolled back, nothing is told; committed, it is told at least once, by whatever process delivers next. Rules that
change a connection or an end user call `announce` inside their write transaction; `gateway.webhooks` sends.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from gateway.kit.clock import to_wire
from gateway.kit.ids import new_id
from storage.database import Transaction
from storage.records import Connection, EndUser, Webhook
from storage.scope import TenantScope
from storage.webhooks import NewDelivery


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An integration of the organization's own, a remote MCP server, and which of its tools are not as approved."""

    id: str
    organization_id: str
    integration_name: str
    tools: tuple[tuple[str, str], ...]
    """Names and kinds (added, changed, removed, refused) of the first of them."""
    total: int
    workspace_id: None = None


Subject: TypeAlias = Connection | EndUser | HeldBack
"""What an event is about."""


class Event(StrEnum):
    """The closed list of what is told."""

    CONNECTION_CREATED = "connection.created"
    CONNECTION_UPDATED = "connection.updated"
    """Renamed, or given another credential. A token that was renewed is no news."""
    CONNECTION_ERROR = "connection.error"
    """From ACTIVE to ERROR: somebody has to connect the account again."""
    CONNECTION_RECOVERED = "connection.recovered"
    """From ERROR to ACTIVE; told instead of `connection.updated`."""
    CONNECTION_DELETED = "connection.deleted"
    CONNECTION_SCOPES_MISSING = "connection.scopes_missing"
    """The enabled actions need scopes that the account has not granted."""
    END_USER_CREATED = "end_user.created"
    END_USER_LINKED = "end_user.linked"
    """Somebody has signed in, and was found to be this end user."""
    END_USER_DELETED = "end_user.deleted"
    INTEGRATION_TOOLS_HELD_BACK = "integration.tools_held_back"
    """A remote MCP server shows tools that nobody has approved. Told to webhooks of the whole organization."""


async def announce(tx: Transaction, event: Event, subject: Subject, *, now: datetime) -> None:
    """Tell an event to every webhook that wants it, once the transaction commits.

    Called after a change, with the row as it is now; before a deletion, while the database still has the row.
    """
    await announce_many(tx, event, [subject], now=now)


async def announce_many(tx: Transaction, event: Event, subjects: Sequence[Subject], *, now: datetime) -> None:
    """Tell one event of many connections or end users, in their order and in few statements.

    For cascades: called before the deletion. Webhooks that the deletion takes along hear nothing of it: those of a
    workspace that goes are silent, those of its organization are told; after an organization nobody is left to tell.
    """
    listening = {
        organization_id: await tx.webhooks.listening(TenantScope(organization_id))
        for organization_id in {subject.organization_id for subject in subjects}
    }
    heard = [
        (subject, receivers)
        for subject in subjects
        if (receivers := [each for each in listening[subject.organization_id] if _wants(each, event, subject)])
    ]
    if not heard:
        return
    owners = await _owners(tx, [subject for subject, _ in heard])
    rows = [
        row
        for subject, receivers in heard
        for row in _deliveries(event, subject, receivers, owner=owners.get(_owner_id(subject)), now=now)
    ]
    await tx.webhook_deliveries.append(rows)


def change_of(connection: Connection, *, before: str) -> Event:
    """Return as what a change of a connection is told, whose status was `before`."""
    if connection.status == before:
        return Event.CONNECTION_UPDATED
    return Event.CONNECTION_RECOVERED if connection.status == "ACTIVE" else Event.CONNECTION_ERROR


def connection_shown(row: Connection, *, end_user: str | None) -> dict[str, Any]:
    """Return a connection as REST shows it; `end_user` is the external id of whoever owns it."""
    return _without_none(
        {
            "id": row.id,
            "externalId": row.external_id,
            "displayName": row.display_name,
            "integrationName": row.integration_name,
            "authMethodKey": row.auth_method_key,
            "type": row.type,
            "status": row.status,
            "scope": row.scope,
            "workspaceId": row.workspace_id,
            "endUserId": end_user,
            "workspaceIntegrationId": row.workspace_integration_id,
            "accountId": row.account_id,
            "accountLabel": row.account_label,
            "missingScopes": row.missing_scopes,
            "expiresAt": _moment(row.expires_at),
            "lastRefreshedAt": _moment(row.refreshed_at),
            "lastUsedAt": _moment(row.last_used_at),
            "lastError": row.last_error,
            "createdAt": to_wire(row.created_at),
            "updatedAt": to_wire(row.updated_at),
        }
    )


def end_user_shown(row: EndUser) -> dict[str, Any]:
    """Return an end user as REST shows one, but for the count of connections."""
    return _without_none(
        {
            "id": row.id,
            "workspaceId": row.workspace_id,
            "externalId": row.external_id,
            "displayName": row.display_name,
            "email": row.email,
            "metadata": row.details,
            "type": row.type,
            "suspended": row.suspended_at is not None,
            "createdAt": to_wire(row.created_at),
            "updatedAt": to_wire(row.updated_at),
        }
    )


def held_back_shown(subject: HeldBack) -> dict[str, Any]:
    """Return what is told of tools that are held back."""
    return {
        "integrationName": subject.integration_name,
        "tools": [{"name": name, "kind": kind} for name, kind in subject.tools],
        "total": subject.total,
    }


def new_event_id() -> str:
    """Return a fresh id of an event: the same for every receiver and every attempt."""
    return f"evt_{new_id().replace('-', '')}"


def event_body(
    event_id: str,
    event: str,
    *,
    organization_id: str,
    workspace_id: str | None,
    data: Mapping[str, Any],
    now: datetime,
) -> str:
    """Return the JSON text that is signed and sent."""
    content = {
        "id": event_id,
        "type": event,
        "createdAt": to_wire(now),
        "organizationId": organization_id,
        "workspaceId": workspace_id,
        "data": data,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _wants(webhook: Webhook, event: Event, subject: Subject) -> bool:
    is_its = webhook.workspace_id in (None, subject.workspace_id)
    return is_its and (webhook.events is None or event in webhook.events)


async def _owners(tx: Transaction, subjects: Sequence[Subject]) -> Mapping[str, str | None]:
    """Return the external id of every end user who owns one of these connections, by our own id."""
    ids = {owner_id for subject in subjects if (owner_id := _owner_id(subject))}
    found: dict[str, str | None] = {}
    for some in _in_batches(ids):
        found |= await tx.end_users.external_ids(some)
    return found


def _owner_id(subject: Subject) -> str:
    """Return the id of the end user who owns a connection, or an empty text."""
    return (subject.end_user_id or "") if isinstance(subject, Connection) else ""


# SQLite takes 32,766 parameters in a statement.
_MOST_IDS = 10_000


def _in_batches(ids: Collection[str]) -> list[list[str]]:
    ordered = sorted(ids)
    return [ordered[start : start + _MOST_IDS] for start in range(0, len(ordered), _MOST_IDS)]


def _deliveries(
    event: Event, subject: Subject, receivers: Sequence[Webhook], *, owner: str | None, now: datetime
) -> list[NewDelivery]:
    match subject:
        case Connection():
            data = {"connection": connection_shown(subject, end_user=owner)}
        case EndUser():
            data = {"endUser": end_user_shown(subject)}
        case HeldBack():
            data = held_back_shown(subject)
    event_id = new_event_id()
    body = event_body(
        event_id,
        event,
        organization_id=subject.organization_id,
        workspace_id=subject.workspace_id,
        data=data,
        now=now,
    )
    return [
        NewDelivery(
            id=new_id(),
            organization_id=receiver.organization_id,
            workspace_id=receiver.workspace_id,
            webhook_id=receiver.id,
            subject_id=_owner_id(subject) or subject.id,
            event_id=event_id,
            event=event,
            body=body,
            next_attempt_at=now,
            created_at=now,
        )
        for receiver in receivers
    ]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else to_wire(moment)


def _without_none(shown: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if value is not None}
