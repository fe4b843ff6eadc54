"""A provider's published OpenAPI document as a stand-in: refuses what it does not allow, answers as it says."""

import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest
from openapi_core.exceptions import OpenAPIError
from werkzeug.wrappers import Request, Response

from tests.integrations.catalog.loopback import listening

Json = Any
DEPTH: Final = 6
"""How deep answers are made up; what lies below (trees of nodes have no end) is left out."""
_SIMPLE: Final[Mapping[str, Json]] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True}


@dataclass(frozen=True)
class Operation:
    """What the document says about one method of one path."""

    name: str
    """Its operationId."""
    scopes: frozenset[str]
    """OAuth scopes of which it takes any; empty where OAuth does not reach it."""
    answer: Json
    """What success may look like, made up after its schema."""


@dataclass
class Described:
    """A running stand-in, and what it was asked since `forget` was called last."""

    address: str
    origin: str
    """Where the provider is, as the document says."""
    asked: list[Operation] = field(default_factory=list[Operation])
    refused: list[str] = field(default_factory=list[str])
    """Which requests were refused, and why."""

    def forget(self) -> None:
        """Start anew."""
        self.asked, self.refused = [], []


class Document:
    """One OpenAPI document."""

    def __init__(self, path: Path) -> None:
        self._document = cast("dict[str, Json]", yaml.load(path.read_text(), yaml.CSafeLoader))
        self._rules = OpenAPI.from_dict(self._document)
        self.origin = str(self._document["servers"][0]["url"])

    def fault(self, request: Request) -> str | None:
        """Why the document does not allow a request."""
        try:
            self._rules.validate_request(_ForProvider(request, self.origin))
        except OpenAPIError as error:
            return f"{request.method} {request.path}: {error}; {error.__cause__}"
        return None

    def operation(self, method: str, path: str) -> Operation:
        """What is at a path; of several templates that fit, the one with the fewest parameters."""
        fitting = [
            template for template in self._document["paths"] if re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path)
        ]
        declared = self._document["paths"][min(fitting, key=lambda template: template.count("{"))][method.lower()]
        alternatives = [scopes for scheme in declared["security"] for scopes in scheme.values()]
        success = self._resolved(declared["responses"]["200"])
        schema = success.get("content", {}).get("application/json", {}).get("schema", {})
        return Operation(declared["operationId"], frozenset().union(*alternatives), self._example(schema, DEPTH))

    def _resolved(self, part: Mapping[str, Json]) -> Mapping[str, Json]:
        found: Json = part
        while "$ref" in found:
            names = found["$ref"].removeprefix("#/").split("/")
            found = self._document
            for name in names:
                found = found[name]
        return found

    def _example(self, schema: Mapping[str, Json], depth: int) -> Json:
        """A value that the schema allows, down to a depth."""
        schema = self._resolved(schema)
        if "allOf" in schema:
            parts = [self._example(part, depth) for part in schema["allOf"]]
            return {name: value for part in parts if isinstance(part, dict) for name, value in part.items()}
        if "oneOf" in schema or "anyOf" in schema:
            return self._example((schema.get("oneOf") or schema["anyOf"])[0], depth)
        if "enum" in schema:
            return schema["enum"][0]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = kind[0]
        if kind == "array":
            return [self._example(schema["items"], depth - 1)] if depth else []
        if kind == "object" or "properties" in schema:
            members = schema.get("properties", {}) if depth else {}
            return {name: self._example(member, depth - 1) for name, member in members.items()}
        return _SIMPLE.get(str(kind))


class _ForProvider(WerkzeugOpenAPIRequest):
    """A request as it would have reached the provider."""

    def __init__(self, request: Request, origin: str) -> None:
        super().__init__(request)
        self._origin = origin

    @property
    def host_url(self) -> str:
        return self._origin


@contextmanager
def described(document: Document) -> Generator[Described]:
    """Stand in for the provider whose document this is."""
    stand_in = Described("", document.origin)

    @Request.application
    def answer(request: Request) -> Response:
        if fault := document.fault(request):
            stand_in.refused.append(fault)
            return Response(fault, status=400)
        operation = document.operation(request.method, request.path)
        stand_in.asked.append(operation)
        return Response(json.dumps(operation.answer), content_type="application/json")

    with listening(answer) as stand_in.address:
        yield stand_in
