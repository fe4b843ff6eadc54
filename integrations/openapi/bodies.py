"""What an operation sends in its body: JSON, a form with or without files, or a file or text as it is."""

import re
from collections.abc import Mapping
from typing import Final

from integrations.form_data import MEDIA_TYPE
from integrations.openapi.building import Building, LeftOut
from integrations.openapi.document import Document, mapping, sequence
from integrations.openapi.schemas import inlined
from integrations.openapi.texts import plain
from integrations.ports import Json

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_TEXT: Final = re.compile(r"text/.+|application/(.+\+)?(xml|yaml|graphql|x-ndjson|jsonl)")
_ANY_KIND: Final = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/\*|\*/\*")


def take_body(document: Document, declared: Json, building: Building) -> None:
    """Make inputs of a request body, if there is one.

    Raises:
        LeftOut: it is needed, and can't be made of inputs.
        DocumentRefused: a reference leads out of the document or nowhere.
    """
    body, _ = document.resolved(declared)
    content = {kind: mapping(media) for kind, media in mapping(body.get("content")).items()}
    required = body.get("required") is True
    if not content:
        return
    # Of several kinds the one that says most to a model, and costs it least.
    kind = min(content, key=_order)
    bare, media = _bare(kind), content[kind]
    try:
        if _is_json(bare):
            _take_json(document, media, building, required=required)
            _send_as(kind, building)
        elif bare in {_FORM, _MULTIPART}:
            _take_form(document, media, building, needs_multipart=bare == _MULTIPART, required=required)
        else:
            _take_whole(document, content, building, required=required)
    except LeftOut:
        if required:
            raise


def _order(kind: str) -> int:
    bare = _bare(kind)
    return {_JSON: 0, _FORM: 2, _MULTIPART: 3}.get(bare, 1 if _is_json(bare) else 4)


def _is_json(kind: str) -> bool:
    return kind == _JSON or kind.endswith("+json")


def _send_as(kind: str, building: Building) -> None:
    """Have the body called what the document calls it, where that is more than we would say."""
    if _bare(kind) != _JSON and MEDIA_TYPE.fullmatch(kind) and "{" not in kind:
        building.headers["Content-Type"] = kind


def _bare(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()


def _take_json(document: Document, media: Mapping[str, Json], building: Building, *, required: bool) -> None:
    schema = inlined(document, media.get("schema"))
    properties = mapping(schema.get("properties"))
    if properties and not {"anyOf", "oneOf", "additionalProperties"} & schema.keys():
        needed = sequence(schema.get("required")) if required else []
        building.body["json"] = {
            name: f"{{{building.add(name, dict(each), required=name in needed, where='body')}}}"
            for name, each in properties.items()
        }
    else:
        name = building.add("body", schema or {"type": "object"}, required=required, where="body")
        building.body["json"] = f"{{{name}}}"


def _take_form(
    document: Document, media: Mapping[str, Json], building: Building, *, needs_multipart: bool, required: bool
) -> None:
    schema = inlined(document, media.get("schema"))
    properties = {name: mapping(each) for name, each in mapping(schema.get("properties")).items()}
    if not properties:
        raise LeftOut("its form has no listed fields")
    needed = sequence(schema.get("required")) if required else []
    fields: dict[str, Json] = {}
    files: dict[str, Json] = {}
    for name, each in properties.items():
        count = _files(each, mapping(mapping(media.get("encoding")).get(name))) if needs_multipart else None
        made = dict(each) if count is None else _file_input(each, count)
        place = fields if count is None else files
        place[name] = f"{{{building.add(name, made, required=name in needed, where='body')}}}"
    if fields:
        building.body["form"] = fields
    if needs_multipart:
        building.body["files"] = files


def _files(schema: Mapping[str, Json], encoding: Mapping[str, Json]) -> str | None:
    """Whether a part of a form is a file (`one`), a list of files (`many`), or none."""
    if schema.get("type") == "array":
        return "many" if _is_file(mapping(schema.get("items")), encoding) else None
    return "one" if _is_file(schema, encoding) else None


def _is_file(schema: Mapping[str, Json], encoding: Mapping[str, Json]) -> bool:
    """3.0 says `format: binary`; 3.1 a media type without an encoding, or nothing but what `encoding` says."""
    if schema.get("format") == "binary":
        return True
    if isinstance(schema.get("contentMediaType"), str) and "contentEncoding" not in schema:
        return not _is_written(_bare(schema["contentMediaType"]))
    kinds = [_bare(kind) for kind in str(encoding.get("contentType", "")).split(",") if kind.strip()]
    is_untyped = not {"type", "properties", "anyOf", "oneOf", "enum", "const"} & schema.keys()
    return bool(kinds) and is_untyped and not all(map(_is_written, kinds))


def _is_written(kind: str) -> bool:
    """Whether a caller would write it as text rather than hand it over as a file."""
    return bool(_TEXT.fullmatch(kind)) or _is_json(kind)


def _file_input(schema: Mapping[str, Json], count: str) -> dict[str, Json]:
    """A file has a schema of its own; the words of the document's stay."""
    return {key: schema[key] for key in ("title", "description") if key in schema} | {"file": count}


def _take_whole(
    document: Document, content: Mapping[str, Mapping[str, Json]], building: Building, *, required: bool
) -> None:
    """The one input that is the body. A file of one of several kinds, or of any, says itself which."""
    for kind in content:
        if not (MEDIA_TYPE.fullmatch(kind) or _ANY_KIND.fullmatch(kind)) or "{" in kind:
            raise LeftOut(f"it sends {plain(kind, 100)}, which is no media type")
        if _bare(kind).startswith("multipart/"):
            raise LeftOut(f"it sends {plain(kind, 100)}; forms (multipart/form-data) can be sent")
    [(kind, media), *others] = content.items()
    is_text = all(_is_written(_bare(each)) for each in content)
    is_text = is_text and inlined(document, media.get("schema")).get("format") != "binary"
    told = f"The body ({plain(' or '.join(content), 200)})."
    schema: dict[str, Json] = {"type": "string"} if is_text else {"file": "one"}
    building.body["content"] = (
        f"{{{building.add('body', schema | {'description': told}, required=required, where='body')}}}"
    )
    if is_text or not others:
        _send_as(kind, building)
