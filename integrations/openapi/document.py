"""An OpenAPI document as data: read within bounds, and followed by references that stay inside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import orjson

from integrations.json_bounds import PartTooLarge, TooDeep, check_bounds
from integrations.openapi.texts import legible
from integrations.ports import Http, HttpRequest, Json
from integrations.problems import ManifestInvalid
from integrations.yaml_source import read_yaml

MAX_BYTES: Final = 20 * 1024 * 1024
MAX_YAML_BYTES: Final = 4 * 1024 * 1024
"""YAML takes twenty times as long to read as JSON."""
_MAX_VALUES: Final = 600_000
_MAX_YAML_VALUES: Final = 300_000
"""About one for each line, comma or opening bracket: `{},` is three bytes here and a hundred in memory."""
_MAX_PART: Final = 1024 * 1024
"""Characters of one schema, or of one operation: the largest of GitHub's has a quarter of that."""
_PARTS_BELOW: Final = 3
_MAX_DEPTH: Final = 200
_FETCH_SECONDS: Final = 30.0
_OK: Final = 200
_MAX_HOPS: Final = 20
_MOST_OF_A_MESSAGE: Final = 1000
_VERSIONS: Final = ("3.0", "3.1")


class DocumentRefused(Exception):
    """The document can't be imported; the message says what is wrong with it, where, and what to do."""

    def __init__(self, message: str) -> None:
        self.message = legible(message, _MOST_OF_A_MESSAGE)
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose root is right; everything below is checked where it is used."""

    root: Mapping[str, Json] = field(repr=False)

    @property
    def info(self) -> Mapping[str, Json]:
        """Title, description and version, as far as they are given."""
        return mapping(self.root.get("info"))

    def resolved(self, value: Json) -> tuple[Mapping[str, Json], str | None]:
        """Return the object that `value` is, and the last reference that led there (None: it stands here itself).

        Members beside a reference (3.1) win over those of its target. Raises `DocumentRefused`.
        """
        found, last = mapping(value), None
        for _ in range(_MAX_HOPS):
            reference = found.get("$ref")
            if not isinstance(reference, str):
                return found, last
            beside = {name: member for name, member in found.items() if name != "$ref"}
            found, last = {**mapping(self.at(reference)), **beside}, reference
        raise DocumentRefused(f"{last}: references lead in a circle")

    def at(self, reference: str) -> Json:
        """Return what a reference names. Raises `DocumentRefused` where it leads out of the document, or nowhere."""
        if not reference.startswith("#/"):
            raise DocumentRefused(
                f"$ref {reference[:200]!r}: files and addresses are not followed; bundle the document into one file first"
            )
        found: Json = self.root
        for step in reference[2:].split("/"):
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise DocumentRefused(f"$ref {reference[:200]!r} leads nowhere in this document")
            found = cast("Mapping[str, Json]", found)[key]
        return found


def read_document(content: bytes | Mapping[str, Json]) -> Document:
    """Read JSON or YAML, or take what was parsed already. Raises `DocumentRefused`."""
    root = _parsed(content) if isinstance(content, bytes) else content
    if not isinstance(root, Mapping):
        raise DocumentRefused("this is not an OpenAPI document: its root is not an object")
    document = cast("Mapping[str, Json]", root)
    version = document.get("openapi")
    if not isinstance(version, str) or not version.startswith(_VERSIONS):
        told = "swagger 2.0" if "swagger" in document else repr(version)[:40]
        raise DocumentRefused(f"openapi: 3.0 and 3.1 can be imported, this is {told}; convert it first")
    if not isinstance(document.get("paths"), Mapping):
        raise DocumentRefused("paths: is missing, so there is nothing to import")
    return Document(document)


async def fetched(http: Http, address: str) -> bytes:
    """Return what stands at an address, asked for once. Raises `HttpError`, `DocumentRefused`."""
    request = HttpRequest("GET", address, timeout_seconds=_FETCH_SECONDS, max_response_bytes=MAX_BYTES)
    answer = await http.send(request)
    if answer.status != _OK:
        raise DocumentRefused(f"answered {answer.status}; redirects are not followed, give the last address")
    return answer.body


def mapping(value: Json) -> Mapping[str, Json]:
    """Return an object of the document; what is none is empty."""
    return cast("Mapping[str, Json]", value) if isinstance(value, Mapping) else {}


def sequence(value: Json) -> list[Json]:
    """Return a list of the document; what is none is empty."""
    return cast("list[Json]", value) if isinstance(value, list) else []


def _parsed(content: bytes) -> Json:
    if len(content) > MAX_BYTES:
        raise DocumentRefused(f"the document has {len(content):,} bytes; {MAX_BYTES:,} is the most")
    if content.lstrip()[:1] in {b"{", b"["}:
        _refuse_dense(content, (b",", b"{", b"["), most=_MAX_VALUES)
        _refuse_large_parts(content)
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise DocumentRefused(f"not valid JSON: {error}") from error
    if len(content) > MAX_YAML_BYTES:
        raise DocumentRefused(
            f"the document has {len(content):,} bytes of YAML; {MAX_YAML_BYTES:,} is the most, or JSON"
        )
    _refuse_dense(content, (b"\n", b",", b"{", b"["), most=_MAX_YAML_VALUES)
    try:
        return read_yaml(content.decode(), "document", max_characters=MAX_YAML_BYTES).value
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"the document is not UTF-8: {error.reason} at byte {error.start}") from error
    except ManifestInvalid as error:
        raise DocumentRefused("; ".join(map(str, error.problems[:3]))) from error


def _refuse_large_parts(content: bytes) -> None:
    try:
        check_bounds(content.decode("utf-8", "replace"), depth=_MAX_DEPTH, part=_MAX_PART, below=_PARTS_BELOW)
    except TooDeep as error:
        raise DocumentRefused(f"the document is nested deeper than {_MAX_DEPTH} levels") from error
    except PartTooLarge as error:
        raise DocumentRefused(
            f"one schema or operation of the document has more than {_MAX_PART:,} characters; leave it out, or part of it"
        ) from error


def _refuse_dense(content: bytes, marks: tuple[bytes, ...], *, most: int) -> None:
    if sum(map(content.count, marks)) > most:
        raise DocumentRefused(f"the document holds more than {most:,} values; leave out what you don't need of it")
