"""What the freshdesk manifest can't say: states and priorities are numbers there, and a ticket comes with its talk."""

from collections.abc import Mapping

from integrations.action import ActionCall
from integrations.ports import Json


async def create_ticket(call: ActionCall) -> Json:
    """Create a ticket on behalf of somebody."""
    given = call.arguments
    ticket = {name: given[name] for name in ("subject", "description", "tags") if name in given}
    made = await call.api.post("tickets", json=ticket | {"email": given["requester_email"]} | _numbers(given))
    return _brief(made)


async def update_ticket(call: ActionCall) -> Json:
    """Change a ticket."""
    given = call.arguments
    changes = {name: given[name] for name in ("responder_id", "group_id", "tags") if name in given}
    answer = await call.api.send("PUT", "tickets/{ticket_id}", given, json=changes | _numbers(given))
    return _brief(answer.json)


async def get_ticket(call: ActionCall) -> Json:
    """Read a ticket as text, with what was said on it where that is asked for."""
    given = call.arguments
    include = {"include": "conversations"} if given.get("include_conversations") else {}
    ticket = await call.api.get("tickets/{ticket_id}", given, query=include)
    said = [
        {
            "id": each.get("id"),
            "text": each.get("body_text"),
            "private": each.get("private"),
            "incoming": each.get("incoming"),
            "from_email": each.get("from_email"),
            "created_at": each.get("created_at"),
        }
        for each in ticket.get("conversations", [])
    ]
    return _brief(ticket) | {"text": ticket.get("description_text")} | ({"conversations": said} if include else {})


def _numbers(given: Mapping[str, Json]) -> dict[str, int]:
    return {name: int(given[name]) for name in ("status", "priority") if name in given}


def _brief(ticket: Mapping[str, Json]) -> dict[str, Json]:
    kept = ("id", "subject", "status", "priority", "type", "tags", "requester_id", "responder_id", "group_id", "due_by",
            "created_at", "updated_at")  # fmt: skip
    return {name: ticket.get(name) for name in kept}
