"""What a browser has begun at a connect page and has to come back for: once, within ten minutes, itself (R17, R24)."""

import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from gateway.kit.cipher import Cipher, SealBroken
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import hash_token
from integrations.ports import Json
from storage.database import Database, Transaction
from storage.records import ConnectStep
from storage.scope import TenantScope

LIFETIME = timedelta(minutes=10)
_KEPT = ("token", "offer_key")


class StepKind(StrEnum):
    """Where the browser went."""

    HOP = "hop"
    """To the provider, which sends it back to our callback."""
    REPLACE = "replace"
    """To the question whether another account may take the place of the connected one."""


class StepFault(StrEnum):
    """Why a step can't be gone on with."""

    UNKNOWN = "unknown"
    OF_ANOTHER_BROWSER = "of another browser"
    EXPIRED = "expired"
    TAKEN = "taken"


class StepLost(Exception):
    """This step can't be gone on with. `way_back` is there for the browser that has begun it."""

    def __init__(self, fault: StepFault, way_back: Mapping[str, Json] | None = None) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.way_back = way_back or {}


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
            sealed=self._seal(carried, row_id),
            expires_at=now + LIFETIME,
            created_at=now,
        )
        async with self._database.write() as tx:
            await tx.connect_steps.insert(row)
        return key

    async def look(self, kind: StepKind, key: str, *, browser: str, integration_name: str) -> Mapping[str, Json]:
        """Return what the step carries, and leave it to be taken. Raises `StepLost`."""
        async with self._database.read() as tx:
            row = await tx.connect_steps.by_key(hash_token(key), kind=kind, integration_name=integration_name)
        fault = self._fault(row, browser)
        if row is None or fault is not None:
            raise self._lost(row, fault or StepFault.UNKNOWN)
        return self._open(row)

    async def take(self, kind: StepKind, key: str, *, browser: str, integration_name: str) -> Mapping[str, Json]:
        """Return what the step carries; it is over with that, whatever comes of it. Raises `StepLost`."""
        key_hash, now = hash_token(key), self._clock()
        async with self._database.write() as tx:
            row = await tx.connect_steps.take(
                key_hash, browser_hash=hash_token(browser), kind=kind, integration_name=integration_name, now=now
            )
            if row is not None:
                carried = self._open(row)
                await tx.connect_steps.update(row, sealed=self._seal(_way_back(carried), row.id))
                return carried
            found = await tx.connect_steps.by_key(key_hash, kind=kind, integration_name=integration_name)
        raise self._lost(found, self._fault(found, browser) or StepFault.UNKNOWN)

    async def take_lapsed(
        self, tx: Transaction, kind: StepKind, *, limit: int
    ) -> list[tuple[ConnectStep, Mapping[str, Json]]]:
        """Take steps of all tenants that nobody came back for in time; returns them with what they carried."""
        now = self._clock()
        taken: list[tuple[ConnectStep, Mapping[str, Json]]] = []
        for row in await tx.connect_steps.lapsed(kind, before=now, limit=limit):
            try:
                carried = self._open(row)
            except SealBroken:
                carried = dict[str, Json]()
            await tx.connect_steps.update(row, taken_at=now, sealed=self._seal(_way_back(carried), row.id))
            taken.append((row, carried))
        return taken

    def _fault(self, row: ConnectStep | None, browser: str) -> StepFault | None:
        if row is None:
            return StepFault.UNKNOWN
        if not hmac.compare_digest(row.browser_hash, hash_token(browser)):
            return StepFault.OF_ANOTHER_BROWSER
        if row.taken_at is not None:
            return StepFault.TAKEN
        return StepFault.EXPIRED if row.expires_at <= self._clock() else None

    def _lost(self, row: ConnectStep | None, fault: StepFault) -> StepLost:
        if row is None or fault in (StepFault.UNKNOWN, StepFault.OF_ANOTHER_BROWSER):
            return StepLost(fault)
        return StepLost(fault, _way_back(self._open(row)))

    def _seal(self, carried: Mapping[str, Json], row_id: str) -> bytes:
        return self._cipher.seal(json.dumps(carried).encode(), "connect_steps", row_id)

    def _open(self, row: ConnectStep) -> Mapping[str, Json]:
        return json.loads(self._cipher.open(row.sealed, "connect_steps", row.id))


def _way_back(carried: Mapping[str, Json]) -> dict[str, Json]:
    """Return what is kept of a step that is over: it leads back, and holds nothing that could be spent."""
    return {name: carried[name] for name in _KEPT if name in carried}
