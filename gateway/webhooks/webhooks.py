"""Webhooks of a tenant: where to send, which events, and the secret to check them by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from gateway.errors import Conflict, NotFound, ScopeDenied, ValidationFailed
from gateway.kit.cipher import SealBroken
from gateway.kit.clock import Clock
from gateway.kit.egress_policy import EgressPolicy
from gateway.kit.ids import new_id
from gateway.kit.tokens import mint_signing_secret
from gateway.webhooks.signing import SecretSafe, SigningSecrets
from integrations.ports import HttpRefused
from storage.database import Database, Transaction
from storage.records import Webhook
from storage.repository import Page
from storage.scope import TenantScope

MOST_WEBHOOKS: Final = 20
"""How many an organization may have, those of its workspaces included."""

LONGEST_OVERLAP: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """Where a backend wants to be told; of the whole organization, or of the workspace of this id."""

    url: str
    workspace_id: str | None = None
    description: str | None = None
    events: Sequence[str] | None = None
    """Names of the events that are wanted; None means all."""


@dataclass(frozen=True, slots=True)
class WebhookWithSecret:
    """A webhook and its fresh secret, which is shown this once."""

    record: Webhook
    secrets: SigningSecrets = field(repr=False)


class Webhooks:
    """The webhooks of a tenant. Those of the organization are for organization-wide callers."""

    def __init__(self, database: Database, *, safe: SecretSafe, policy: EgressPolicy, clock: Clock) -> None:
        self._database = database
        self._safe = safe
        self._policy = policy
        self._clock = clock

    async def create(self, scope: TenantScope, new: NewWebhook) -> WebhookWithSecret:
        """Make a webhook. Raises `ValidationFailed` (the address), `ScopeDenied`, `NotFound`, `Conflict` (too many)."""
        self._check_address(new.url)
        row_id, now, secrets = new_id(), self._clock(), SigningSecrets(mint_signing_secret())
        async with self._database.write() as tx:
            await _check_room(tx, scope, new.workspace_id)
            row = await tx.webhooks.insert(
                Webhook(
                    id=row_id,
                    organization_id=scope.organization_id,
                    workspace_id=new.workspace_id,
                    url=new.url,
                    description=new.description,
                    events=_in_order(new.events),
                    sealed=self._safe.seal(secrets, webhook_id=row_id, organization_id=scope.organization_id),
                    created_at=now,
                    updated_at=now,
                )
            )
        return WebhookWithSecret(row, secrets)

    async def get(self, scope: TenantScope, webhook_id: str) -> Webhook:
        """Return a webhook. Raises `NotFound`."""
        async with self._database.read() as tx:
            return await existing_webhook(tx, scope, webhook_id)

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Webhook]:
        """Return a page of the webhooks that the caller reaches."""
        async with self._database.read() as tx:
            return await tx.webhooks.page(scope, limit=limit, offset=offset)

    async def update(self, scope: TenantScope, webhook_id: str, changes: Mapping[str, Any]) -> Webhook:
        """Set `url`, `description`, `events`, `enabled`.

        What is still to be sent goes to the new address; to a webhook that is disabled, it fails.
        Raises `NotFound`, `ValidationFailed`.
        """
        values = dict(changes)
        if "url" in values:
            self._check_address(values["url"])
        if "events" in values:
            values["events"] = _in_order(values["events"])
        enabled = values.pop("enabled", None)
        async with self._database.write() as tx:
            row = await existing_webhook(tx, scope, webhook_id)
            if enabled:
                values |= {"disabled_at": None, "disabled_reason": None}
            elif enabled is False and row.disabled_at is None:
                await disable(tx, row, "disabled over REST", clock=self._clock)
            return await tx.webhooks.update(row, updated_at=self._clock(), **values)

    async def rotate_secret(self, scope: TenantScope, webhook_id: str, *, overlap: timedelta) -> WebhookWithSecret:
        """Exchange the secret; for `overlap` what is sent is signed with both. Raises `NotFound`."""
        async with self._database.write() as tx:
            row = await existing_webhook(tx, scope, webhook_id)
            secrets = self._rotated(row, overlap)
            sealed = self._safe.seal(secrets, webhook_id=row.id, organization_id=row.organization_id)
            await tx.webhooks.update(row, sealed=sealed, updated_at=self._clock())
        return WebhookWithSecret(row, secrets)

    async def delete(self, scope: TenantScope, webhook_id: str) -> None:
        """Remove a webhook with all that was sent and is still to be sent to it. Raises `NotFound`."""
        async with self._database.write() as tx:
            await tx.webhooks.delete(await existing_webhook(tx, scope, webhook_id))

    def _rotated(self, row: Webhook, overlap: timedelta) -> SigningSecrets:
        fresh = mint_signing_secret()
        try:
            return self._safe.open(row).rotated(fresh, now=self._clock(), overlap=overlap)
        except SealBroken:
            # The way out where the key that sealed the old one is lost.
            return SigningSecrets(fresh)

    def _check_address(self, url: str) -> None:
        """Raise `ValidationFailed` for an address that the deployment sends nothing to."""
        try:
            self._policy.target(url)
        except HttpRefused as error:
            raise ValidationFailed(f"url: {error.message}") from error


async def existing_webhook(tx: Transaction, scope: TenantScope, webhook_id: str) -> Webhook:
    """Return a webhook. Raises `NotFound`."""
    row = await tx.webhooks.get(scope, webhook_id)
    if row is None:
        raise NotFound("there is no such webhook")
    return row


async def disable(tx: Transaction, row: Webhook, reason: str, *, clock: Clock) -> None:
    """Stop sending to a webhook: from now on nothing is kept for it, and what was still to be sent has failed."""
    await tx.webhooks.update(row, disabled_at=clock(), disabled_reason=reason)
    await tx.webhook_deliveries.give_up(row.id, f"the webhook was disabled before this could be sent: {reason}")


async def _check_room(tx: Transaction, scope: TenantScope, workspace_id: str | None) -> None:
    if workspace_id is None and scope.workspace_ids is not None:
        raise ScopeDenied("a webhook of the whole organization needs an organization-wide API key; name a workspaceId")
    if workspace_id is not None and await tx.workspaces.get(scope, workspace_id) is None:
        raise NotFound("there is no such workspace")
    held = await tx.webhooks.page(TenantScope(scope.organization_id), limit=1, offset=0)
    if held.total >= MOST_WEBHOOKS:
        raise Conflict(f"the organization has {held.total} webhooks, and may have {MOST_WEBHOOKS}: delete one first")


def _in_order(events: Sequence[str] | None) -> list[str] | None:
    return None if events is None else sorted(set(events))
