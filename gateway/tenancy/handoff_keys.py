"""What the product behind a workspace signs its hand-offs with: a secret shared with us, or keys that it publishes."""

from dataclasses import dataclass, field
from typing import Any, Final

from gateway.errors import NotFound, ValidationFailed
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.tenancy.return_addresses import accept_return_address
from gateway.tenancy.workspaces import existing_workspace
from storage.database import Database
from storage.records import HandoffKey
from storage.scope import TenantScope

LEAST_SECRET_BYTES: Final = 32
"""As many as HMAC with SHA-256 gives (RFC 7518 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHandoffKey:
    """One of the two, and optionally what the product calls itself in its tokens."""

    secret: str | None = field(default=None, repr=False)
    jwks_url: str | None = None
    issuer: str | None = None


class HandoffKeySafe:
    """Seals and opens shared secrets, each bound to its row."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, secret: str, key_id: str, organization_id: str) -> bytes:
        """Seal a secret for this row."""
        return self._cipher.seal(secret.encode(), "handoff_keys", key_id, organization_id)

    def open(self, row: HandoffKey) -> str | None:
        """Return the secret; None where the product publishes its keys. Raises `SealBroken`."""
        return None if row.sealed is None else self._plain(row.sealed, row).decode()

    def reseal(self, row: HandoffKey) -> bytes | None:
        """Seal the same secret under the newest key; None where it is already, or where there is none."""
        if row.sealed is None or self._cipher.is_current(row.sealed):
            return None
        return self._cipher.seal(self._plain(row.sealed, row), "handoff_keys", row.id, row.organization_id)

    def _plain(self, sealed: bytes, row: HandoffKey) -> bytes:
        return self._cipher.open(sealed, "handoff_keys", row.id, row.organization_id)


class HandoffKeys:
    """The one that each workspace may have. Workspaces are named by id or slug here."""

    def __init__(self, database: Database, *, safe: HandoffKeySafe, clock: Clock) -> None:
        self._database = database
        self._safe = safe
        self._clock = clock

    async def put(self, scope: TenantScope, workspace: str, new: NewHandoffKey) -> HandoffKey:
        """Set what a workspace's hand-offs are signed with; what was set before holds no more.

        Raises `ValidationFailed`, and as for any workspace `ScopeDenied`, `NotFound`.
        """
        _check(new)
        now = self._clock()
        async with self._database.write() as tx:
            row = await existing_workspace(tx, scope, workspace)
            known = await tx.handoff_keys.of_workspace(scope, row.id)
            key_id = new_id() if known is None else known.id
            values: dict[str, Any] = {
                "sealed": None if new.secret is None else self._safe.seal(new.secret, key_id, row.organization_id),
                "jwks_url": new.jwks_url,
                "issuer": new.issuer,
                "updated_at": now,
            }
            if known is not None:
                return await tx.handoff_keys.update(known, **values)
            owner = {"organization_id": row.organization_id, "workspace_id": row.id}
            return await tx.handoff_keys.insert(HandoffKey(id=key_id, created_at=now, **owner, **values))

    async def get(self, scope: TenantScope, workspace: str) -> HandoffKey:
        """Return what a workspace's hand-offs are signed with. Raises `ScopeDenied`, `NotFound`."""
        async with self._database.read() as tx:
            row = await existing_workspace(tx, scope, workspace)
            return _existing(await tx.handoff_keys.of_workspace(scope, row.id))

    async def delete(self, scope: TenantScope, workspace: str) -> HandoffKey:
        """Take no more signed hand-offs in a workspace. Raises `ScopeDenied`, `NotFound`."""
        async with self._database.write() as tx:
            row = await existing_workspace(tx, scope, workspace)
            found = _existing(await tx.handoff_keys.of_workspace(scope, row.id))
            await tx.handoff_keys.delete(found)
            return found


def _check(new: NewHandoffKey) -> None:
    if (new.secret is None) == (new.jwks_url is None):
        raise ValidationFailed("secret or jwksUrl: give one of them, not both")
    if new.jwks_url is not None:
        accept_return_address(new.jwks_url, "jwksUrl")
    if new.secret is not None and len(new.secret.encode()) < LEAST_SECRET_BYTES:
        raise ValidationFailed(f"secret: has to be {LEAST_SECRET_BYTES} bytes at least; try openssl rand -base64 32")
    # Whoever sends one means the other kind, and would sign with what everybody may read.
    if new.secret is not None and "-----BEGIN" in new.secret:
        raise ValidationFailed("secret: this is a key in PEM; publish the public half and give its jwksUrl")


def _existing(found: HandoffKey | None) -> HandoffKey:
    if found is None:
        raise NotFound("the workspace takes no signed hand-offs")
    return found
