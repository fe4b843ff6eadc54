"""The streams of changes of clients without handshake: `subscriptions/listen` (MCP 2026-07-28, subscriptions)."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp_types import (
    INTERNAL_ERROR,
    NotificationParams,
    PromptListChangedNotification,
    ResourceListChangedNotification,
    ResourceUpdatedNotification,
    ResourceUpdatedNotificationParams,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    ToolListChangedNotification,
)

from gateway.mcp.followed import kinds_of, takes_subscriptions
from gateway.mcp.following import Following
from gateway.mcp.listeners import Listeners, TooManyStreams
from gateway.mcp.remote_names import remotes_of, with_resource
from gateway.mcp.remote_watch import RemoteWatch, Told
from gateway.mcp.subscriptions import MAX_RESOURCES
from gateway.mcp.visit import visit_of
from gateway.tools.toolset import Toolset, Toolsets
from gateway.upstreams.follow import PROMPTS_CHANGED, RESOURCES_CHANGED

_Context: TypeAlias = ServerRequestContext[Any, Any]
_Notification: TypeAlias = (
    SubscriptionsAcknowledgedNotification
    | ToolListChangedNotification
    | PromptListChangedNotification
    | ResourceListChangedNotification
    | ResourceUpdatedNotification
)


class Listening:
    """Serves one stream after another, each until its client leaves or its token no longer stands."""

    def __init__(self, *, toolsets: Toolsets, listeners: Listeners, following: Following) -> None:
        self._toolsets = toolsets
        self._listeners = listeners
        self.following = following

    async def serve(self, ctx: _Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """Serve one stream; it ends with this answer."""
        visit, meta = visit_of(ctx), {SUBSCRIPTION_ID_META_KEY: ctx.request_id}
        toolset = await self._toolsets.of(visit.principal.server_id)
        honored = honored_of(params.notifications, toolset)
        lists = {PROMPTS_CHANGED: honored.prompts_list_changed, RESOURCES_CHANGED: honored.resources_list_changed}
        try:
            async with (
                self._listeners.open(visit.principal, visit.still_admitted) as watch,
                self.following.watching(
                    visit.principal,
                    lists=frozenset(method for method, is_wanted in lists.items() if is_wanted),
                    uris=honored.resource_subscriptions or (),
                ) as remote,
                anyio.create_task_group() as tasks,
            ):
                if remote.lists or remote.uris:
                    await self.following.settled(remote)
                acknowledged = SubscriptionsAcknowledgedNotificationParams(notifications=honored, _meta=meta)
                await _send(ctx, SubscriptionsAcknowledgedNotification(params=acknowledged))
                tasks.start_soon(_tell_of_remote, ctx, remote, meta)
                while (changed := await watch.next_change()) is not False:
                    if changed and honored.tools_list_changed:
                        await _send(ctx, ToolListChangedNotification(params=NotificationParams(_meta=meta)))
                    await self.following.look(remote)
                tasks.cancel_scope.cancel()
        except TooManyStreams:
            raise MCPError(INTERNAL_ERROR, "too many open streams; try again later") from None
        return SubscriptionsListenResult(_meta=meta)


def honored_of(asked: SubscriptionFilter, toolset: Toolset) -> SubscriptionFilter:
    """Return what is told of what a client asks for: all about tools, the rest as far as remote servers tell it."""
    remotes = remotes_of(toolset)
    kinds = frozenset[str]().union(*map(kinds_of, remotes))
    subscribing = [each for each in remotes if takes_subscriptions(each)]
    uris = [uri for uri in asked.resource_subscriptions or () if with_resource(subscribing, uri) is not None]
    return SubscriptionFilter(
        tools_list_changed=asked.tools_list_changed or None,
        prompts_list_changed=True if asked.prompts_list_changed and PROMPTS_CHANGED in kinds else None,
        resources_list_changed=True if asked.resources_list_changed and RESOURCES_CHANGED in kinds else None,
        resource_subscriptions=list(dict.fromkeys(uris))[:MAX_RESOURCES] or None,
    )


async def _tell_of_remote(ctx: _Context, remote: RemoteWatch, meta: Mapping[str, Any]) -> None:
    while True:
        for told in await remote.told():
            await _send(ctx, _notification(told, dict(meta)))


def _notification(told: Told, meta: dict[str, Any]) -> _Notification:
    method, params = told
    if method == PROMPTS_CHANGED:
        return PromptListChangedNotification(params=NotificationParams(_meta=meta))
    if method == RESOURCES_CHANGED:
        return ResourceListChangedNotification(params=NotificationParams(_meta=meta))
    return ResourceUpdatedNotification(params=ResourceUpdatedNotificationParams(uri=params["uri"], _meta=meta))


async def _send(ctx: _Context, notification: _Notification) -> None:
    await ctx.session.send_notification(notification, related_request_id=ctx.request_id)
