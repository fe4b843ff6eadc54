"""Forms that carry files, as browsers send them (multipart/form-data, RFC 7578)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from integrations.failures import InvalidInput


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file in a form."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


def form_data(fields: Mapping[str, str], files: Mapping[str, FormFile]) -> tuple[bytes, dict[str, str]]:
    """The body of a form, fields first, and the headers that go with it.

    Raises:
        InvalidInput: a media type is none.
    """
    boundary = uuid4().hex
    parts = [_part(boundary, _quoted("name", name), value.encode()) for name, value in fields.items()]
    for name, file in files.items():
        described = f"{_quoted('name', name)}; {_quoted('filename', file.name)}"
        parts.append(_part(boundary, described, file.content, media_type=_checked(file.media_type)))
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), {
        "Content-Type": f"multipart/form-data; boundary={boundary}"
    }


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
    if not media_type.isascii() or not media_type.isprintable():
        raise InvalidInput(f"{media_type!r} is not a media type such as text/csv.")
    return media_type
