"""Forms that carry files, as browsers send them (multipart/form-data, RFC 7578)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from integrations.failures import InvalidInput

MEDIA_TYPE: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *;[ !-~]*)?")


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file in a form; without a name, a value that has a media type of its own."""

    name: str | None
    media_type: str
    content: bytes = field(repr=False)


def form_data(fields: Iterable[tuple[str, str]], files: Iterable[tuple[str, FormFile]]) -> tuple[bytes, dict[str, str]]:
    """The body of a form, fields first, and the headers that go with it. Names may come several times.

    Raises:
        InvalidInput: a media type is none, or a text is not valid Unicode.
    """
    boundary = uuid4().hex
    try:
        parts = [_part(boundary, _quoted("name", name), value.encode()) for name, value in fields]
        parts += [_file_part(boundary, name, file) for name, file in files]
    except UnicodeEncodeError as error:
        raise InvalidInput("The form holds text that is not valid Unicode (a lone surrogate).") from error
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), {
        "Content-Type": f"multipart/form-data; boundary={boundary}"
    }


def _file_part(boundary: str, name: str, file: FormFile) -> bytes:
    described = _quoted("name", name)
    if file.name is not None:
        described += f"; {_quoted('filename', file.name)}"
    return _part(boundary, described, file.content, media_type=_checked(file.media_type))


def _part(boundary: str, described: str, content: bytes, *, media_type: str | None = None) -> bytes:
    head = f"--{boundary}\r\nContent-Disposition: form-data; {described}\r\n"
    if media_type is not None:
        head += f"Content-Type: {media_type}\r\n"
    return head.encode() + b"\r\n" + content + b"\r\n"


def _quoted(parameter: str, value: str) -> str:
    """A parameter whose value can't end early: quotes and line ends are escaped as the HTML standard has it."""
    escaped = value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    return f'{parameter}="{escaped}"'


def _checked(media_type: str) -> str:
    if not MEDIA_TYPE.fullmatch(media_type):
        raise InvalidInput(f"{media_type!r} is not a media type such as text/csv.")
    return media_type
