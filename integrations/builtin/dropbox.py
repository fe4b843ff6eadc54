"""What the dropbox manifest can't say: arguments in a header, lists that go on elsewhere, files out and in."""

import json
import mimetypes
from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall, ActionResult, Attachment
from integrations.builtin.mail_files import given_file
from integrations.ports import Json

MAX_UPLOAD: Final = 25 * 1024 * 1024
"""The most that is fetched from an address; Dropbox takes six times as much in one request."""

_MEDIA_TYPES: Final = mimetypes.MimeTypes()
_KEPT: Final = {
    ".tag": "type",
    "id": "id",
    "name": "name",
    "path_display": "path",
    "size": "size",
    "rev": "rev",
    "server_modified": "modified",
}
"""What is handed on of a file or folder, and under which name."""


async def list_folder(call: ActionCall) -> Json:
    """One page of a folder; the next one has an endpoint of its own."""
    given = call.arguments
    if "cursor" in given:
        found = await call.api.post("files/list_folder/continue", json={"cursor": given["cursor"]})
    else:
        found = await call.api.post("files/list_folder", json=given)
    return _page([_brief(entry) for entry in found.get("entries", ())], found)


async def search(call: ActionCall) -> Json:
    """One page of what a search finds; the next one has an endpoint of its own."""
    given = call.arguments
    if "cursor" in given:
        found = await call.api.post("files/search/continue_v2", json={"cursor": given["cursor"]})
    else:
        found = await call.api.post("files/search_v2", json={"query": given["query"], "options": _options(given)})
    return _page([_brief(match["metadata"].get("metadata", {})) for match in found.get("matches", ())], found)


async def create_text_file(call: ActionCall) -> Json:
    """A file of the text that was given."""
    return await _upload(call, call.arguments["text"].encode(), without="text")


async def upload_file(call: ActionCall) -> Json:
    """A file of the bytes that were given, or that are at the address that was given."""
    file = await given_file(call, call.arguments["file"], "/file", max_bytes=MAX_UPLOAD)
    return await _upload(call, file.content, without="file")


async def download_file(call: ActionCall) -> ActionResult:
    """The bytes of a file; what it is called stands in a header, or else in the path."""
    path = call.arguments["path"]
    answer = await call.api.send("POST", "files/download", headers={"Dropbox-API-Arg": _as_header({"path": path})})
    found = json.loads(answer.headers.get("dropbox-api-result", "{}"))
    name = found.get("name") or path.rpartition("/")[2]
    kind = _MEDIA_TYPES.guess_type(name)[0] or "application/octet-stream"
    described = {"name": name, "mime_type": kind, "size": len(answer.content)}
    return ActionResult(described, (Attachment(name, kind, answer.content),))


def _options(given: Mapping[str, Json]) -> Json:
    options = {name: value for name, value in given.items() if name != "query"}
    options |= {name: _tagged(options[name]) for name in ("order_by", "file_status") if name in options}
    if "file_extensions" in options:
        options["file_extensions"] = _listed(options["file_extensions"])
    if "file_categories" in options:
        options["file_categories"] = [_tagged(category) for category in _listed(options["file_categories"])]
    return options


def _tagged(choice: str) -> Json:
    """One of several, as the API spells it in full."""
    return {".tag": choice}


def _listed(given: str) -> list[str]:
    return [each.strip() for each in given.split(",") if each.strip()]


async def _upload(call: ActionCall, content: bytes, *, without: str) -> Json:
    described = {name: value for name, value in call.arguments.items() if name != without}
    headers = {
        "Content-Type": "application/octet-stream",
        "Dropbox-API-Arg": _as_header({"mode": _tagged("add"), **described}),
    }
    return _brief((await call.api.send("POST", "files/upload", content=content, headers=headers)).json)


def _as_header(argument: Json) -> str:
    """JSON that a header may hold (https://www.dropbox.com/developers/reference/json-encoding): ASCII, and no DEL."""
    return json.dumps(argument).replace("\x7f", "\\u007f")


def _page(items: list[Json], found: Mapping[str, Json]) -> Json:
    return {"items": items} | ({"next_cursor": found["cursor"]} if found.get("has_more") else {})


def _brief(found: Mapping[str, Json]) -> Json:
    return {name: found[theirs] for theirs, name in _KEPT.items() if theirs in found}
