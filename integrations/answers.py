"""Reading a provider's answer: JSON, text or a file, then the part of it that the manifest hands on."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import unquote

import orjson

from integrations.action import ActionResult, Answer, Attachment
from integrations.charsets import readable_charset
from integrations.failures import ProviderUnavailable
from integrations.manifest import Output
from integrations.notation import MISSING, find
from integrations.ports import HttpResponse, Json

MAX_DEPTH: Final = 100
TEXTUAL: Final = re.compile(r"text/|application/(xml|javascript|x-www-form-urlencoded|yaml)\b|[^;]*\+(xml|yaml)\b")


def media_type(headers: Mapping[str, str]) -> str:
    """The media type without parameters, in lower case; "" where the answer has none."""
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def is_json(headers: Mapping[str, str]) -> bool:
    """Whether the answer says that it is JSON."""
    kind = media_type(headers)
    return kind in {"application/json", "text/json"} or kind.endswith("+json")


def read(response: HttpResponse) -> Answer:
    """Decode `response`. What claims to be JSON and is not stays undecoded; `is_unreadable` tells."""
    looks_like_json = is_json(response.headers) or (
        response.body[:1] in {b"{", b"["} and media_type(response.headers) in {"", "text/plain", "text/html"}
    )
    document = json_of(response.body) if looks_like_json and response.body else MISSING
    return Answer(
        status=response.status,
        headers=response.headers,
        content=response.body,
        json=None if document is MISSING else document,
    )


def json_of(body: bytes) -> Json:
    """The JSON value in `body`; MISSING where it is none, or is nested more than 100 levels deep."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return MISSING
    return document if body.count(b"[") + body.count(b"{") <= MAX_DEPTH or _depth_is_fine(document) else MISSING


def _depth_is_fine(document: Json) -> bool:
    level: list[Json] = [document]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in _members(value) if isinstance(inner, dict | list)]
        if not level:
            return True
    return False


def _members(value: Json) -> Iterable[Json]:
    if isinstance(value, dict):
        return cast("dict[str, Json]", value).values()
    return cast("list[Json]", value) if isinstance(value, list) else ()


def refuse_unreadable(answer: Answer) -> None:
    """Raise ProviderUnavailable where a successful answer claims to be JSON and is not."""
    if answer.json is None and is_json(answer.headers) and answer.content.strip() not in {b"", b"null"}:
        raise ProviderUnavailable(
            "The provider's answer is not valid JSON, or is nested too deeply.", status=answer.status
        )


def result_of(answer: Answer, output: Output, *, name: str) -> ActionResult:
    """What the caller gets: the picked and shaped JSON, the text, or the file (called `name` if it has no name)."""
    if answer.status == HTTPStatus.NO_CONTENT or not answer.content:
        return ActionResult(None)
    if answer.json is not None or is_json(answer.headers):
        return ActionResult(shaped(answer.json, output))
    if TEXTUAL.match(answer.headers.get("content-type", "text/plain")):
        return ActionResult(text_of(answer))
    attachment = Attachment(
        name=_file_name(answer.headers) or name,
        mime_type=media_type(answer.headers) or "application/octet-stream",
        content=answer.content,
    )
    about = {"name": attachment.name, "mime_type": attachment.mime_type, "size": len(attachment.content)}
    return ActionResult(about, (attachment,))


def text_of(answer: Answer) -> str:
    """The body as text in the charset that the answer names, else as UTF-8; what does not fit is replaced."""
    named = re.search(r"charset=\"?([\w.-]+)", answer.headers.get("content-type", ""), re.IGNORECASE)
    charset = readable_charset(named[1]) if named else None
    return answer.content.decode(charset or "utf-8", errors="replace")


def shaped(document: Json, output: Output) -> Json:
    """The picked part of `document`, each element of it (or it itself) reduced to the manifest's shape."""
    picked = find(document, output.pick)
    if picked is MISSING:
        return None
    if isinstance(picked, list):
        return [_shape(element, output.shape) for element in cast("list[Json]", picked)]
    return _shape(picked, output.shape)


def _shape(value: Json, shape: Mapping[str, str]) -> Json:
    if not shape:
        return value
    found = {key: find(value, pointer) for key, pointer in shape.items()}
    return {key: part for key, part in found.items() if part is not MISSING}


def _file_name(headers: Mapping[str, str]) -> str | None:
    """The last path component of the Content-Disposition file name (RFC 6266), without control characters."""
    disposition = headers.get("content-disposition", "")
    extended = re.search(r"filename\*=(?:UTF-8|utf-8)''([^;]+)", disposition)
    plain = re.search(r"filename=\"?([^\";]+)", disposition)
    found = unquote(extended[1]) if extended else plain[1] if plain else ""
    return re.sub(r"[\x00-\x1f\x7f]", "", re.split(r"[\\/]", found)[-1]).strip()[:200] or None
