"""What the intercom manifest can't say: searches, times in seconds, ids as numbers, contacts by e-mail address."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.html_text import html_to_text
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

PAGE: Final = 20
PARTS: Final = 50
"""How much of a long conversation is handed on: what was said last."""

_CONTACT: Final = {
    "email": "email",
    "userId": "external_id",
    "name": "name",
    "phone": "phone",
    "unsubscribe": "unsubscribed_from_emails",
    "customAttributes": "custom_attributes",
}
_KEPT_OF_CONTACT: Final = ("id", "role", "external_id", "email", "name", "phone", "custom_attributes", "created_at")


async def find_user(call: ActionCall) -> Json:
    """Users of whom one field is what was given."""
    return await _contacts(call, "user")


async def find_lead(call: ActionCall) -> Json:
    """Leads of whom one field is what was given."""
    return await _contacts(call, "lead")


async def find_company(call: ActionCall) -> Json:
    """Companies; a name or an id of one's own finds one, a tag or a segment a list."""
    given = call.arguments
    found = await call.api.get("companies", query={given["searchField"]: given["searchValue"]})
    companies: list[Json] = found.get("data", [found])
    kept = ("id", "company_id", "name", "website", "industry", "size", "user_count", "custom_attributes")
    return {"companies": [{name: company.get(name) for name in kept} for company in companies]}


async def find_conversation(call: ActionCall) -> Json:
    """Conversations by one field, and by state and time."""
    given = call.arguments
    wanted = [_is(given["searchField"], given["searchTerm"], given["matchType"])]
    if "status" in given:
        wanted.append(_is("state", given["status"]))
    for name, operator in (("updateAfter", ">"), ("updateBefore", "<")):
        if name in given:
            wanted.append(_is("updated_at", _seconds(given, name), operator))
    found = await call.api.post("conversations/search", json=_query(wanted))
    kept = ("id", "title", "state", "open", "read", "priority", "admin_assignee_id", "created_at", "updated_at")
    return {
        "total": found.get("total_count"),
        "conversations": [
            {name: each.get(name) for name in kept} | {"text": html_to_text(each.get("source", {}).get("body") or "")}
            for each in found.get("conversations", ())
        ],
    }


async def get_conversation(call: ActionCall) -> Json:
    """One conversation, with what was said."""
    found = await call.api.get("conversations/{conversationId}", call.arguments)
    kept = ("id", "title", "state", "open", "priority", "admin_assignee_id", "team_assignee_id", "created_at")
    parts: list[Json] = [found.get("source") or {}, *found.get("conversation_parts", {}).get("conversation_parts", ())]
    return {name: found.get(name) for name in kept} | {
        "contacts": [contact.get("id") for contact in found.get("contacts", {}).get("contacts", ())],
        "tags": [tag.get("name") for tag in found.get("tags", {}).get("tags", ())],
        "messages": [_said(part) for part in parts if part.get("body")][-PARTS:],
    }


async def send_message(call: ActionCall) -> Json:
    """A message from a teammate; an e-mail needs a subject and a template."""
    given = call.arguments
    message: dict[str, Json] = {
        "message_type": given["message_type"],
        "body": given["body"],
        "from": {"type": "admin", "id": int(given["from"])},
        "to": {"type": "user", "id": given["to"]},
        "create_conversation_without_contact_reply": given["create_conversation_without_contact_reply"],
    }
    if given["message_type"] == "email":
        if not given["email_required_fields"].get("subject"):
            raise InvalidInput("An e-mail needs a subject.", path="/email_required_fields")
        message |= {"template": "plain", **given["email_required_fields"]}
    return await call.api.post("messages", json=message)


async def create_user(call: ActionCall) -> Json:
    """A new user."""
    return _brief(await call.api.post("contacts", json={"role": "user", **_contact(call.arguments)}))


async def create_or_update_user(call: ActionCall) -> Json:
    """The user of an e-mail address, as it shall be."""
    known = await _found(call, [_is("email", call.arguments["email"]), _is("role", "user")])
    if not known:
        return await create_user(call)
    return await _updated(call, known[0]["id"])


async def create_or_update_lead(call: ActionCall) -> Json:
    """The lead of an id, as it shall be, or a new one."""
    if "leadId" in call.arguments:
        return await _updated(call, call.arguments["leadId"])
    return _brief(await call.api.post("contacts", json={"role": "lead", **_contact(call.arguments)}))


