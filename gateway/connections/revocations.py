"""Grants that providers are still to be told have ended: written in the transaction that ends them, sent afterwards.

What goes with a connection may be the OAuth app too, so each row holds, sealed, all that sending takes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import TypeAdapter

from gateway.connections.credentials import CredentialSafe
from gateway.connections.oauth_apps import OAuthApp, OAuthApps
from gateway.connections.revocation_endpoint import needs_app, token_of
from gateway.kit.cipher import Cipher, SealBroken
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.tenancy.catalogs import Catalogs
from integrations.auth_methods import OAuth2
from integrations.ports import Json
from storage.database import Database, Transaction
from storage.records import Connection, Revocation
from storage.repository import Page
from storage.scope import TenantScope


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedGrant:
    """What a provider has to be shown for ending a grant."""

    app: OAuthApp | None
    values: Mapping[str, Json] = field(repr=False)
    expires_at: datetime | None
    """When the access token among the values ends."""
    issuer: str | None = None
    """Whose grant it is, where the integration says so: no other authorization server is shown its tokens."""


_AS_JSON = TypeAdapter(EndedGrant)


class RevocationSafe:
    """Seals and opens ended grants, each bound to its row."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, grant: EndedGrant, *, revocation_id: str, organization_id: str) -> bytes:
        """Seal a grant for this row."""
        plain = json.dumps(_AS_JSON.dump_python(grant, mode="json")).encode()
        return self._cipher.seal(plain, "revocations", revocation_id, organization_id)

    def open(self, row: Revocation) -> EndedGrant:
        """Open a row's grant. Raises `SealBroken` if the row was tampered with or its key is gone."""
        return _AS_JSON.validate_json(self._cipher.open(row.sealed, "revocations", row.id, row.organization_id))

    def reseal(self, row: Revocation) -> bytes | None:
        """Seal the same grant under the newest key; None where it is already, or where none is left."""
        if not row.sealed or self._cipher.is_current(row.sealed):
            return None
        plain = self._cipher.open(row.sealed, "revocations", row.id, row.organization_id)
        return self._cipher.seal(plain, "revocations", row.id, row.organization_id)


class Revocations:
    """What is still to be revoked."""

    def __init__(
        self,
        database: Database,
        *,
        catalogs: Catalogs,
        apps: OAuthApps,
        credentials: CredentialSafe,
        safe: RevocationSafe,
        clock: Clock,
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._apps = apps
        self._credentials = credentials
        self._safe = safe
        self._clock = clock

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Revocation]:
        """Return a page of what providers have not been told yet, oldest first."""
        async with self._database.read() as tx:
            return await tx.revocations.page(scope, limit=limit, offset=offset)

    async def queue(self, tx: Transaction, connections: Sequence[Connection]) -> None:
        """Note that the grants of these connections end with this transaction, where their providers can be told.

        Whether somebody else still needs an account-wide grant is asked when it is sent: only then is it known.
        """
        apps: dict[tuple[str, str | None], OAuthApp | None] = {}
        rows: list[Revocation] = []
        for connection in connections:
            key = (connection.integration_name, connection.oauth_app_id)
            if key not in apps:
                scope = TenantScope(connection.organization_id)
                apps[key] = await self._apps.find(scope, key[0], oauth_app_id=key[1])
            row = self._row(connection, apps[key])
            if row is not None:
                rows.append(row)
        if rows:
            await tx.revocations.insert_many(rows)

    def _row(self, connection: Connection, app: OAuthApp | None) -> Revocation | None:
        method = oauth_method(self._catalogs, connection)
        if method is None or method.revoke is None:
            return None
        try:
            values = self._credentials.open(connection).values
        except SealBroken:
            return None
        if token_of(method.revoke, values) is None or (app is None and needs_app(method.revoke)):
            return None
        row_id, now = new_id(), self._clock()
        grant = EndedGrant(app=app, values=values, expires_at=connection.expires_at, issuer=method.issuer)
        return Revocation(
            id=row_id,
            organization_id=connection.organization_id,
            workspace_id=connection.workspace_id,
            connection_id=connection.id,
            integration_name=connection.integration_name,
            auth_method_key=method.key,
            oauth_app_id=connection.oauth_app_id,
            client_id=None if app is None else app.client_id,
            account_id=connection.account_id,
            account_label=connection.account_label,
            sealed=self._safe.seal(grant, revocation_id=row_id, organization_id=connection.organization_id),
            next_attempt_at=now,
            created_at=now,
        )


def oauth_method(catalogs: Catalogs, row: Connection | Revocation) -> OAuth2 | None:
    """Return an OAuth method of the catalogue, None where there is no such any more."""
    catalog = catalogs.of(row.organization_id)
    if row.integration_name not in catalog:
        return None
    methods = catalog.get(row.integration_name).auth
    found = next((method for method in methods if method.key == row.auth_method_key), None)
    return found if isinstance(found, OAuth2) else None
