"""The API page: what a backend engineer needs to know, made of the OpenAPI document. Needs no script."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Path

from gateway.api.calls import Route
from gateway.api.errors import STATUS
from gateway.api.headers import security_headers
from gateway.api.openapi import Json, openapi_document
from gateway.api.routes import SECTIONS
from gateway.wiring import Gateway

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_DEEPEST = 3
_templates = Environment(
    loader=PackageLoader("gateway.api"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _with_code(text: str) -> Markup:
    """Return a sentence with what stands in backticks as code."""
    plain, *rest = text.split("`")
    parts = [
        Markup("<code>{}</code>").format(part) if index % 2 == 0 else escape(part) for index, part in enumerate(rest)
    ]
    return Markup("").join([escape(plain), *parts])


def _section_anchor(title: str) -> str:
    return f"section-{title.lower().replace(' ', '-')}"


_templates.filters.update(code=_with_code, anchor=_section_anchor)


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a table: a field by its whole path, and what may stand in it."""

    name: str
    type: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One route, as it is shown."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    access: str
    status: int
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]
    example: str


class Reference:
    """The page and the document, made when first asked for: starting up should not wait for them."""

    def __init__(self, gateway: Gateway) -> None:
        self._public_url = gateway.settings.public_url
        self._headers = security_headers(self._public_url)
        self.routes = [Path("/openapi.json", self.document), Path("/docs", self.page)]

    async def document(self, _request: Request) -> Response:
        """Answer with the OpenAPI document."""
        return Response(orjson.dumps(self._document), headers=self._headers, media_type="application/json")

    async def page(self, _request: Request) -> Response:
        """Answer with the page."""
        return HTMLResponse(self._page, headers={**self._headers, "Content-Security-Policy": _PAGE_POLICY})

    @cached_property
    def _document(self) -> Json:
        return openapi_document(public_url=self._public_url)

    @cached_property
    def _page(self) -> str:
        entries = {
            section: [_entry(route, self._document, public_url=self._public_url) for route in routes]
            for section, routes in SECTIONS.items()
        }
        return _templates.get_template("reference.html").render(
            public_url=self._public_url,
            version=self._document["info"]["version"],
            sections=entries,
            statuses=_codes_by_status(),
        )


def _codes_by_status() -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for code, status in sorted(STATUS.items(), key=lambda each: each[1]):
        found.setdefault(status, []).append(code)
    return found


def _entry(route: Route, document: Json, *, public_url: str) -> Entry:
    operation = document["paths"][route.path][route.method.lower()]
    schemas = document["components"]["schemas"]
    sent = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answered = operation["responses"][str(route.status)]["content"]["application/json"]["schema"]
    return Entry(
        anchor=operation["operationId"].replace("_", "-"),
        method=route.method,
        path=route.path,
        summary=route.summary.rstrip("."),
        description=route.description,
        access=str(route.access),
        status=route.status,
        parameters=[_parameter(each) for each in operation["parameters"]],
        body=list(_fields(sent.get("schema", {}), schemas)),
        answer=list(_fields(answered, schemas)),
        example=_curl(route, operation, sent.get("example"), public_url=public_url),
    )


def _parameter(parameter: Json) -> Field:
    place = "path" if parameter["in"] == "path" else "query"
    described = parameter.get("description", "")
    return Field(parameter["name"], f"{place}, {_type(parameter['schema'], {})}", parameter["required"], described)


def _fields(schema: Json, schemas: Json, prefix: str = "", depth: int = 0) -> Iterator[Field]:
    """Walk through an object's properties, nested ones by their path."""
    for option in _options(schema, schemas):
        required = option.get("required", [])
        for name, described in option.get("properties", {}).items():
            path = f"{prefix}{name}"
            yield Field(path, _type(described, schemas), name in required, _description(described))
            inner, mark = _inner(described, schemas)
            if depth < _DEEPEST:
                yield from _fields(inner, schemas, f"{path}{mark}.", depth + 1)


def _options(schema: Json, schemas: Json) -> list[Json]:
    """Resolve references, and the alternatives of a schema, but for null."""
    if "$ref" in schema:
        return _options(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    alternatives = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return [option for each in alternatives for option in _options(each, schemas)] or [schema]


def _inner(schema: Json, schemas: Json) -> tuple[Json, str]:
    """Return the schema of what is inside a field, and how its path says so."""
    option = _options(schema, schemas)[0]
    return (option.get("items", {}), "[]") if option.get("type") == "array" else (option, "")


def _type(schema: Json, schemas: Json) -> str:
    may_be_null = any(each.get("type") == "null" for each in schema.get("anyOf", ()))
    kinds = list(dict.fromkeys(_kind(option, schemas) for option in _options(schema, schemas)))
    return " or ".join([*kinds, "null"] if may_be_null else kinds)


def _kind(schema: Json, schemas: Json) -> str:
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    bounds = [f"{sign} {schema[name]}" for name, sign in (("minimum", "≥"), ("maximum", "≤")) if name in schema]
    if "maxLength" in schema:
        bounds.append(f"≤ {schema['maxLength']} characters")
    shown = schema.get("format", kind)
    return f"{shown} ({', '.join(bounds)})" if bounds else shown


def _description(schema: Json) -> str:
    said: str = schema.get("description", "")
    default: Any = schema.get("default")
    return said if default is None else f"{said} Default: {json.dumps(default)}.".strip()


def _curl(route: Route, operation: Json, example: Any, *, public_url: str) -> str:
    """Return the request as a command line."""
    path = re.sub(r"\{(\w+)\}", lambda found: f"${re.sub('(?=[A-Z])', '_', found[1]).upper()}", route.path)
    queries = [each["name"] for each in operation["parameters"] if each["in"] == "query" and each["required"]]
    query = "?" + "&".join(f"{name}=acme" for name in queries) if queries else ""
    method = "" if route.method == "GET" else f" -X {route.method}"
    lines = [f'curl{method} "{public_url}{path}{query}"', *_key_header(operation["security"])]
    if example is not None:
        body = json.dumps(example, indent=2, ensure_ascii=False).replace("'", "'\\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    return " \\\n  ".join(lines)


def _key_header(security: Sequence[Json]) -> list[str]:
    """Return what shows the key that comes first; nothing where the route takes none."""
    match security:
        case []:
            return []
        case [{"apiKey": _}, *_]:
            return ['-H "Authorization: Bearer $TOOLGATE_API_KEY"']
        case _:
            return ['-H "X-Service-Key: $TOOLGATE_SERVICE_KEY"']
