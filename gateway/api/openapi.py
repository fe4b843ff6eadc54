"""The OpenAPI 3.1 document, made of the route table and the models and of nothing else."""

import re
from collections.abc import Iterator
from typing import Any, TypeAlias, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from gateway import __version__
from gateway.api.calls import Access, Route
from gateway.api.events import described_webhooks, event_models
from gateway.api.examples import EXAMPLES
from gateway.api.models import Answer, omitted, without_null
from gateway.api.routes import ROUTES, SECTIONS

Json: TypeAlias = dict[str, Any]
_Schemas: TypeAlias = dict[tuple[type[BaseModel], JsonSchemaMode], Json]

_REFERENCE = "#/components/schemas/{model}"
_PARAMETERS = re.compile(r"\{(\w+)\}")
_PATH_PARAMETERS: dict[str, Json] = {
    "workspaceId": {"schema": {"type": "string"}, "description": "Id or slug of the workspace."},
    "serverId": {"schema": {"type": "string"}, "description": "Id of the MCP server, with or without `srv_`."},
    "name": {"schema": {"type": "string"}, "description": "Name of the integration in the catalogue."},
    "toolName": {"schema": {"type": "string"}, "description": "The remote MCP server's own name for the tool."},
}
_ROW_ID: Json = {"schema": {"type": "string", "format": "uuid"}}

_SECURITY: dict[Access, list[Json]] = {
    Access.KEY: [{"apiKey": []}, {"serviceKey": [], "organization": []}],
    Access.ORGANIZATION: [{"apiKey": []}, {"serviceKey": [], "organization": []}],
    Access.SERVICE: [{"serviceKey": []}],
    Access.ANYBODY: [],
}
_SCHEMES: Json = {
    "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key, `wvz_…`."},
    "serviceKey": {"type": "apiKey", "in": "header", "name": "X-Service-Key"},
    "organization": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Org-ID",
        "description": "With the service key: which organization.",
    },
}
_FAILURES = {
    "400": "The request says something that we can't accept; or an account has to be connected first.",
    "401": "No valid key.",
    "403": "The key may not do this.",
    "404": "No such thing within the key's reach.",
    "408": "The body did not arrive in time.",
    "409": "It does not go together with what is there.",
    "413": "The body is too large.",
    "415": "The body is not plain JSON.",
    "429": "Too many requests; nothing was done. Wait for `Retry-After` seconds.",
    "500": "We failed. The log says why, in the lines of this answer's `X-Request-Id`.",
    "503": "Not possible at the moment; nothing was done.",
}
_OF_BODIES = frozenset({"408", "413", "415"})


class Schemas(GenerateJsonSchema):
    """JSON Schema without titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 -- as the library calls it
        return False


class Failure(Answer):
    """Any failure."""

    error: str
    """What was wrong, for a person."""
    code: str
    """What was wrong, for a program."""
    details: dict[str, Any] | None = omitted()


def openapi_document(*, public_url: str) -> Json:
    """Return the document of this deployment."""
    found, definitions = models_json_schema(list(_models()), ref_template=_REFERENCE, schema_generator=Schemas)
    schemas = cast("_Schemas", found)
    failure = schemas[Failure, "serialization"]
    paths: dict[str, Json] = {}
    for section, routes in SECTIONS.items():
        for route in routes:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, section, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Toolgate", "version": __version__, "description": "Tools for agents, by whose accounts."},
        "servers": [{"url": public_url}],
        "tags": [{"name": section} for section in SECTIONS],
        "paths": paths,
        "webhooks": described_webhooks({model: schemas[model, "serialization"] for model in event_models()}),
        "components": {
            "schemas": definitions.get("$defs", {}),
            "responses": {status: _failure(status, failure) for status in _FAILURES},
            "securitySchemes": _SCHEMES,
        },
    }


def _models() -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield Failure, "serialization"
    for model in event_models():
        yield model, "serialization"
    for route in ROUTES:
        if route.takes_body:
            yield route.body, "validation"
        for answer in route.answers:
            yield answer, "serialization"


def _operation(route: Route, section: str, schemas: _Schemas) -> Json:
    operation: Json = {
        "operationId": route.handler.__name__,
        "tags": [section],
        "summary": route.summary,
        "security": _SECURITY[route.access],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": {
            str(route.status): {"description": "Done.", "content": _content(_any_of(route, schemas))},
            **{status: {"$ref": f"#/components/responses/{status}"} for status in _failures(route)},
        },
    }
    if route.description:
        operation["description"] = route.description
    if route.takes_body:
        operation["requestBody"] = _request_body(route, schemas)
    return operation


def _failures(route: Route) -> Iterator[str]:
    """Yield the statuses that this route can fail with, beside its own."""
    for status in _FAILURES:
        if (status in _OF_BODIES and not route.takes_body) or (status == "409" and route.method == "GET"):
            continue
        yield status


def _request_body(route: Route, schemas: _Schemas) -> Json:
    content = _content(schemas[route.body, "validation"])
    example = EXAMPLES.get(route.body)
    if example is not None:
        content["application/json"]["example"] = example
    has_to_be_given = any(field.is_required() for field in route.body.model_fields.values())
    return {"content": content, "required": has_to_be_given}


def _any_of(route: Route, schemas: _Schemas) -> Json:
    found = [schemas[answer, "serialization"] for answer in route.answers]
    return found[0] if len(found) == 1 else {"anyOf": found}


def _path_parameters(route: Route) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, **_PATH_PARAMETERS.get(name, _ROW_ID)}
        for name in _PARAMETERS.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[Json]:
    schema = route.query.model_json_schema(schema_generator=Schemas)
    required = schema.get("required", [])
    parameters: list[Json] = []
    for name, described in schema.get("properties", {}).items():
        shown = without_null(described)
        parameter: Json = {"name": name, "in": "query", "required": name in required}
        if "description" in shown:
            parameter["description"] = shown.pop("description")
        if described.get("default") is not None:
            shown["default"] = described["default"]
        parameters.append({**parameter, "schema": shown})
    return parameters


def _failure(status: str, schema: Json) -> Json:
    response: Json = {"description": _FAILURES[status], "content": _content(schema)}
    if status == "429":
        response["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return response


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}
