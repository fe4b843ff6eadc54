"""XML answers as JSON values, so that pointers lead into them."""

from collections.abc import Iterable
from typing import Final, cast
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser

from integrations.notation import MISSING, Missing
from integrations.ports import Json

MAX_DEPTH: Final = 100


class _NoDoctypes(TreeBuilder):
    """Refuses documents that define entities: those can grow without end."""

    def doctype(self, *declared: str | None) -> None:
        raise ParseError(f"the document type {declared[0]} is not read")


def xml_value(body: bytes) -> Json | Missing:
    """`<a><b>1</b><b>2</b></a>` as `{"a": {"b": ["1", "2"]}}`; MISSING where it is no XML, or has a document type.

    Names lose their namespace, attributes are left out, an element without children is its text.
    """
    parser = XMLParser(target=_NoDoctypes())  # noqa: S314 - what makes XML dangerous is refused with its document type
    try:
        parser.feed(body)
        root = parser.close()
        return {_name(root): _value(root, MAX_DEPTH)}
    except (ParseError, RecursionError, ValueError):
        return MISSING


def _value(element: Element, depth: int) -> Json:
    if depth == 0:
        raise ValueError("nested too deeply")
    found: dict[str, list[Json]] = {}
    for child in element:
        found.setdefault(_name(child), []).append(_value(child, depth - 1))
    if not found:
        return element.text or ""
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def every(value: Json) -> Iterable[Json]:
    """The elements of one name: a list where there were several, one value where there was one, else nothing."""
    if value is None or value == "":
        return []
    return cast("list[Json]", value) if isinstance(value, list) else [value]


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