async def add_note_to_user(call: ActionCall) -> Json:
    """A note about the contact of an e-mail address."""
    known = await _found(call, [_is("email", call.arguments["email"])])
    if not known:
        raise NotFound("No contact has this e-mail address.")
    note = await call.api.post("contacts/{id}/notes", {"id": known[0]["id"]}, json={"body": call.arguments["body"]})
    return {"id": note.get("id"), "contact_id": known[0]["id"]}


async def tag_contact(call: ActionCall) -> Json:
    """A tag on a contact, or off."""
    given = call.arguments
    if given["untag"]:
        return (await call.api.send("DELETE", "contacts/{contactId}/tags/{tagId}", given)).json
    return await call.api.post("contacts/{contactId}/tags", given, json={"id": given["tagId"]})


async def tag_conversation(call: ActionCall) -> Json:
    """A tag on a conversation, or off; Intercom wants to know who does it."""
    given = call.arguments
    by = {"admin_id": str((await call.api.get("me")).get("id"))}
    if given["untag"]:
        return (await call.api.send("DELETE", "conversations/{conversationId}/tags/{tagId}", given, json=by)).json
    return await call.api.post("conversations/{conversationId}/tags", given, json={"id": given["tagId"], **by})


async def tag_company(call: ActionCall) -> Json:
    """A tag on a company, or off."""
    given = call.arguments
    company = {"id": given["companyId"]} | ({"untag": True} if given["untag"] else {})
    return await call.api.post("tags", json={"name": given["tagName"], "companies": [company]})


async def update_ticket(call: ActionCall) -> Json:
    """Another state of a ticket."""
    given = call.arguments
    ticket: dict[str, Json] = {"ticket_attributes": given["ticketProperties"]} if given["ticketProperties"] else {}
    for name, theirs in (("isOpen", "open"), ("state", "ticket_state_id"), ("assignedAdminId", "assignee_id")):
        if name in given:
            ticket[theirs] = given[name]
    if "snoozedTill" in given:
        ticket["snoozed_until"] = _seconds(given, "snoozedTill")
    answer: Json = (await call.api.send("PUT", "tickets/{ticketId}", given, json=ticket)).json
    return {name: answer.get(name) for name in ("id", "ticket_id", "ticket_attributes", "open", "updated_at")}


async def create_article(call: ActionCall) -> Json:
    """A new article."""
    given = call.arguments
    article = {name: given[name] for name in ("title", "description", "body", "state") if name in given}
    article["author_id"] = int(given["authorId"])
    if "collectionId" in given:
        article |= {"parent_id": int(given["collectionId"]), "parent_type": "collection"}
    answer = await call.api.post("articles", json=article)
    return {name: answer.get(name) for name in ("id", "title", "state", "url", "created_at")}


async def _contacts(call: ActionCall, role: str) -> Json:
    given = call.arguments
    found = await _found(call, [_is(given["searchField"], given["searchValue"]), _is("role", role)])
    return {"contacts": [_brief(contact) for contact in found]}


async def _found(call: ActionCall, wanted: list[Json]) -> list[Json]:
    return (await call.api.post("contacts/search", json=_query(wanted))).get("data", [])


async def _updated(call: ActionCall, contact: str) -> Json:
    answer = await call.api.send("PUT", "contacts/{id}", {"id": contact}, json=_contact(call.arguments))
    return _brief(answer.json)


def _query(wanted: list[Json]) -> Json:
    return {"query": {"operator": "AND", "value": wanted}, "pagination": {"per_page": PAGE}}


def _is(field: str, value: Json, operator: str = "=") -> Json:
    return {"field": field, "operator": operator, "value": value}


def _contact(given: Mapping[str, Json]) -> dict[str, Json]:
    contact = {theirs: given[name] for name, theirs in _CONTACT.items() if name in given}
    return contact | ({"signed_up_at": _seconds(given, "createdAt")} if "createdAt" in given else {})


def _brief(contact: Mapping[str, Json]) -> Json:
    return {name: contact[name] for name in _KEPT_OF_CONTACT if contact.get(name) not in (None, "", {})}


def _said(part: Mapping[str, Json]) -> Json:
    author: Json = part.get("author") or {}
    return {
        "kind": part.get("part_type") or part.get("type"),
        "author": author.get("name") or author.get("email"),
        "author_type": author.get("type"),
        "text": html_to_text(part["body"]),
        "created_at": part.get("created_at"),
    }


def _seconds(given: Mapping[str, Json], name: str) -> int:
    """A time as Intercom has it: seconds since 1970. Without a zone it is one of UTC."""
    written = given[name]
    if written.isdigit():
        return int(written)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        raise InvalidInput(f"{name} must be a time such as 2026-11-21T12:00:00Z.", path=f"/{name}") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
