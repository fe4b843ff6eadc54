"""What Google's client lets through unread, the bodies, beside Google's own description of them; lookups, too."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
import pytest

from integrations.catalog import Catalog
from integrations.options import Lookup, lookup_options
from integrations.testing import RecordedHttp, json_response, ports, sent_query
from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, description
from tests.integrations.catalog.official_call import Call
from tests.integrations.catalog.officials import OFFICIALS

CATALOG = Catalog()
VERSIONS = {
    "calendar": "v3",
    "docs": "v1",
    "drive": "v3",
    "forms": "v1",
    "gmail": "v1",
    "people": "v1",
    "sheets": "v4",
    "tasks": "v1",
}
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


LOOKUPS = [
    pytest.param(integration.option_lookup(name), id=f"{integration.name}.{name}")
    for integration in CATALOG
    if integration.name in {official.integration for official in OFFICIALS if official.package == PACKAGE}
    for name in integration.lookups
]


@pytest.mark.parametrize("lookup", LOOKUPS)
async def test_choices_are_asked_for_as_google_describes(lookup: Lookup):
    http = RecordedHttp([json_response({})])
    known = dict.fromkeys(lookup.declared.depends_on, "id1")
    await lookup_options(lookup, known, credentials=CREDENTIALS, ports=ports(http), search="a")
    method = described(http.request.url)
    assert http.request.method == "GET"
    assert sent_query(http.request).keys() - {"fields"} <= method["parameters"].keys()


def described(url: str) -> Mapping[str, Any]:
    """Google's description of the method that one GETs at this address."""
    for document in (description(api, version) for api, version in VERSIONS.items()):
        base = document["rootUrl"] + document["servicePath"]
        for method in methods(document):
            path = method.get(
                "flatPath", method["path"]
            )  # where it is there, `path` may hold one name for several parts
            if method["httpMethod"] == "GET" and re.fullmatch(pattern(base + path), url.partition("?")[0]):
                return method
    raise LookupError(f"Google describes nothing at {url}")


def pattern(path: str) -> str:
    """A path template of Google's as a regular expression."""
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
