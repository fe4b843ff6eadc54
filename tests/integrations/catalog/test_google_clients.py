"""What Google's client lets through unread, the bodies, beside Google's own description of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest

from tests.integrations.catalog.google_client import PACKAGE, Google, description
from tests.integrations.catalog.official_call import Call
from tests.integrations.catalog.officials import OFFICIALS

VERSIONS = {"calendar": "v3", "docs": "v1", "drive": "v3", "forms": "v1", "people": "v1", "sheets": "v4", "tasks": "v1"}
CASES = [
    pytest.param(call, id=f"{official.integration}.{action}")
    for official in OFFICIALS
    if official.package == PACKAGE
    for action, call in official.calls.items()
]


@dataclass
class Described:
    """Stands in for the client's requests: says what each would have sent, instead of sending it."""

    method: str
    body: Any

    def __init__(self, _http: Any, _postproc: Any, _uri: str, *, methodId: str, body: Any = None, **_rest: Any) -> None:  # noqa: N803
        self.method, self.body = methodId, body

    def execute(self) -> None:
        is_json = isinstance(self.body, str)  # an upload is bytes
        if is_json:
            jsonschema_rs.validate(body_schema(self.method), json.loads(self.body))


@pytest.mark.parametrize("call", CASES)
def test_what_is_sent_is_what_google_describes(call: Call):
    assert call.theirs is not None
    call.theirs(Google("http://127.0.0.1:9", Described))


def body_schema(method_id: str) -> dict[str, Any]:
    """The JSON Schema of the body that a method takes; members that Google does not name are refused."""
    api = method_id.partition(".")[0]
    document = description(api, VERSIONS[api])
    method = next(method for method in methods(document) if method["id"] == method_id)
    return {
        "$ref": f"#/$defs/{method['request']['$ref']}",
        "$defs": {name: closed(schema) for name, schema in document["schemas"].items()},
    }


def methods(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from resource.get("methods", {}).values()
    for inner in resource.get("resources", {}).values():
        yield from methods(inner)


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of Google's dialect as JSON Schema; null stands for what is to be emptied."""
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    found: dict[str, Any] = {} if schema["type"] == "any" else {"type": [schema["type"], "null"]}
    if "enum" in schema:
        found["enum"] = [*schema["enum"], None]
    if "items" in schema:
        found["items"] = closed(schema["items"])
    if "additionalProperties" in schema:
        found["additionalProperties"] = closed(schema["additionalProperties"])
    if "properties" in schema:
        properties = {name: closed(child) for name, child in schema["properties"].items()}
        found |= {"properties": properties, "additionalProperties": False}
    return found
