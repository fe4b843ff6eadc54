"""Files under relative paths: the actions of `storage`. Whose files they are was decided before."""

import mimetypes
import re
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.hash_encode import from_base64, to_base64
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json, StoredFile

MAX_PATH_LENGTH: Final = 512
MAX_FILE_BYTES: Final = 5 * 1024 * 1024
MEDIA_TYPE: Final = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?: *; *[\w-]{1,50}=[\w./+-]{1,100}){0,3}", re.ASCII)
MEDIA_TYPES: Final = mimetypes.MimeTypes()
"""Python's own table of endings: that of the machine would answer differently on each."""


async def read_file(call: ActionCall) -> Json:
    """The content as text, or as base64 where it is asked for or is no text."""
    path = checked_path(call.arguments["path"])
    file = await call.state.read_file(path)
    if file is None or file.content is None:
        raise _no_such_file(path)
    content, encoding = _as_text(file.content, call.arguments.get("outputEncoding"))
    return {**_listed(file), "content": content, "encoding": encoding}


async def write_file(call: ActionCall) -> Json:
    """Create or replace a file."""
    path = checked_path(call.arguments["path"])
    encoding = call.arguments["contentEncoding"]
    content = _as_bytes(call.arguments["content"], encoding)
    content_type = call.arguments.get("contentType") or _guessed_type(path, is_text=encoding == "utf-8")
    if not MEDIA_TYPE.fullmatch(content_type):
        raise InvalidInput("contentType must be a media type such as text/plain", path="/contentType")
    return _listed(await call.state.write_file(path, content, content_type=content_type))


async def delete_file(call: ActionCall) -> Json:
    """Remove a file; `deleted` is false where there was none."""
    path = checked_path(call.arguments["path"])
    return {"path": path, "deleted": await call.state.delete_file(path)}


async def list_files(call: ActionCall) -> Json:
    """The files whose paths begin with `prefix`."""
    files = await call.state.list_files(checked_prefix(call.arguments.get("prefix", "")))
    return {"files": [_listed(file) for file in files], "count": len(files)}


async def get_download_url(call: ActionCall) -> Json:
    """A link that opens the file in a browser, without sign-in, until it expires."""
    path = checked_path(call.arguments["path"])
    lifetime = int(call.arguments["expiresInSeconds"])
    url = await call.state.download_url(path, expires_in_seconds=lifetime)
    if url is None:
        raise _no_such_file(path)
    return {"path": path, "url": url, "expiresInSeconds": lifetime}


def checked_path(path: str, *, pointer: str = "/path") -> str:
    """`path` itself. Raises InvalidInput unless it is a relative path of plain segments."""
    if len(path) > MAX_PATH_LENGTH:
        raise InvalidInput(f"the path is longer than {MAX_PATH_LENGTH} characters", path=pointer)
    if any(ord(character) < 32 or character in "\x7f\\" for character in path):
        raise InvalidInput("the path holds a control character or a backslash; use '/' between folders", path=pointer)
    if any(segment in ("", ".", "..") for segment in path.split("/")):
        raise InvalidInput(
            "the path must be relative, such as data/users.csv: no leading or doubled '/', no '.' or '..'", path=pointer
        )
    return path


def checked_prefix(prefix: str) -> str:
    """`prefix` itself: empty, or the beginning of a path (a trailing '/' means the folder)."""
    if prefix:
        checked_path(prefix.removesuffix("/"), pointer="/prefix")
    return prefix


def _no_such_file(path: str) -> NotFound:
    return NotFound(f"there is no file {path!r}; list_files shows what there is")


def _listed(file: StoredFile) -> dict[str, Json]:
    return {
        "path": file.path,
        "size": file.size,
        "contentType": file.content_type,
        "updatedAt": file.updated_at.isoformat(),
    }


def _as_text(content: bytes, encoding: str | None) -> tuple[str, str]:
    if encoding == "base64":
        return to_base64(content), "base64"
    try:
        return content.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if encoding is None:
            return to_base64(content), "base64"
        raise InvalidInput(
            "the file is not UTF-8 text; ask for outputEncoding base64", path="/outputEncoding"
        ) from error


def _as_bytes(content: str, encoding: str) -> bytes:
    try:
        decoded = from_base64(content) if encoding == "base64" else content.encode()
    except ValueError as error:
        raise InvalidInput("content is not valid base64, which contentEncoding says it is", path="/content") from error
    if len(decoded) > MAX_FILE_BYTES:
        raise InvalidInput(
            f"the file has {len(decoded)} bytes; at most {MAX_FILE_BYTES} can be stored", path="/content"
        )
    return decoded


def _guessed_type(path: str, *, is_text: bool) -> str:
    guessed, _ = MEDIA_TYPES.guess_type(path)
    return guessed or ("text/plain" if is_text else "application/octet-stream")
