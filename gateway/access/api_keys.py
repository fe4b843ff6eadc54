"""API keys: made, listed and deleted by an organization, and recognised when a product backend calls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.changes import ChangeFeed
from gateway.errors import Forbidden, NotFound, Unauthorized, ValidationFailed
from gateway.kit.cache import ExactCache, Topic
from gateway.kit.clock import Clock
from gateway.kit.ids import as_id, new_id
from gateway.kit.tokens import MintedToken, TokenKind, hash_token, is_well_formed, mint
from gateway.principals import ApiKeyPrincipal
from gateway.refusals import refusing
from storage.database import Database, Transaction
from storage.records import ApiKey
from storage.repository import Page
from storage.scope import TenantScope

_CAPACITY = 1_000
_USE_IS_NOTED_EVERY = timedelta(minutes=1)
_REFUSED = "the API key is unknown, expired or deleted"


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A fresh key; `token.plain` is shown to its owner once."""

    record: ApiKey
    token: MintedToken


class ApiKeys:
    """The API keys of organizations. Only organization-wide callers manage them: the face sees to that."""

    def __init__(self, database: Database, *, clock: Clock, changes: ChangeFeed) -> None:
        self._database = database
        self._clock = clock
        self._known: ExactCache[str, ApiKey] = ExactCache(capacity=_CAPACITY)
        self._use_noted: dict[str, datetime] = {}
        changes.subscribe(self._forget)

    async def authenticate(self, plain: str) -> ApiKeyPrincipal:
        """Return who calls with this key. Raises `Unauthorized`."""
        if not is_well_formed(plain, TokenKind.API_KEY):
            raise Unauthorized(_REFUSED)
        key_hash = hash_token(plain)
        key = await self._known.get(key_hash, lambda: self._load(key_hash), _topics)
        if key.expires_at is not None and key.expires_at <= self._clock():
            raise Unauthorized(_REFUSED)
        await self._note_use(key)
        return ApiKeyPrincipal(key.id, key.organization_id, _workspace_ids(key.permissions))

    async def create(
        self,
        scope: TenantScope,
        *,
        name: str,
        permissions: Mapping[str, Any] | None = None,
        expires_at: datetime | None = None,
    ) -> NewApiKey:
        """Make a key; `permissions` are kept exactly as given. Raises `ValidationFailed`."""
        now = self._clock()
        if expires_at is not None and expires_at <= now:
            raise ValidationFailed("expiresAt: lies in the past")
        token = mint(TokenKind.API_KEY)
        row = ApiKey(
            id=new_id(),
            organization_id=scope.organization_id,
            name=name,
            key_hash=token.hash,
            key_prefix=token.prefix,
            permissions=None if permissions is None else dict(permissions),
            expires_at=expires_at,
            created_at=now,
        )
        with refusing({}, gone="there is no such organization"):
            async with self._database.write() as tx:
                await _check_workspaces(tx, scope, permissions)
                return NewApiKey(await tx.api_keys.insert(row), token)

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[ApiKey]:
        """Return a page of the organization's keys."""
        async with self._database.read() as tx:
            return await tx.api_keys.page(scope, limit=limit, offset=offset)

    async def delete(self, scope: TenantScope, key_id: str, *, by: str | None) -> None:
        """Delete a key, which opens nothing from then on; `by` is the id of the calling key, if a key calls.

        Raises `NotFound`, `Forbidden` for a key that would delete itself.
        """
        async with self._database.write() as tx:
            row = await tx.api_keys.get(scope, key_id)
            if row is None:
                raise NotFound("there is no such API key")
            if row.id == by:
                raise Forbidden("an API key can't delete itself: use another key, or the service key")
            await tx.api_keys.delete(row)

    async def _load(self, key_hash: str) -> ApiKey:
        async with self._database.read() as tx:
            key = await tx.api_keys.by_hash(key_hash)
        if key is None:
            raise Unauthorized(_REFUSED)
        return key

    async def _note_use(self, key: ApiKey) -> None:
        """Note the use of a key, once a minute at most."""
        now = self._clock()
        noted = self._use_noted.get(key.id, key.last_used_at)
        if noted is not None and now - noted < _USE_IS_NOTED_EVERY:
            return
        self._use_noted[key.id] = now
        async with self._database.write() as tx:
            await tx.api_keys.mark_used(key.id, now)

    def _forget(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            self._known.drop(topic)
            self._use_noted.pop(topic[1], None)


def _topics(key: ApiKey) -> tuple[Topic, ...]:
    return ("api_key", key.id), ("organization", key.organization_id)


def _workspace_ids(permissions: Mapping[str, Any] | None) -> frozenset[str] | None:
    """Return the workspaces that a key opens; None for the whole organization. An odd scope opens nothing."""
    if permissions is None or permissions.get("scope") == "org":
        return None
    listed = permissions.get("workspaceIds", ()) if permissions.get("scope") == "workspace" else ()
    return frozenset(row_id for each in listed if (row_id := as_id(each)) is not None)


async def _check_workspaces(tx: Transaction, scope: TenantScope, permissions: Mapping[str, Any] | None) -> None:
    """Raise where a key would be narrowed to workspaces that are not there."""
    for row_id in _workspace_ids(permissions) or ():
        if await tx.workspaces.get(scope, row_id) is None:
            raise ValidationFailed(f"permissions.workspaceIds: the organization has no workspace {row_id}")
