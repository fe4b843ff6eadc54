"""What a browser has begun at a connect page and has to come back for: once, within ten minutes, itself (R17, R24)."""

import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import hash_token
from integrations.ports import Json
from storage.database import Database
from storage.records import ConnectStep
from storage.scope import TenantScope

LIFETIME = timedelta(minutes=10)


class StepKind(StrEnum):
    """Where the browser went."""

    HOP = "hop"
    """To the provider, which sends it back to our callback."""
    REPLACE = "replace"
    """To the question whether another account may take the place of the connected one."""


class StepUnknown(Exception):
    """This browser has begun no such step, or has finished it, or took too long."""


class ConnectSteps:
    """Steps under way. What they carry is sealed; their keys and the browsers' cookies are kept as hashes."""

    def __init__(self, database: Database, *, cipher: Cipher, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._clock = clock

    async def begin(
        self,
        kind: StepKind,
        carried: Mapping[str, Json],
        *,
        scope: TenantScope,
        workspace_id: str,
        browser: str,
        integration_name: str,
    ) -> str:
        """Remember what a browser will need when it comes back; returns the key to come back with."""
        key, row_id, now = secrets.token_urlsafe(32), new_id(), self._clock()
        row = ConnectStep(
            id=row_id,
            organization_id=scope.organization_id,
            workspace_id=workspace_id,
            kind=kind,
            key_hash=hash_token(key),
            browser_hash=hash_token(browser),
            integration_name=integration_name,
            sealed=self._cipher.seal(json.dumps(carried).encode(), "connect_steps", row_id),
            expires_at=now + LIFETIME,
            created_at=now,
        )
        async with self._database.write() as tx:
            await tx.connect_steps.delete_expired(now)
            await tx.connect_steps.insert(row)
        return key

    async def take(self, kind: StepKind, key: str, *, browser: str, integration_name: str) -> Mapping[str, Json]:
        """Return what the step carries; it is over with that, whatever comes of it. Raises `StepUnknown`."""
        async with self._database.write() as tx:
            row = await tx.connect_steps.take(
                hash_token(key), browser_hash=hash_token(browser), kind=kind, integration_name=integration_name
            )
        if row is None or row.expires_at <= self._clock():
            raise StepUnknown
        return json.loads(self._cipher.open(row.sealed, "connect_steps", row.id))
