"""What the microsoft-onedrive manifest can't say: paths of any depth, texts as files, and a word inside a path."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.ports import Json

_SIZE: Final = 50


async def list_files(call: ActionCall) -> Json:
    """What is in a folder."""
    path, names = _item(call.arguments.get("path"))
    found = await call.api.get(f"{path}/children", names, query={"$top": call.arguments.get("top", _SIZE)})
    return [_brief(item) for item in found.get("value", [])]


async def search_files(call: ActionCall) -> Json:
    """What matches some words."""
    # Inside an OData literal a quote is written twice; unescaped it would end the literal.
    words = {"words": call.arguments["query"].replace("'", "''")}
    query = {"$top": call.arguments.get("top", _SIZE)}
    found = await call.api.get("me/drive/root/search(q='{words}')", words, query=query)
    return [_brief(item) for item in found.get("value", [])]


async def upload_file(call: ActionCall) -> Json:
    """Write a text file."""
    given = call.arguments
    path, names = _item(f"{given.get('parentPath', '')}/{given['fileName']}")
    headers = {"Content-Type": given.get("contentType", "text/plain")}
    content = given["content"].encode()
    answer = await call.api.send("PUT", f"{path}/content", names, content=content, headers=headers)
    return _brief(answer.json)


async def create_folder(call: ActionCall) -> Json:
    """Create a folder."""
    given = call.arguments
    path, names = _item(given.get("parentPath"))
    folder: Json = {"name": given["folderName"], "folder": {}, "@microsoft.graph.conflictBehavior": "rename"}
    return _brief(await call.api.post(f"{path}/children", names, json=folder))


def _item(path: str | None) -> tuple[str, Mapping[str, str]]:
    """The address of the item at `path`, and the names that fill it."""
    names = [name for name in (path or "").split("/") if name]
    if not names:
        return "me/drive/root", {}
    filled = {f"name{index}": name for index, name in enumerate(names)}
    return "me/drive/root:/" + "/".join(f"{{{key}}}" for key in filled) + ":", filled


def _brief(item: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "id": item.get("id"),
        "name": item.get("name"),
        "size": item.get("size"),
        "folder": "folder" in item,
        "changed_at": item.get("lastModifiedDateTime"),
        "address": item.get("webUrl"),
    }
