"""Admission: as which end user of a server's workspace somebody acts who has signed in (contract 4.5).

By link first, then by verified address. Nothing is guessed: of several records with the same address the person
chooses one, and an address that nobody has verified matches none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.errors import Forbidden
from gateway.events import Event, announce
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.tenancy.entra import takes
from gateway.tenancy.identities import EMAIL_ISSUER, handoff_issuer, is_handoff
from storage.database import Database, Transaction
from storage.records import EndUser, Identity, LinkedIdentity, McpServer
from storage.scope import TenantScope


class NotAdmitted(Forbidden):
    """Whoever has signed in may not use this server; the message tells them why."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Several end users whom the person may be, oldest first. What is chosen holds for this sign-in only."""

    end_users: tuple[EndUser, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Whom an identity may act as, oldest first; nobody where it is for the server to make somebody new."""

    end_users: tuple[EndUser, ...]
    is_sure: bool
    """Nobody else was in question, so that it may hold from now on: neither the server nor a suspension decided."""


class Admission:
    """Settles as whom people act."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def admit(self, server: McpServer, identity: Identity) -> EndUser | Choice:
        """Return the one end user, linked or made where need be, or whom the person may choose from.

        Raises `NotAdmitted`.
        """
        # One writer at a time, so whoever signs in twenty times at once is made once.
        async with self._database.write() as tx:
            found = await _found(tx, server, identity)
            if len(found.end_users) > 1:
                return Choice(found.end_users)
            if found.end_users and not found.is_sure:
                return await _note_link(tx, found.end_users[0], now=self._clock())
            if found.end_users:
                return await _link(tx, found.end_users[0], identity, now=self._clock())
            return await _make(tx, server, identity, now=self._clock())

    async def offered(self, server: McpServer, identity: Identity) -> Sequence[EndUser]:
        """Return whom the person may act as, changing nothing; empty where they would be made. Raises `NotAdmitted`."""
        async with self._database.read() as tx:
            return (await _found(tx, server, identity)).end_users

    async def choose(self, server: McpServer, identity: Identity, end_user_id: str) -> EndUser:
        """Return the end user whom the person has chosen. Raises `NotAdmitted` for any other than offered."""
        async with self._database.write() as tx:
            for end_user in (await _found(tx, server, identity)).end_users:
                if end_user.id == end_user_id:
                    return await _note_link(tx, end_user, now=self._clock())
        raise NotAdmitted("That account is not among yours any more.")


async def _found(tx: Transaction, server: McpServer, identity: Identity) -> _Found:
    """Find out whom this identity may act as. Raises `NotAdmitted`."""
    # As it is now: what it asks of people may have changed since they began.
    present = await tx.mcp_servers.get(TenantScope(server.organization_id), server.id)
    if present is None or identity.organization_id != present.organization_id:
        raise NotAdmitted("What the program asks for is gone.")
    candidates = await _candidates(tx, present, identity)
    possible = [each for each in candidates if not present.is_pinned or each.id == present.end_user_id]
    active = tuple(each for each in possible if each.suspended_at is None)
    if possible and not active:
        raise NotAdmitted("Your account is suspended.")
    if not active and (present.end_user_access != "open" or present.is_pinned or is_handoff(identity)):
        raise NotAdmitted(_unknown(identity))
    return _Found(active, is_sure=len(candidates) == len(active))


async def _candidates(tx: Transaction, server: McpServer, identity: Identity) -> list[EndUser]:
    scope = TenantScope(server.organization_id, frozenset((server.workspace_id,)))
    if is_handoff(identity):
        if identity.issuer != handoff_issuer(server.workspace_id):
            return []
        named = await tx.end_users.by_external_id(scope, server.workspace_id, identity.subject)
        return [] if named is None else [named]
    linked = await _linked(tx, scope, identity, workspace_id=server.workspace_id)
    if linked is not None and (not server.is_pinned or linked.id == server.end_user_id):
        return [linked]
    by_address = await _by_address(tx, scope, server, identity)
    # A server that is made for one person asks whether this is that person too, whoever else they are.
    return by_address if linked is None else [linked, *(each for each in by_address if each.id != linked.id)]


async def _by_address(tx: Transaction, scope: TenantScope, server: McpServer, identity: Identity) -> list[EndUser]:
    """Return those who have the verified address, and whom no other account stands for (contract 4.5)."""
    if identity.email_key is None:
        return []
    having_it = await tx.end_users.by_email(scope, server.workspace_id, identity.email_key)
    if identity.issuer == EMAIL_ISSUER or not having_it:
        return having_it
    linked = await tx.linked_identities.issuers_of(scope, [each.id for each in having_it])
    # Another account of the same issuer is another person: the address has a new owner.
    replaced = {end_user_id for end_user_id, issuer in linked if issuer == identity.issuer}
    # And what one provider says of an address is not to open what another has been asked about until now: each may
    # be run by somebody else. One that the organization has switched off or removed is asked no more.
    asked = [each.issuer for each in await tx.identity_providers.all(scope) if each.disabled_at is None]
    elsewhere = {
        end_user_id
        for end_user_id, issuer in linked
        if issuer != identity.issuer and any(takes(each, issuer) for each in asked)
    }
    free = [each for each in having_it if each.id not in replaced | elsewhere]
    if not free and elsewhere:
        raise NotAdmitted(f"You have signed in as {identity.email}. Whoever has that address here signs in elsewhere.")
    return free


async def _linked(tx: Transaction, scope: TenantScope, identity: Identity, *, workspace_id: str) -> EndUser | None:
    link = await tx.linked_identities.of(scope, workspace_id, identity.id)
    end_user = None if link is None else await tx.end_users.get(scope, link.end_user_id)
    if end_user is None or (identity.issuer == EMAIL_ISSUER and end_user.email_key != identity.email_key):
        # Whoever reads a mailbox that the record no longer has is nobody: the product has corrected it.
        return None
    return end_user


async def _link(tx: Transaction, end_user: EndUser, identity: Identity, *, now: datetime) -> EndUser:
    scope = TenantScope(end_user.organization_id, frozenset((end_user.workspace_id,)))
    link = await tx.linked_identities.of(scope, end_user.workspace_id, identity.id)
    if link is None:
        await tx.linked_identities.insert(
            LinkedIdentity(
                id=new_id(),
                organization_id=end_user.organization_id,
                workspace_id=end_user.workspace_id,
                end_user_id=end_user.id,
                identity_id=identity.id,
                created_at=now,
            )
        )
    elif link.end_user_id != end_user.id:
        await tx.linked_identities.update(link, end_user_id=end_user.id)
    return await _note_link(tx, end_user, now=now)


async def _note_link(tx: Transaction, end_user: EndUser, *, now: datetime) -> EndUser:
    if end_user.linked_at is None:
        await tx.end_users.update(end_user, linked_at=now)
        await announce(tx, Event.END_USER_LINKED, end_user, now=now)
    return end_user


async def _make(tx: Transaction, server: McpServer, identity: Identity, *, now: datetime) -> EndUser:
    """Make the end user who has signed in; an address goes on the record only where the issuer has verified it."""
    row = EndUser(
        id=new_id(),
        organization_id=server.organization_id,
        workspace_id=server.workspace_id,
        type="external",
        display_name=identity.display_name,
        email=identity.email if identity.email_key is not None else None,
        email_key=identity.email_key,
        created_at=now,
        updated_at=now,
    )
    await tx.end_users.insert(row)
    await announce(tx, Event.END_USER_CREATED, row, now=now)
    return await _link(tx, row, identity, now=now)


def _unknown(identity: Identity) -> str:
    if identity.email is None:
        return "You have signed in, but nobody here is known by that account."
    if identity.email_key is None:
        return (
            f"You have signed in, but {identity.email} is not verified there, or not an address about which that sign-in "
            "is believed, so it shows nothing."
        )
    return f"You have signed in as {identity.email}, and nobody here is known by that address."
