"""The two notations of a manifest: `{name}` in templates, JSON Pointers into answers. Nothing else exists."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Annotated, Final, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Strict

from integrations.ports import Json

T = TypeVar("T")

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
PLACEHOLDER: Final = re.compile(r"\{(\{[A-Za-z][A-Za-z0-9_]*\})\}|\{([A-Za-z][A-Za-z0-9_]*)\}")
"""`{name}` stands for a value; `{{name}}` for the text `{name}`. Braces around anything else are plain text."""


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A `{name}` in a template."""

    name: str


class Missing(Enum):
    """What a pointer that leads nowhere finds (JSON's null is a value)."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


class Model(BaseModel):
    """A frozen piece of a manifest; an unknown key or a wrong type is an error."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


Many = Annotated[tuple[T, ...], Strict(False)]
"""A YAML list, held as a tuple."""


@lru_cache(maxsize=8192)
def parts(template: str) -> tuple[str | Placeholder, ...]:
    """`template` taken apart: literal texts and placeholders, in their order."""
    found: list[str | Placeholder] = []
    end = 0
    for match in PLACEHOLDER.finditer(template):
        found.append(template[end : match.start()])
        found.append(match[1] or Placeholder(match[2]))
        end = match.end()
    return tuple(part for part in (*found, template[end:]) if part)


def placeholders(template: str) -> tuple[str, ...]:
    """The names that `template` asks for, in their order, each once."""
    return tuple(dict.fromkeys(part.name for part in parts(template) if isinstance(part, Placeholder)))


@lru_cache(maxsize=8192)
def pointer_steps(pointer: str) -> tuple[str, ...]:
    """The steps of a JSON Pointer (RFC 6901). Raises ValueError where it is none."""
    if not pointer:
        return ()
    if not pointer.startswith("/"):
        raise ValueError(f"{pointer!r} is not a JSON Pointer: it must be empty or start with '/'")
    if re.search(r"~(?![01])", pointer):
        raise ValueError(f"{pointer!r} is not a JSON Pointer: '~' must be written '~0' and '/' in a key '~1'")
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/"))


def find(document: Json, pointer: str) -> Json | Missing:
    """What `pointer` leads to in `document`, or MISSING."""
    for step in pointer_steps(pointer):
        if isinstance(document, Mapping):
            document = cast("Mapping[str, Json]", document).get(step, MISSING)
        elif isinstance(document, Sequence) and not isinstance(document, str | bytes):
            document = _element(cast("Sequence[Json]", document), step)
        else:
            return MISSING
    return document


def _element(items: Sequence[Json], step: str) -> Json | Missing:
    is_index = step.isascii() and step.isdigit() and len(step) < 10
    return items[int(step)] if is_index and int(step) < len(items) else MISSING


def _checked_pointer(value: str) -> str:
    pointer_steps(value)
    return value


def _checked_name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a name: a letter, then letters, digits and underscores")
    return value


def _checked_web_url(value: str) -> str:
    if not re.match(r"https?://[^\s/?#@]+(?:[/?#]\S*)?$", value):
        raise ValueError(f"{value!r} is not an http(s) address")
    return value


def _checked_url_template(value: str) -> str:
    if not re.match(r"(https?://[^\s/?#@]+|\{[A-Za-z][A-Za-z0-9_]*\})(/[^\s#]*|\?[^\s#]*)?$", value):
        raise ValueError(f"{value!r} must start with https://host or with one {{name}} that holds such an address")
    return value


Pointer = Annotated[str, AfterValidator(_checked_pointer)]
"""A JSON Pointer: "" is the whole answer, "/user/name" the name of the user, "/items/0" the first item."""

Name = Annotated[str, AfterValidator(_checked_name)]
"""The name of an input, a field or a kept value."""

WebUrl = Annotated[str, AfterValidator(_checked_web_url)]
"""An http(s) address without placeholders, for people to open."""

UrlTemplate = Annotated[str, AfterValidator(_checked_url_template)]
"""An absolute address that may hold `{name}`s: in the host, in the path, or one for everything up to the path."""
