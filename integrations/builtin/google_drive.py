"""What the google-drive manifest can't say: queries, uploads with their description, and files as text."""

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

import orjson

from integrations.action import ActionCall
from integrations.builtin.hash_encode import from_base64
from integrations.failures import InvalidInput
from integrations.ports import Json

APPS: Final = "application/vnd.google-apps."
FILE: Final = "id,name,mimeType,parents,size,modifiedTime,owners(displayName,emailAddress),webViewLink,trashed"
"""What is handed on of a file; the manifest's requests name the same."""

AS_TEXT: Final = {
    f"{APPS}document": "text/markdown",
    f"{APPS}spreadsheet": "text/csv",
    f"{APPS}presentation": "text/plain",
}
"""As what a file of Google's own is read: such a file has no content of its own."""

TEXTUAL: Final = ("text/", "application/json", "application/xml", "application/javascript", "application/x-yaml")


async def list_files(call: ActionCall) -> Json:
    """The files that are not in the trash, of one folder or of all."""
    arguments = call.arguments
    wanted = ["trashed = false"]
    if "folderId" in arguments:
        wanted.insert(0, f"{quoted(arguments['folderId'])} in parents")
    paging = {name: arguments[name] for name in ("pageSize", "pageToken", "orderBy") if name in arguments}
    fields = arguments.get("fields", FILE)
    query = {
        "q": " and ".join(wanted),
        "fields": fields if "files" in fields else f"nextPageToken,files({fields})",
        "supportsAllDrives": True,
        "includeItemsFromAllDrives": True,
    }
    return await call.api.get("files", query=paging | query)


async def upload_file(call: ActionCall) -> Json:
    """Make a file of text or bytes, with its description in the same request."""
    arguments = call.arguments
    kind = arguments.get("mimeType", "text/plain")
    described = {"name": arguments["name"], "mimeType": kind}
    if "folderId" in arguments:
        described["parents"] = [arguments["folderId"]]
    if "convertTo" in arguments:
        described["mimeType"] = APPS + arguments["convertTo"]
    boundary = uuid4().hex
    query = {"uploadType": "multipart", "supportsAllDrives": True, "fields": FILE}
    answer = await call.api.send(
        "POST",
        "files",
        query=query,
        content=_related(boundary, described, kind, _content(arguments)),
        headers={"Content-Type": f"multipart/related; boundary={boundary}"},
    )
    return answer.json


async def update_file_content(call: ActionCall) -> Json:
    """Put other content into a file; its id, its links and whom it is shared with stay."""
    arguments = call.arguments
    answer = await call.api.send(
        "PATCH",
        "files/{fileId}",
        {"fileId": arguments["fileId"]},
        query={"uploadType": "media", "supportsAllDrives": True, "fields": FILE},
        content=_content(arguments),
        headers={"Content-Type": _media_type(arguments.get("mimeType", "text/plain"))},
    )
    return answer.json


async def move_file(call: ActionCall) -> Json:
    """Take a file out of its folder and put it into another."""
    where, folder = {"fileId": call.arguments["fileId"]}, call.arguments["folderId"]
    file = await call.api.get("files/{fileId}", where, query={"fields": "parents", "supportsAllDrives": True})
    query = {"addParents": folder, "supportsAllDrives": True, "fields": FILE}
    if parents := [parent for parent in file.get("parents", []) if parent != folder]:
        query["removeParents"] = ",".join(parents)
    return (await call.api.send("PATCH", "files/{fileId}", where, query=query)).json


async def read_file(call: ActionCall) -> Json:
    """A file's text: of Google's own files what they export, of others what they hold."""
    where = {"fileId": call.arguments["fileId"]}
    query = {"fields": "id,name,mimeType", "supportsAllDrives": True}
    file = await call.api.get("files/{fileId}", where, query=query)
    kind = str(file["mimeType"])
    if kind in AS_TEXT:
        answer = await call.api.send("GET", "files/{fileId}/export", where, query={"mimeType": AS_TEXT[kind]})
    elif kind.startswith(TEXTUAL):
        answer = await call.api.send("GET", "files/{fileId}", where, query={"alt": "media", "supportsAllDrives": True})
    else:
        raise InvalidInput(f"{file['name']} is {kind}, which has no text; use download_file.", path="/fileId")
    return file | part_of(answer.content.decode("utf-8-sig", "replace"), call.arguments)


def quoted(text: str) -> str:
    """`text` as a literal of Drive's query language."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def part_of(text: str, arguments: Mapping[str, Json]) -> dict[str, Json]:
    """`maxCharacters` of a long text from `offset` on, and where to go on."""
    start = int(arguments.get("offset", 0))
    end = start + int(arguments.get("maxCharacters", 20_000))
    more = {"nextOffset": end} if end < len(text) else {}
    return {"text": text[start:end], "totalCharacters": len(text)} | more


def _content(arguments: Mapping[str, Json]) -> bytes:
    written = arguments["content"]
    if arguments.get("encoding") != "base64":
        return written.encode()
    try:
        return from_base64(written)
    except ValueError as error:
        raise InvalidInput("content is not base64, as encoding says.", path="/content") from error


def _related(boundary: str, described: Json, kind: str, content: bytes) -> bytes:
    """The body of a multipart upload (RFC 2387): what the file is, then what it holds."""
    parts = (("application/json", orjson.dumps(described)), (_media_type(kind), content))
    sent = b"".join(f"--{boundary}\r\nContent-Type: {name}\r\n\r\n".encode() + body + b"\r\n" for name, body in parts)
    return sent + f"--{boundary}--\r\n".encode()


def _media_type(given: str) -> str:
    if not given.isascii() or not given.isprintable():
        raise InvalidInput("mimeType must be a media type such as text/csv.", path="/mimeType")
    return given
