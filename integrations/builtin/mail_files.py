"""The files that a caller gives, attached to a mail or alone, in every form in which callers give them."""

import mimetypes
import re
from collections.abc import Mapping, Sequence
from typing import Final, cast
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from integrations.action import ActionCall
from integrations.builtin.bare_http import send
from integrations.builtin.hash_encode import from_base64
from integrations.builtin.mail_writing import MAX_MESSAGE_BYTES, MailFile
from integrations.failures import InvalidInput
from integrations.ports import HttpRequest, Json

MAX_FILES: Final = 25
MAX_FETCHED: Final = 5 * 1024 * 1024
NAMES: Final = ("filename", "fileName", "name")
TYPES: Final = ("mimeType", "contentType", "type")
CONTENTS: Final = ("content", "data", "base64", "url")
DATA_URL: Final = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),", re.IGNORECASE)
MEDIA_TYPES: Final = mimetypes.MimeTypes()
DISK_PATH: Final = re.compile(r"/(Users|etc|home|mnt|opt|private|root|tmp|var)/")
"""Such a path is made of base64's own letters, and would become a file of nonsense."""


async def mail_files(call: ActionCall) -> Sequence[MailFile]:
    """The input `attachments` as files.

    Each is an object (`filename`, `mimeType`, and `content` as base64, a data URL, or an http(s) `url`), or such a URL
    alone. Raises InvalidInput with the path of the one that is wrong.
    """
    given = call.arguments.get("attachments", [])
    if len(given) > MAX_FILES:
        raise InvalidInput(f"there are {len(given)} attachments; at most {MAX_FILES} can be sent", path="/attachments")
    files = [await given_file(call, each, f"/attachments/{index}") for index, each in enumerate(given)]
    if sum(len(file.content) for file in files) > MAX_MESSAGE_BYTES:
        raise InvalidInput(f"the attachments have more than {MAX_MESSAGE_BYTES} bytes together", path="/attachments")
    return files


async def given_file(call: ActionCall, given: Json, pointer: str, *, max_bytes: int = MAX_FETCHED) -> MailFile:
    """One such file; `max_bytes` is the most that is fetched from an address. `pointer` is the input it came from.

    Raises:
        InvalidInput: it is none, or its address does not give it.
    """
    described = cast("Mapping[str, Json]", given) if isinstance(given, Mapping) else {"content": given}
    source = _first(described, CONTENTS)
    if source is None:
        raise InvalidInput("a file needs content (base64 or a data URL) or url", path=pointer)
    content, its_type, its_name = await _content(call, source, pointer, max_bytes)
    name = _first(described, NAMES) or its_name or "attachment"
    guessed, _ = MEDIA_TYPES.guess_type(name)
    return MailFile(name, _first(described, TYPES) or its_type or guessed or "application/octet-stream", content)


async def _content(call: ActionCall, source: str, pointer: str, max_bytes: int) -> tuple[bytes, str | None, str | None]:
    """The bytes, and the media type and name as far as the source tells them."""
    if source.startswith(("http://", "https://")):
        request = HttpRequest("GET", source, max_response_bytes=max_bytes)
        answer = await send(call.http, request, pointer=pointer)
        if answer.status != 200:
            raise InvalidInput(f"the address of the file answered with status {answer.status}", path=pointer)
        kind = answer.headers.get("content-type", "").partition(";")[0]
        return answer.body, kind or None, unquote(urlsplit(source).path.rpartition("/")[2]) or None
    try:
        return (*_inline(source), None)
    except ValueError as error:
        raise InvalidInput(
            "the content must be base64, a data URL or an http(s) address (not a path on a disk)", path=pointer
        ) from error


def _inline(source: str) -> tuple[bytes, str | None]:
    match = DATA_URL.match(source)
    if match is None:
        if DISK_PATH.match(source):
            raise ValueError("a path on a disk")
        return from_base64(source), None
    rest = source[match.end() :]
    is_base64 = ";base64" in match[2].lower()
    return from_base64(rest) if is_base64 else unquote_to_bytes(rest), match[1] or None


def _first(described: Mapping[str, Json], names: Sequence[str]) -> str | None:
    return next((described[name] for name in names if isinstance(described.get(name), str) and described[name]), None)
