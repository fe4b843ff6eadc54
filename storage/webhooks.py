"""Rows of webhooks, and of the events on their way to them."""

from storage.records import Webhook, WebhookDelivery
from storage.repository import Page, Repository
from storage.scope import TenantScope


class Webhooks(Repository[Webhook]):
    """Webhooks of organizations and of workspaces; a scope of workspaces holds those of its workspaces only."""

    record = Webhook

    async def page(self, scope: TenantScope, *, limit: int, offset: int) -> Page[Webhook]:
        """Return a page of webhooks."""
        return await self._page(scope, limit=limit, offset=offset)


class WebhookDeliveries(Repository[WebhookDelivery]):
    """Events on their way, within the scope of their webhook."""

    record = WebhookDelivery
