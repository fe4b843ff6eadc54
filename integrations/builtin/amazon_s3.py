"""What the amazon-s3 manifest can't say: keys with slashes, lists in XML, files, and addresses for others to use."""

import re
from typing import Final, cast
from urllib.parse import quote, unquote_plus

from integrations.action import ActionCall, ActionResult, Answer, Attachment
from integrations.answers import TEXTUAL, is_json, media_type
from integrations.builtin.mail_files import MEDIA_TYPES, given_file
from integrations.builtin.mail_writing import MailFile
from integrations.failures import ActionFailed, InvalidInput
from integrations.notation import MISSING, find
from integrations.ports import Json
from integrations.xml_values import every, xml_value

MAX_FILE: Final = 20 * 1024 * 1024


async def list_files(call: ActionCall) -> Json:
    """One page of what is below a prefix."""
    given = call.arguments
    query = {
        "list-type": 2,
        "prefix": given.get("prefix"),
        "max-keys": given["maxKeys"],
        "continuation-token": given.get("cursor"),
        "encoding-type": "url",
    }
    found = find(_document(await call.api.send("GET", "", query=query)), "/ListBucketResult")
    if not isinstance(found, dict):
        return {"files": []}
    listing = cast("dict[str, Json]", found)
    files = [
        {
            "key": unquote_plus(file["Key"]),
            "size": int(file["Size"]),
            "last_modified": file["LastModified"],
            "etag": file["ETag"].strip('"'),
        }
        for file in every(listing.get("Contents"))
    ]
    return {"files": files} | ({"next_cursor": cursor} if (cursor := listing.get("NextContinuationToken")) else {})


async def read_file(call: ActionCall) -> ActionResult:
    """What a file holds: as text where it is text, else as a file."""
    key = call.arguments["key"]
    answer = await call.api.send("GET", *_at(key))
    kind = media_type(answer.headers) or "application/octet-stream"
    about = {"key": key, "content_type": kind, "size": len(answer.content)}
    if TEXTUAL.match(kind) or is_json(answer.headers):
        try:
            return ActionResult(about | {"content": answer.content.decode()})
        except UnicodeDecodeError:
            pass
    return ActionResult(about, (Attachment(key.rsplit("/", 1)[-1], kind, answer.content),))


async def get_file_info(call: ActionCall) -> Json:
    """What S3 tells about a file without its content."""
    headers = (await call.api.send("HEAD", *_at(call.arguments["key"]))).headers
    return {
        "key": call.arguments["key"],
        "size": int(headers.get("content-length", 0)),
        "content_type": headers.get("content-type"),
        "last_modified": headers.get("last-modified"),
        "etag": headers.get("etag", "").strip('"'),
        "metadata": {name[11:]: value for name, value in headers.items() if name.startswith("x-amz-meta-")},
    }


async def upload_file(call: ActionCall) -> Json:
    """Write a file, over another one of the same key if there is one."""
    given = call.arguments
    file = await _uploaded(call)
    key = given.get("fileName") or file.name
    headers = {"Content-Type": given.get("type") or MEDIA_TYPES.guess_type(key)[0] or file.media_type}
    if given.get("acl"):
        headers["X-Amz-Acl"] = given["acl"]
    answer = await call.api.send("PUT", *_at(key, "/fileName"), content=file.content, headers=headers)
    return {"key": key, "size": len(file.content), "etag": answer.headers.get("etag", "").strip('"')}


async def _uploaded(call: ActionCall) -> MailFile:
    text = call.arguments.get("text")
    if (text is None) == (call.arguments.get("file") is None):
        raise InvalidInput("give either file or text")
    if text is None:
        return await given_file(call, call.arguments["file"], "/file", max_bytes=MAX_FILE)
    if not call.arguments.get("fileName"):
        raise InvalidInput("a text needs fileName, the key to write it to", path="/fileName")
    return MailFile(call.arguments["fileName"], "text/plain; charset=utf-8", text.encode())


async def delete_file(call: ActionCall) -> Json:
    """Delete a file. S3 says the same whether there was one."""
    await call.api.send("DELETE", *_at(call.arguments["key"]))
    return {"deleted": True, "key": call.arguments["key"]}


async def copy_file(call: ActionCall) -> Json:
    """Copy a file inside the bucket."""
    await _copy(call, call.arguments["key"], call.arguments["newKey"])
    return {"key": call.arguments["newKey"], "copied_from": call.arguments["key"]}


async def move_file(call: ActionCall) -> Json:
    """Copy a file into a folder, then delete it where it was: S3 knows no other way."""
    source = call.arguments["fileKey"]
    folder = call.arguments["folderKey"].strip("/")
    target = "/".join(part for part in (folder, source.rsplit("/", 1)[-1]) if part)
    if target == source:
        raise InvalidInput("the file is in that folder already", path="/folderKey")
    await _copy(call, source, target)
    await call.api.send("DELETE", *_at(source, "/fileKey"))
    return {"key": target, "moved_from": source}


async def generate_signed_url(call: ActionCall) -> Json:
    """An address from which anybody can read a file for a while."""
    return _signed(call, "GET")


async def generate_signed_upload_url(call: ActionCall) -> Json:
    """An address to which anybody can write a file for a while."""
    return _signed(call, "PUT")


def _signed(call: ActionCall, method: str) -> Json:
    key, minutes = call.arguments["key"], call.arguments["expiresIn"]
    url = call.api.presigned(method, *_at(key), expires_seconds=max(1, round(minutes * 60)))
    return {"url": url, "method": method, "key": key, "expires_in_minutes": minutes}


async def _copy(call: ActionCall, source: str, target: str) -> None:
    bucket = call.credentials.values["bucket"] if call.credentials else ""
    answer = await call.api.send("PUT", *_at(target), headers={"X-Amz-Copy-Source": quote(f"{bucket}/{source}")})
    # A copy takes its time, so S3 answers 200 before it knows, and tells of a failure in the body.
    wrong = find(_document(answer), "/Error/Message")
    if wrong is not MISSING:
        raise ActionFailed(f"S3 could not copy the file: {wrong}")


def _document(answer: Answer) -> Json:
    return xml_value(answer.content)


def _at(key: str, path: str = "/key") -> tuple[str, dict[str, str]]:
    """The path of a key, a template with a name for each part: slashes stay slashes, all else is encoded."""
    segments = re.sub("/$", "", key).split("/")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise InvalidInput(f"a key can't begin with '/' or have an empty part, '.' or '..' in it: {key!r}", path=path)
    names = [f"part{number}" for number in range(len(segments))]
    return "/".join(f"{{{name}}}" for name in names) + "/" * key.endswith("/"), dict(zip(names, segments, strict=True))
