"""Saving an account that a person has connected: sealed, in place of the earlier one, and the session told with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from gateway.connections.choice import Strategy, is_active
from gateway.connections.credential_forms import wire_types
from gateway.connections.credentials import CredentialSafe
from gateway.connections.endings import Endings
from gateway.connections.missing_scopes import MissingScopes
from gateway.connections.portals import Offer, Portal, owner_of
from gateway.errors import (
    ConnectionNotFound,
    Duplicate,
    EndUserNotFound,
    Forbidden,
    IntegrationNotFound,
    SessionNotFound,
)
from gateway.events import Event, change_of
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.tenancy.end_users import find_or_add
from integrations.ports import Json
from storage.database import Database, Transaction
from storage.records import Connection, ConnectSession, EndUser


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccount:
    """A credential that works, and whose account it opens where the provider says so."""

    method_key: str
    values: Mapping[str, Json] = field(repr=False)
    account_id: str | None = None
    account_label: str | None = None
    granted_scopes: list[str] | None = None
    oauth_app_id: str | None = None
    obtained_at: datetime
    expires_at: datetime | None = None

    def to_json(self) -> dict[str, Json]:
        """Return it as JSON, for sealing."""
        return _AS_JSON.dump_python(self, mode="json")

    @classmethod
    def from_json(cls, plain: Json) -> "NewAccount":
        """Read what `to_json` wrote."""
        return _AS_JSON.validate_python(plain)


_AS_JSON = TypeAdapter(NewAccount)


class AnotherAccount(Exception):
    """What is connected is another account at the provider: the person has to say whether it may be replaced."""

    def __init__(self, held: Connection, new: NewAccount) -> None:
        super().__init__("another provider account is connected")
        self.held = held
        self.new = new


class SessionOver(Exception):
    """The connect session has its account already: a second visit, however early it was begun, brings no other."""


class Attachments:
    """Attaches accounts to whoever a portal is for, and detaches them."""

    def __init__(
        self, database: Database, *, safe: CredentialSafe, endings: Endings, scopes: MissingScopes, clock: Clock
    ) -> None:
        self._database = database
        self._safe = safe
        self._scopes = scopes
        self._endings = endings
        self._clock = clock

    async def attach(self, portal: Portal, offer: Offer, new: NewAccount, *, replace: bool = False) -> Connection:
        """Save an account and, in the same transaction, complete the session.

        Raises `AnotherAccount` unless `replace`; `SessionOver`; `Duplicate`; and, for what has changed while the person
        approved, `EndUserNotFound`, `Forbidden` (suspended), `IntegrationNotFound`, `SessionNotFound`.
        """
        async with self._database.write() as tx:
            await self._check_still_wanted(tx, portal, offer, new)
            end_user = await self._end_user(tx, portal)
            held = await _replaced(tx, portal, offer, end_user)
            if held is not None and not replace and _differs(held, new):
                raise AnotherAccount(held, new)
            if held is None:
                row = await tx.connections.insert(self._row(portal, offer, new, end_user))
                event = Event.CONNECTION_CREATED
            else:
                if _differs(held, new):
                    await self._endings.of_account(tx, held)
                credential, before = self._credential(held.id, portal, offer, new), held.status
                row = await tx.connections.update(held, **credential, version=held.version + 1)
                event = change_of(row, before=before)
            await self._scopes.settle(tx, [row], change=event)
            await _note(tx, portal, "COMPLETED", connection_id=row.id, error=None, browser_hash=portal.browser_hash)
            return row

    async def keep(self, portal: Portal, offer: Offer, new: NewAccount) -> None:
        """Leave the connected account in its place: the session completes with it, and the new one is given up.

        Raises `ConnectionNotFound` where the connected one is gone or does not work.
        """
        await self.discard(portal, offer, new)
        async with self._database.write() as tx:
            row = None if offer.held is None else await tx.connections.get(portal.scope, offer.held.id)
            if row is None or not is_active(row):
                raise ConnectionNotFound("the account that was connected does not work")
            await _note(tx, portal, "COMPLETED", connection_id=row.id, error=None, browser_hash=portal.browser_hash)

    async def discard(self, portal: Portal, offer: Offer, new: NewAccount) -> None:
        """Have the provider told that an account which was approved is not used after all."""
        async with self._database.write() as tx:
            await self.give_up(
                tx,
                new,
                organization_id=portal.organization.id,
                workspace_id=portal.workspace.id,
                integration_name=offer.integration.name,
            )

    async def give_up(
        self, tx: Transaction, new: NewAccount, *, organization_id: str, workspace_id: str, integration_name: str
    ) -> None:
        """Note in this transaction that the provider is to be told that an account is not used."""
        row_id, now = new_id(), self._clock()
        # Never added: what is revoked has the shape of a connection.
        row = Connection(
            id=row_id,
            organization_id=organization_id,
            workspace_id=workspace_id,
            owner=workspace_id,
            scope="WORKSPACE",
            integration_name=integration_name,
            external_id=row_id,
            display_name=integration_name,
            type="",
            auth_method_key=new.method_key,
            oauth_app_id=new.oauth_app_id,
            account_id=new.account_id,
            account_label=new.account_label,
            sealed=self._safe.seal(new.values, connection_id=row_id, organization_id=organization_id),
            expires_at=new.expires_at,
            created_at=now,
            updated_at=now,
        )
        await self._endings.of_account(tx, row)

    async def detach(self, portal: Portal, offer: Offer) -> None:
        """Remove the account that is connected. Raises `ConnectionNotFound`."""
        async with self._database.write() as tx:
            row = None if offer.held is None else await tx.connections.get(portal.scope, offer.held.id)
            if row is None:
                raise ConnectionNotFound("no account is connected here")
            await self._endings.of(tx, [row])
            await tx.connections.delete(row)
            await _note(tx, portal, "FAILED", error="the account was removed again")

    async def _check_still_wanted(self, tx: Transaction, portal: Portal, offer: Offer, new: NewAccount) -> None:
        """Look again: since the portal was opened, a provider was asked, which takes up to half a minute."""
        if portal.session is not None:
            session = await tx.connect_sessions.get(portal.scope, portal.session.id)
            if session is None:
                raise SessionNotFound("the connect session is gone")
            if session.status == "COMPLETED":
                raise SessionOver
        if offer.instance is None:
            return
        instance = await tx.workspace_integrations.get(portal.scope, offer.instance.id)
        if instance is None or instance.auth_method_key not in (None, new.method_key):
            raise IntegrationNotFound("what you connected is no longer asked for")
        if portal.session is None and instance.connection_strategy == Strategy.FIXED:
            raise IntegrationNotFound("a shared account is used there by now")

    async def _end_user(self, tx: Transaction, portal: Portal) -> EndUser | None:
        """Return who will own the account, made now where the session names somebody unknown (contract 4.13)."""
        if portal.link is not None:
            end_user = await tx.end_users.get(portal.scope, portal.link.end_user_id)
            if end_user is None:
                raise EndUserNotFound("there is no such end user any more")
        elif portal.session is not None and portal.session.end_user_external_id is not None:
            end_user = await find_or_add(
                tx,
                portal.scope,
                workspace_id=portal.workspace.id,
                external_id=portal.session.end_user_external_id,
                now=self._clock(),
            )
        else:
            return None
        if end_user.suspended_at is not None:
            raise Forbidden("this end user is suspended")
        return end_user

    def _row(self, portal: Portal, offer: Offer, new: NewAccount, end_user: EndUser | None) -> Connection:
        row_id, session = new_id(), portal.session
        scope = "USER" if session is None else session.scope
        owned = {"USER": end_user.id if end_user else "", "WORKSPACE": portal.workspace.id}
        return Connection(
            id=row_id,
            organization_id=portal.organization.id,
            workspace_id=None if scope == "ORGANIZATION" else portal.workspace.id,
            end_user_id=None if end_user is None else end_user.id,
            owner=owned.get(scope, portal.organization.id),
            integration_name=offer.integration.name,
            external_id=f"portal-{row_id}" if session is None else session.external_id,
            scope=scope,
            created_at=self._clock(),
            **self._credential(row_id, portal, offer, new),
        )

    def _credential(self, row_id: str, portal: Portal, offer: Offer, new: NewAccount) -> dict[str, Any]:
        method = offer.integration.auth_method(new.method_key)
        name = portal.session.connection_name if portal.session is not None else new.account_label or offer.title
        return {
            "sealed": self._safe.seal(new.values, connection_id=row_id, organization_id=portal.organization.id),
            "status": "ACTIVE",
            "last_error": None,
            "type": wire_types(method)[0],
            "auth_method_key": method.key,
            "display_name": name[:200],
            "account_id": new.account_id,
            "account_label": new.account_label,
            "granted_scopes": new.granted_scopes,
            "oauth_app_id": new.oauth_app_id,
            "obtained_at": new.obtained_at,
            "expires_at": new.expires_at,
            "refresh_started_at": None,
            "refreshed_at": None,
            "workspace_integration_id": None if offer.instance is None else offer.instance.id,
            "made_for_alias": None,
            "updated_at": self._clock(),
        }


async def _note(tx: Transaction, portal: Portal, status: str, **values: str | None) -> None:
    """Tell the session, if there is one, what has become of it."""
    session = None if portal.session is None else await tx.connect_sessions.get(portal.scope, portal.session.id)
    if session is not None:
        await tx.connect_sessions.update(session, status=status, **values)


async def _replaced(tx: Transaction, portal: Portal, offer: Offer, end_user: EndUser | None) -> Connection | None:
    """Find the connection whose place the new account takes: what points at it stays."""
    if portal.session is not None:
        return await _of_session(tx, portal, portal.session, offer=offer, end_user=end_user)
    if end_user is None or offer.instance is None:
        return None
    own = await tx.connections.own(portal.scope, end_user.id, integration=offer.instance)
    # One that serves other instances too is left to them.
    made_for_it = [each for each in own if each.workspace_integration_id is not None or each.made_for_alias is not None]
    return next((each for each in made_for_it if is_active(each)), made_for_it[0] if made_for_it else None)


async def _of_session(
    tx: Transaction, portal: Portal, session: ConnectSession, *, offer: Offer, end_user: EndUser | None
) -> Connection | None:
    found = await tx.connections.of_owner(
        portal.scope,
        owner_of(session, end_user) or "",
        integration_name=session.integration_name,
        external_id=session.external_id,
    )
    instance_id = None if offer.instance is None else offer.instance.id
    if found is not None and found.workspace_integration_id not in (None, instance_id):
        raise Duplicate("another integration of the workspace has a connection of this external id")
    return found


def _differs(held: Connection, new: NewAccount) -> bool:
    """Tell whether both accounts are known and not the same."""
    return None not in (held.account_id, new.account_id) and held.account_id != new.account_id
