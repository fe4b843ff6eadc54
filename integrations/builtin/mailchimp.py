"""What the mailchimp manifest can't say: members by the hash of their address, and campaigns made in two steps."""

from collections.abc import Mapping
from hashlib import md5
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

_MEMBER: Final = "lists/{list}/members/{member}"
_CONTENT: Final = {"html": "html_content", "url": "content_url", "template": "template_id"}
"""Which input holds the content, by content type."""


async def find_subscriber(call: ActionCall) -> Json:
    """One member; Mailchimp takes the address itself here, and lists of fields with commas."""
    given = call.arguments
    fields = {"fields": given.get("include_fields"), "exclude_fields": given.get("exclude_fields")}
    query = {name: ",".join(listed) for name, listed in fields.items() if listed}
    found = await call.api.get(_MEMBER, {"list": given["list_id"], "member": given["email"]}, query=query)
    return {name: value for name, value in found.items() if name != "_links"}


async def add_note_to_subscriber(call: ActionCall) -> Json:
    """Write a note on a member."""
    note = await call.api.post(f"{_MEMBER}/notes", _member(call), json={"note": call.arguments["note"]})
    return {name: note.get(name) for name in ("id", "note", "created_at", "created_by")}


async def add_subscriber_to_tag(call: ActionCall) -> Json:
    """Put a tag on a member."""
    return await _tag(call, "active")


async def remove_subscriber_from_tag(call: ActionCall) -> Json:
    """Take a tag off a member."""
    return await _tag(call, "inactive")


async def create_campaign(call: ActionCall) -> Json:
    """Make the campaign, then give it its content. What is wrong with the content is found before either."""
    content = _content(call.arguments)
    settings = {
        name: call.arguments[name]
        for name in ("subject_line", "title", "from_name", "reply_to", "to_name")
        if call.arguments.get(name)
    }
    campaign = await call.api.post(
        "campaigns",
        json={
            "type": call.arguments["campaign_type"],
            "recipients": {"list_id": call.arguments["list_id"]},
            "settings": settings,
        },
    )
    await call.api.send("PUT", "campaigns/{id}/content", {"id": campaign["id"]}, json=content)
    return {name: campaign.get(name) for name in ("id", "web_id", "type", "status", "archive_url", "settings")}


def _content(given: Mapping[str, Json]) -> dict[str, Json]:
    kind = given["content_type"]
    name = _CONTENT[kind]
    if not given.get(name):
        raise InvalidInput(f"content_type {kind} needs {name}", path=f"/{name}")
    if kind != "template":
        return {kind: given[name]}
    if not given[name].isdecimal():
        raise InvalidInput("the id of a template is a number, as list_templates gives it", path=f"/{name}")
    return {"template": {"id": int(given[name])}}


async def _tag(call: ActionCall, status: str) -> Json:
    tag = call.arguments["tag_name"]
    await call.api.post(f"{_MEMBER}/tags", _member(call), json={"tags": [{"name": tag, "status": status}]})
    return {"email": call.arguments["email"], "tag": tag, "status": status}


def _member(call: ActionCall) -> dict[str, str]:
    """Where a member stands: at the MD5 of the lower-case address (mailchimp.com/developer, "List members")."""
    address: str = call.arguments["email"]
    return {
        "list": call.arguments["list_id"],
        "member": md5(address.strip().lower().encode(), usedforsecurity=False).hexdigest(),
    }
