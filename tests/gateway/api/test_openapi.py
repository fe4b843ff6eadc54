"""The OpenAPI document and the page follow from the route table, and say what holds."""

import re
from typing import Any

import httpx2
import pytest

from gateway.api.calls import Route
from gateway.api.errors import STATUS
from gateway.api.examples import EXAMPLES
from gateway.api.models import Body, Nothing
from gateway.api.routes import ROUTES
from gateway.events import Event
from gateway.webhooks.pings import PING
from tests.parts.rest import Rest


@pytest.fixture
async def document(anonymous: Rest) -> dict[str, Any]:
    answer = await anonymous.client.get("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


async def test_every_route_stands_in_the_document(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, operations in document["paths"].items() for method in operations}
    assert described == {(route.method, route.path) for route in ROUTES}
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "http://127.0.0.1:8080"}]


async def test_every_event_that_webhooks_are_told_is_described(document: dict[str, Any]) -> None:
    assert set(document["webhooks"]) == {*Event, PING}
    schemas = document["components"]["schemas"]
    named: set[str] = set()
    for name, described in document["webhooks"].items():
        schema = described["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        kind = schemas[schema]["properties"]["type"]
        assert name in kind.get("enum", [kind.get("const")])
        named |= set(kind.get("enum", [kind.get("const")]))
    assert named == set(document["webhooks"])


async def test_every_status_that_a_route_can_answer_is_described_and_no_other(document: dict[str, Any]) -> None:
    failures = {str(status) for status in STATUS.values()} - {"405"}  # which no method of the document is answered
    of_creating = document["paths"]["/api/v1/workspaces"]["post"]["responses"]
    assert set(of_creating) == {"201", *failures}
    of_reading = document["paths"]["/api/v1/workspaces"]["get"]["responses"]
    assert set(of_reading) == {"200", *failures} - {"408", "409", "413", "415"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.handler.__name__)
def test_every_route_says_what_it_does(route: Route) -> None:
    assert re.fullmatch(r"[A-Z].*[.;:]?", route.summary)
    assert route.summary.endswith(".")
    assert "`" not in route.description.replace("`", "", route.description.count("`") // 2 * 2)


def test_no_two_routes_are_the_same() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)
    assert len({route.handler for route in ROUTES}) == len(ROUTES)


BODIES = {route.body.__name__: route.body for route in ROUTES if route.body is not Nothing}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_every_body_has_an_example_that_is_accepted(body: type[Body]) -> None:
    body.model_validate(EXAMPLES[body])


async def test_no_answer_shows_a_field_that_is_left_out_as_null(document: dict[str, Any]) -> None:
    end_user = document["components"]["schemas"]["EndUser"]
    assert end_user["properties"]["email"] == {"type": "string"}
    assert "email" not in end_user["required"]
    key = document["components"]["schemas"]["ApiKey"]
    assert key["properties"]["expiresAt"]["anyOf"][1] == {"type": "null"}
    assert "expiresAt" in key["required"]


async def test_the_page_needs_nothing_from_elsewhere(anonymous: Rest) -> None:
    page = await anonymous.client.get("/docs")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<script" not in page.text
    assert not re.search(r'(?:src|href)="(?!#|/openapi)', page.text)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for route in ROUTES:
        assert f"</span> {route.path}</code>" in page.text
    assert_links_lead_somewhere(page)


def assert_links_lead_somewhere(page: httpx2.Response) -> None:
    anchors = set(re.findall(r'id="([\w-]+)"', page.text))
    assert set(re.findall(r'href="#([\w-]+)"', page.text)) <= anchors
