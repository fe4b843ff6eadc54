"""Rows of webhooks, and of the events on their way to them."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlmodel import col

from storage.records import Webhook, WebhookDelivery
from storage.repository import Page, Repository
from storage.scope import TenantScope


class Webhooks(Repository[Webhook]):
    """Webhooks of organizations and of workspaces; a scope of workspaces holds those of its workspaces only."""

    record = Webhook

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Webhook]:
        """Return a page of webhooks."""
        return await self._page(scope, limit=limit, offset=offset)

    async def listening(self, scope: TenantScope) -> list[Webhook]:
        """Return the webhooks that are not disabled."""
        return await self._all(scope, col(Webhook.disabled_at).is_(None))

    def _touch(self, row: Webhook) -> None:
        self._changed(("webhook", row.id))


class WebhookDeliveries(Repository[WebhookDelivery]):
    """Events on their way, within the scope of their webhook."""

    record = WebhookDelivery

    async def append(self, rows: Sequence[WebhookDelivery]) -> None:
        """Add rows behind all that there are, in this order; their `sequence` is set here."""
        last = await self._session.scalar(select(func.max(col(WebhookDelivery.sequence)))) or 0
        for number, row in enumerate(rows, start=last + 1):
            row.sequence = number
        await self.insert_many(rows)

    def _touch(self, row: WebhookDelivery) -> None:
        self._changed(("webhook_deliveries", row.webhook_id))
