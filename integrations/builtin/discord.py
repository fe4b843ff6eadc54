"""What the discord manifest can't say: threads, files that are linked, kinds of channels, and search by name."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from integrations.action import ActionCall
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

_KEPT: Final = ("id", "name", "type", "topic", "parent_id", "position", "nsfw")
_KINDS: Final = {"text": 0, "voice": 2, "category": 4, "announcement": 5, "stage": 13, "forum": 15}


async def send_channel_message(call: ActionCall) -> Json:
    """Post a message to a channel or to a thread in it; files are named by links."""
    given = call.arguments
    links = [each if isinstance(each, str) else each.get("url", "") for each in given.get("file_urls", [])]
    content = "\n".join(part for part in (given.get("content"), *links) if part)
    if not content and not given.get("embeds"):
        raise InvalidInput("A message needs content, embeds or file_urls.", path="/content")
    message: dict[str, Json] = {"allowed_mentions": {"parse": ["users", "roles"]}}
    message |= {"content": content} if content else {}
    message |= {"embeds": given["embeds"]} if given.get("embeds") else {}
    where = {"id": given.get("thread_id") or given["channel_id"]}
    sent = await call.api.post("channels/{id}/messages", where, json=message)
    return {name: sent.get(name) for name in ("id", "channel_id", "content", "timestamp")}


async def create_channel(call: ActionCall) -> Json:
    """Create a channel of the kind that is asked for, a text channel if none is."""
    given = call.arguments
    channel = {name: given[name] for name in ("name", "topic", "parent_id", "nsfw") if name in given}
    channel["type"] = _KINDS[given.get("type", "text")]
    made = await call.api.send("POST", "guilds/{guild_id}/channels", given, json=channel, headers=_reason(given))
    return {name: made.json.get(name) for name in _KEPT}


async def rename_channel(call: ActionCall) -> Json:
    """Give a channel of this server another name."""
    given = call.arguments
    await _of_this_server(call)
    changes = {name: given[name] for name in ("name", "topic") if name in given}
    answer = await call.api.send("PATCH", "channels/{channel_id}", given, json=changes, headers=_reason(given))
    return {name: answer.json.get(name) for name in _KEPT}


async def delete_channel(call: ActionCall) -> Json:
    """Delete a channel of this server."""
    await _of_this_server(call)
    answer = await call.api.send("DELETE", "channels/{channel_id}", call.arguments, headers=_reason(call.arguments))
    return {name: answer.json.get(name) for name in ("id", "name")}


async def list_guild_members(call: ActionCall) -> Json:
    """The members of a server, or those whose name begins like this."""
    given = call.arguments
    size = {"limit": given.get("limit", 50)}
    if given.get("query"):
        found = await call.api.get("guilds/{guild_id}/members/search", given, query=size | {"query": given["query"]})
    else:
        found = await call.api.get("guilds/{guild_id}/members", given, query=size)
    return [
        {
            "user_id": member["user"]["id"],
            "username": member["user"].get("username"),
            "name": member["user"].get("global_name"),
            "nick": member.get("nick"),
            "bot": member["user"].get("bot", False),
            "roles": member.get("roles"),
            "joined_at": member.get("joined_at"),
        }
        for member in found
    ]


async def find_channel(call: ActionCall) -> Json:
    """The channels of a server that have this name, or hold it."""
    given = call.arguments
    wanted = given["name"].removeprefix("#").casefold()
    channels = await call.api.get("guilds/{guild_id}/channels", given)
    exact = given.get("exact_match", False)
    found = [
        {name: channel.get(name) for name in _KEPT}
        for channel in channels
        if (channel["name"].casefold() == wanted if exact else wanted in channel["name"].casefold())
    ]
    if not found:
        raise NotFound(f"No channel of this server is called {given['name']}.")
    return found


async def _of_this_server(call: ActionCall) -> None:
    """Raise NotFound where the channel is in another server than the caller says."""
    channel = await call.api.get("channels/{channel_id}", call.arguments)
    if channel.get("guild_id") != call.arguments["guild_id"]:
        raise NotFound("This server has no such channel.")


def _reason(given: Mapping[str, Json]) -> dict[str, str]:
    """The header for the audit log, in which what is not ASCII is percent-encoded."""
    return {"X-Audit-Log-Reason": quote(given["reason"])} if given.get("reason") else {}
