"""What the zendesk manifest can't say: searches that are put together, and a ticket with its comments."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.ports import Json

_TICKET: Final = (
    "id", "subject", "description", "status", "priority", "type", "tags", "requester_id", "assignee_id", "group_id",
    "created_at", "updated_at",
)  # fmt: skip
_USER: Final = ("id", "name", "email", "role", "phone", "organization_id", "created_at")
_COMMENT: Final = ("id", "author_id", "plain_body", "public", "created_at")


async def get_ticket(call: ActionCall) -> Json:
    """Read one ticket, with its comments where they are asked for."""
    given = call.arguments
    answer = await call.api.get("tickets/{ticket_id}.json", given)
    ticket = _part(answer["ticket"], _TICKET)
    if given.get("include_comments"):
        size = {"page[size]": given.get("comments_limit", 25)}
        found = await call.api.get("tickets/{ticket_id}/comments.json", given, query=size)
        ticket["comments"] = [_part(comment, _COMMENT) for comment in found.get("comments", [])]
    return ticket


async def search_tickets(call: ActionCall) -> Json:
    """Search tickets by Zendesk's words and by what is asked for apart."""
    given = call.arguments
    words = ["type:ticket", given.get("query")]
    words += [f"{name}:{given[name]}" for name in ("status", "priority") if given.get(name)]
    words += [f"tags:{_quoted(given['tag'])}"] if given.get("tag") else []
    words += [f"requester:{_quoted(given['requester_email'])}"] if given.get("requester_email") else []
    return await _found(call, words, _TICKET)


async def search_users(call: ActionCall) -> Json:
    """Search people by Zendesk's words, address and role."""
    given = call.arguments
    words = ["type:user", given.get("query")]
    words += [f"email:{_quoted(given['email'])}"] if given.get("email") else []
    words += [f"role:{given['role']}"] if given.get("role") else []
    return await _found(call, words, _USER)


async def _found(call: ActionCall, words: list[str | None], kept: tuple[str, ...]) -> Json:
    page = {"page": call.arguments.get("page", 1), "per_page": call.arguments.get("limit", 25)}
    query = {"query": " ".join(word for word in words if word), **page}
    answer = await call.api.get("search.json", query=query)
    return {"count": answer.get("count"), "results": [_part(each, kept) for each in answer.get("results", [])]}


def _quoted(value: str) -> str:
    """The value as one word of a search."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _part(whole: Mapping[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    return {name: whole.get(name) for name in names}
