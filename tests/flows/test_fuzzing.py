"""schemathesis against the OpenAPI document: whatever is sent, the answer is one that the document promises."""

import re
import warnings
from typing import Any

import anyio.to_thread
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.api import organizations
from gateway.api.calls import Route
from gateway.api.examples import EXAMPLES
from gateway.api.routes import ROUTES
from tests.parts.rest import SERVICE_KEY, Rest, new_organization
from tests.parts.served import Served

pytestmark = pytest.mark.timeout(300)

PROMISES: list[Any] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES_OF_EACH = 12


async def known_things(rest: Rest) -> dict[str, list[str]]:
    """Something real for every name that a path or a body may hold."""
    workspace = await rest.made("/workspaces", {"name": "Acme", "slug": "acme"})
    alice = await rest.made("/end-users", {"workspaceId": "acme", "externalId": "user_alice"})
    added = await rest.made("/workspaces/acme/integrations", {"integrationName": "hash-encode"})
    server = await rest.made("/mcp/servers", {"name": "S", "workspaceId": "acme", "authMode": "oauth_and_bearer"})
    tool = await rest.made(f"/mcp/servers/{server['id']}/tools", {"integrationName": "slack", "actionName": "a"})
    secret = {"type": "SECRET_TEXT", "secretText": "s", "integrationName": "github", "displayName": "G"}
    connection = await rest.made("/connections", {**secret, "externalId": "c", "workspaceId": "acme"})
    search = {"name": "search", "inputSchema": {"type": "object"}}
    remote = {"url": "https://wiki.invalid/mcp", "tools": [search]}
    await rest.made("/integrations", {"manifest": {"name": "custom-wiki", "title": "Wiki", "mcp": remote}})
    webhook = (await rest.post("/webhooks", {"url": "https://app.invalid/", "workspaceId": "acme"})).json()["webhook"]
    delivery = (await rest.post(f"/webhooks/{webhook['id']}/test")).json()["delivery"]
    return {
        "workspaceId": [workspace["id"], "acme"],
        "serverId": [server["id"], f"srv_{server['id']}"],
        "toolId": [tool["id"]],
        "end-users": [alice["id"]],
        "integrations": [added["id"]],
        "connections": [connection["id"]],
        "webhooks": [webhook["id"]],
        "deliveryId": [delivery["id"]],
        "orgs": [workspace["orgId"]],
        "name": ["slack", "hash-encode", "custom-wiki"],
        "toolName": ["search"],
    }


def fuzz(schema: Any, known: dict[str, list[str]], headers: dict[str, str]) -> None:
    # What is deleted can't be found any more, so that comes last; the organization stays.
    for route in sorted(ROUTES, key=lambda route: route.method == "DELETE"):
        operation = schema[route.path][route.method]
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            _fuzz_one(operation.as_strategy(mode), route, known=known, headers=headers)


def _fuzz_one(
    cases: st.SearchStrategy[Case[Any]],
    route: Route,
    *,
    known: dict[str, list[str]],
    headers: dict[str, str],
) -> None:
    @settings(
        max_examples=EXAMPLES_OF_EACH,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    @given(case=cases, data=st.data())
    def one(case: Case[Any], data: st.DataObject) -> None:
        _ground(case, route, data=data, known=known)
        answer = case.call(headers=headers)
        # What was wrong in the path or the headers has been put right above; a bad row of a sync is told in a 200.
        # What is too large is refused before anybody looks whether it fits.
        is_bad = _is_bad(case) and not route.path.endswith("/sync") and answer.status_code != 413
        case.validate_response(answer, checks=[*PROMISES, negative_data_rejection] if is_bad else PROMISES)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one()


def _is_bad(case: Case[Any]) -> bool:
    """Whether the body breaks the document."""
    body = case.meta.components.get(ParameterLocation.BODY) if case.meta is not None else None
    return body is not None and body.mode is GenerationMode.NEGATIVE


def _ground(case: Case[Any], route: Route, *, data: st.DataObject, known: dict[str, list[str]]) -> None:
    """Name things that are there, now and then, or nothing would come past the first look-up."""
    if route.handler is not organizations.delete_organization:
        for holder, name in re.findall(r"([\w-]+)/\{(\w+)\}", route.path):
            there = known.get(holder if name == "id" else name)
            if there is not None and data.draw(st.integers(0, 3)):
                case.path_parameters[name] = data.draw(st.sampled_from(there))
    example = EXAMPLES.get(route.body, {})
    if "workspaceId" in (case.query or {}) and data.draw(st.booleans()):
        case.query["workspaceId"] = "acme"
    if isinstance(case.body, dict) and not _is_bad(case):
        for name in case.body.keys() & example.keys():
            if name in {"workspaceId", "integrationName", "actionName", "endUserId"} and data.draw(st.integers(0, 3)):
                case.body[name] = example[name]


async def test_whatever_is_sent_the_answer_is_as_documented(served: Served, anonymous: Rest) -> None:
    organization, api = await new_organization(anonymous, "acme")
    known = await known_things(api)
    schema = await anyio.to_thread.run_sync(schemathesis.openapi.from_url, f"{served.url}/openapi.json")
    headers = {"X-Service-Key": SERVICE_KEY, "X-Org-ID": organization["id"]}
    await anyio.to_thread.run_sync(fuzz, schema, known, headers)
