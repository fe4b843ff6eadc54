"""What the calendly manifest can't say: lists are asked for by the address of the person who is connected."""

from integrations.action import ActionCall
from integrations.notation import find
from integrations.ports import Json

_TYPE = ("uri", "name", "active", "slug", "scheduling_url", "duration", "kind", "type", "description_plain")
_EVENT = ("uri", "name", "status", "start_time", "end_time", "event_type", "location", "invitees_counter", "created_at")


async def list_event_types(call: ActionCall) -> Json:
    """What can be booked with this person."""
    given = call.arguments
    query = {"user": await _me(call), "count": given.get("count", 20), "active": given.get("active")}
    return _shaped(await call.api.get("event_types", query=query), _TYPE)


async def list_scheduled_events(call: ActionCall) -> Json:
    """What is booked with this person."""
    given = call.arguments
    query = {
        "user": await _me(call),
        "count": given.get("count", 20),
        "status": given.get("status"),
        "min_start_time": given.get("minStartTime"),
        "max_start_time": given.get("maxStartTime"),
        "page_token": given.get("pageToken"),
        "sort": given.get("sort"),
    }
    return _shaped(await call.api.get("scheduled_events", query=query), _EVENT)


async def _me(call: ActionCall) -> str:
    return (await call.api.get("users/me"))["resource"]["uri"]


def _shaped(answer: Json, kept: tuple[str, ...]) -> Json:
    """The list with a few members of each, and the token of the next page."""
    items = [{name: each.get(name) for name in kept} for each in answer.get("collection", [])]
    token = find(answer, "/pagination/next_page_token")
    return {"items": items, "next_page_token": token if isinstance(token, str) else None}
