"""What the slack manifest can't say: actions that take several requests, or look through pages."""

from collections.abc import AsyncIterator, Mapping
from typing import Final, cast

from integrations.action import ActionCall
from integrations.builtin.bare_http import send
from integrations.failures import InvalidInput, NotFound, ProviderUnavailable
from integrations.ports import HttpRequest, Json

PAGE_SIZE: Final = 200
MAX_PAGES: Final = 25
SLACKBOT: Final = "USLACKBOT"


async def send_direct_message(call: ActionCall) -> Json:
    """Open the conversation with the user, and post there: a user id as channel would reach the bot's one only."""
    opened = await call.api.post("conversations.open", json={"users": call.arguments["user"]})
    message = {"channel": opened["channel"]["id"], "text": call.arguments["text"]}
    if "blocks" in call.arguments:
        message["blocks"] = call.arguments["blocks"]
    posted = await call.api.post("chat.postMessage", json=message)
    return {"channel": posted["channel"], "ts": posted["ts"], "message": posted.get("message")}


async def get_message(call: ActionCall) -> Json:
    """The channel's newest message up to a moment, if its moment is exactly that."""
    channel, timestamp = call.arguments["channel"], call.arguments["timestamp"]
    wanted = {"channel": channel, "latest": timestamp, "inclusive": True, "limit": 1}
    found = await _read(call, "conversations.history", wanted)
    for message in found["messages"]:
        if message["ts"] == timestamp:
            return message
    raise NotFound(f"channel {channel} has no message with the ts {timestamp}")


async def list_users(call: ActionCall) -> Json:
    """One page of members, without the deactivated ones and, unless asked for, without bots."""
    asked = {"limit": call.arguments["limit"], "cursor": call.arguments.get("cursor")}
    page = await _read(call, "users.list", asked)
    with_bots = call.arguments["include_bots"]
    members = [_brief(user) for user in page["members"] if not user.get("deleted") and (with_bots or not _is_bot(user))]
    return {"users": members, "next_cursor": page.get("response_metadata", {}).get("next_cursor", "")}


async def find_user_by_handle(call: ActionCall) -> Json:
    """The member whose name, or else display name, is the handle (ASCII case aside)."""
    handle = call.arguments["handle"].removeprefix("@").lower()
    by_display_name: Json = None
    async for user in _members(call):
        if user["name"].lower() == handle:
            return user
        if user.get("profile", {}).get("display_name", "").lower() == handle:
            by_display_name = by_display_name or user
    if by_display_name is None:
        raise NotFound(f"no member has the handle {handle}; list_users shows who there is")
    return by_display_name


async def upload_file(call: ActionCall) -> Json:
    """Ask for an upload address, send the bytes there, then share the file."""
    content = await _content(call)
    name = call.arguments["filename"]
    ticket = await _read(call, "files.getUploadURLExternal", {"filename": name, "length": len(content)})
    headers = {"content-type": "application/octet-stream"}
    upload = HttpRequest("POST", ticket["upload_url"], headers=headers, body=content)
    uploaded = await send(call.http, upload, pointer="/content")
    if uploaded.status >= 300:
        raise ProviderUnavailable(f"Slack did not take the file (status {uploaded.status})", status=uploaded.status)
    file = {"id": ticket["file_id"], "title": call.arguments.get("title", name)}
    channels = ",".join(part.strip() for part in call.arguments["channels"].split(","))
    shared = await call.api.post("files.completeUploadExternal", json={"files": [file], "channels": channels})
    return {"files": shared["files"]}


async def _read(call: ActionCall, method: str, fields: Mapping[str, Json]) -> Json:
    """The answer of a method that reads: these take a form, not JSON."""
    return (await call.api.send("POST", method, form=fields)).json


async def _content(call: ActionCall) -> bytes:
    given = [name for name in ("content", "file_url") if call.arguments.get(name)]
    if len(given) != 1:
        raise InvalidInput("give either content or file_url")
    if given == ["content"]:
        return call.arguments["content"].encode()
    answer = await send(call.http, HttpRequest("GET", call.arguments["file_url"]), pointer="/file_url")
    if answer.status != 200:
        raise InvalidInput(f"file_url answered with status {answer.status}", path="/file_url")
    return answer.body


async def _members(call: ActionCall) -> AsyncIterator[dict[str, Json]]:
    cursor = None
    for _ in range(MAX_PAGES):
        page = await _read(call, "users.list", {"limit": PAGE_SIZE, "cursor": cursor})
        for user in cast("list[dict[str, Json]]", page["members"]):
            yield user
        cursor = page.get("response_metadata", {}).get("next_cursor")
        if not cursor:
            return


def _is_bot(user: dict[str, Json]) -> bool:
    return bool(user.get("is_bot")) or user["id"] == SLACKBOT


def _brief(user: dict[str, Json]) -> dict[str, Json]:
    profile = user.get("profile", {})
    return {
        "id": user["id"],
        "name": user["name"],
        "real_name": user.get("real_name") or profile.get("real_name"),
        "display_name": profile.get("display_name"),
        "email": profile.get("email"),
        "title": profile.get("title"),
        "timezone": user.get("tz"),
        "is_bot": bool(user.get("is_bot")),
    }
