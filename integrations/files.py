"""Files that callers hand to an action inside its JSON arguments: as text or as base64, within bounds."""

import mimetypes
import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, cast

from integrations.failures import InvalidInput
from integrations.form_data import MEDIA_TYPE, FormFile

Files: TypeAlias = Literal["one", "many"]
"""Whether an input is one file, or a list of them."""

MAX_FILES: Final = 25
MAX_FILES_BYTES: Final = 25 * 1024 * 1024
"""Of all files of one request together; what carries the call here has smaller bounds by default."""
_TEXT: Final = "text/plain; charset=utf-8"
_BYTES: Final = "application/octet-stream"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
# Not the machine's own tables: the same name shall be the same type everywhere.
_BY_ENDING: Final = mimetypes.MimeTypes()

_ONE: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 255, "description": "File name, such as report.pdf"},
        "mime_type": {
            "type": "string",
            "maxLength": 255,
            "description": "Such as application/pdf; by default from the name",
        },
        "text": {"type": "string", "description": "What it holds, if that is text"},
        "base64": {"type": "string", "contentEncoding": "base64", "description": "What it holds, if it is no text"},
    },
}


def file_schema(files: Files) -> dict[str, Any]:
    """The JSON Schema of a value that is a file, or a list of files."""
    return (
        dict(_ONE) if files == "one" else {"type": "array", "items": dict(_ONE), "minItems": 1, "maxItems": MAX_FILES}
    )


def files_in(value: Any, name: str) -> list[FormFile]:
    """The files that the input `name` holds: none, one, or those of a list.

    Raises:
        InvalidInput: one is none; the path leads to it.
    """
    match value:
        case None:
            return []
        case list():
            given = cast("list[Any]", value)
            return [_file(each, f"/{name}/{index}") for index, each in enumerate(given)]
        case _:
            return [_file(value, f"/{name}")]


def within_bounds(files: Iterable[tuple[str, FormFile]]) -> tuple[tuple[str, FormFile], ...]:
    """`files` as they are. Raises InvalidInput where they are too many or too large together."""
    found = tuple(files)
    if len(found) > MAX_FILES:
        raise InvalidInput(f"There are {len(found)} files; {MAX_FILES} is the most.")
    size = sum(len(file.content) for _, file in found)
    if size > MAX_FILES_BYTES:
        raise InvalidInput(f"The files have {size:,} bytes together; {MAX_FILES_BYTES:,} is the most.")
    return found


def text_file(value: str, path: str) -> FormFile:
    """Text as a body of its own. Raises InvalidInput where it is not valid Unicode."""
    try:
        return FormFile(None, _TEXT, value.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput("The text is not valid Unicode (a lone surrogate).", path=path) from error


def _file(value: Any, path: str) -> FormFile:
    given: Mapping[str, Any] = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
    name, kind, text, encoded = (given.get(key) for key in ("name", "mime_type", "text", "base64"))
    if (text is None) == (encoded is None) or not all(isinstance(each, str | None) for each in (name, kind)):
        raise InvalidInput("A file is an object with name, mime_type, and either text or base64.", path=path)
    name = _checked_name(name or "file", f"{path}/name")
    if kind is not None and not MEDIA_TYPE.fullmatch(kind):
        raise InvalidInput("This is not a media type such as text/csv.", path=f"{path}/mime_type")
    by_name, _ = _BY_ENDING.guess_type(name)
    if text is not None:
        return FormFile(name, kind or by_name or _TEXT, text_file(str(text), f"{path}/text").content)
    return FormFile(name, kind or by_name or _BYTES, _decoded(str(encoded), f"{path}/base64"))


def _checked_name(name: str, path: str) -> str:
    try:
        length = len(name.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput("The file name is not valid Unicode (a lone surrogate).", path=path) from error
    if length > 1000 or _CONTROL.search(name):
        raise InvalidInput("A file name holds no control characters and 1000 bytes at most.", path=path)
    return name


def _decoded(encoded: str, path: str) -> bytes:
    compact = "".join(encoded.split())
    if len(compact) > MAX_FILES_BYTES * 4 // 3 + 4:
        raise InvalidInput(f"The file is too large; {MAX_FILES_BYTES:,} bytes is the most.", path=path)
    try:
        return b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError as error:
        raise InvalidInput("This is not base64.", path=path) from error
