"""What the sentry manifest can't say: changes to many issues at once, which must not hit all of them by mistake."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

_PATH: Final = "organizations/{organization}/issues/"
_CHANGES: Final = (
    "status", "statusDetails", "substatus", "assignedTo", "priority", "inbox", "hasSeen", "isBookmarked", "isPublic",
    "isSubscribed", "merge", "discard",
)  # fmt: skip


async def bulk_update_issues(call: ActionCall) -> Json:
    """Change the issues that are named, or that match the query."""
    given = call.arguments
    changes = {name: given[name] for name in _CHANGES if name in given}
    if not changes:
        raise InvalidInput("Say what shall change: status, assignedTo, priority or another.", path="/status")
    if not given.get("issueIds") and not _filters(given):
        raise InvalidInput("Name the issues, or say by a query which ones are meant.", path="/issueIds")
    answer = await call.api.send("PUT", _PATH, given, query=_which(given), json=changes)
    return answer.json


async def bulk_delete_issues(call: ActionCall) -> Json:
    """Delete the issues that are named, or all that match where that is said."""
    given = call.arguments
    if not given.get("issueIds") and not given.get("deleteAllMatching"):
        raise InvalidInput("Name the issues, or set deleteAllMatching to delete all that match.", path="/issueIds")
    await call.api.send("DELETE", _PATH, given, query=_which(given))
    return {"deleted": True}


def _which(given: Mapping[str, Json]) -> dict[str, Json]:
    filters = _filters(given)
    which = {
        "id": given.get("issueIds"),
        "project": given.get("projectIds"),
        "environment": given.get("environments"),
        # Without a query Sentry takes unresolved issues only, also of those that are named.
        "query": " ".join(filters),
        "viewId": given.get("viewId"),
        "sort": given.get("sort"),
        "limit": given.get("limit"),
    }
    return {name: value for name, value in which.items() if value is not None}


def _filters(given: Mapping[str, Json]) -> list[str]:
    status = given.get("filterStatus")
    return [part for part in (status and f"is:{status}", given.get("query")) if part]
