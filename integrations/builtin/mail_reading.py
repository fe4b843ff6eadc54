"""Gmail's message resource as something to read: who, when, what, and which files."""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Final, cast

from integrations.builtin.html_text import html_to_text
from integrations.ports import Json

SHOWN_HEADERS: Final = ("From", "To", "Cc", "Reply-To", "Subject", "Date", "Message-ID")
MAX_BODY_CHARACTERS: Final = 100_000
MAX_ENCODED_HEADER: Final = 10_000
"""Headers above this stay as they are: decoding takes time with the square of their length."""


def readable(message: Json) -> dict[str, Json]:
    """`message` (format full or metadata) with decoded body: `body`, its `bodyType`, and `attachments`."""
    payload = message.get("payload", {})
    headers = headers_of(message)
    named = {name.lower().replace("-", "_"): headers.get(name.lower()) for name in SHOWN_HEADERS}
    shown = {name: plain_words(value) for name, value in named.items() if value is not None}
    about = {key: message.get(key) for key in ("id", "threadId", "labelIds", "snippet") if key in message}
    return {**about, **shown, **_body(payload), "attachments": attachments_of(payload)}


def headers_of(message: Json) -> dict[str, str]:
    """The headers of a message as they were written, by lower-case name; of several with one name the first."""
    found: dict[str, str] = {}
    for header in message.get("payload", {}).get("headers", []):
        found.setdefault(header["name"].lower(), header["value"])
    return found


def plain_words(value: str) -> str:
    """`value` with its encoded words (RFC 2047) as the text that they stand for."""
    if len(value) > MAX_ENCODED_HEADER:
        return value
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, UnicodeError):
        return value


def attachments_of(payload: Json) -> list[Json]:
    """What is known of the files of a message."""
    return [
        {
            "attachmentId": part["body"].get("attachmentId"),
            "filename": part["filename"],
            "mimeType": part.get("mimeType"),
            "size": part["body"].get("size"),
        }
        for part in files_of(payload)
    ]


def files_of(payload: Json) -> list[dict[str, Json]]:
    """The parts of a message that are files."""
    return [part for part in parts_of(payload) if part.get("filename")]


def parts_of(payload: Json) -> Iterator[dict[str, Json]]:
    """`payload` and all parts in it, outer ones first."""
    left = [payload]
    while left:
        part = cast("dict[str, Json]", left.pop(0))
        yield part
        left[:0] = part.get("parts", [])


def decoded(text: str) -> bytes:
    """Bytes of Gmail's base64url, padded or not."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _body(payload: Json) -> dict[str, Json]:
    for kind, as_text in (("text/plain", str), ("text/html", html_to_text)):
        for part in parts_of(payload):
            if part.get("mimeType") == kind and not part.get("filename") and part.get("body", {}).get("data"):
                text = as_text(_text_of(part))
                is_cut = len(text) > MAX_BODY_CHARACTERS
                return {"body": text[:MAX_BODY_CHARACTERS], "bodyType": kind} | ({"isCut": True} if is_cut else {})
    return {}


def _text_of(part: dict[str, Json]) -> str:
    # Gmail hands bodies out as UTF-8 whatever the charset of the part was.
    try:
        return decoded(part["body"]["data"]).decode(errors="replace").replace("\r\n", "\n")
    except (ValueError, binascii.Error):
        return ""
