"""What holds for every route: who may call, how often, what a bad request is told."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from gateway.api.calls import Access, Route
from gateway.api.routes import ROUTES
from gateway.app import create_app
from gateway.kit.clock import Clock, to_wire
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from storage.scope import TenantScope
from tests.parts.rest import Rest, failure, new_key, new_organization

NOBODY = "00000000-0000-4000-8000-000000000000"
WITH_BODY = [route for route in ROUTES if route.takes_body]


def path_of(route: Route, **values: str) -> str:
    """The route's path below /api/v1, with an unknown id wherever none is given."""
    path = route.path.removeprefix("/api/v1")
    for name in ("workspaceId", "serverId", "toolId", "tokenId", "id", "name"):
        path = path.replace(f"{{{name}}}", values.get(name, NOBODY))
    return path


def caller_of(route: Route, api: Rest) -> Rest:
    return api.as_operator() if route.access is Access.SERVICE else api


def named(route: Route) -> str:
    return route.handler.__name__


NO_KEYS: list[dict[str, Any]] = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wvz_nonsense"},
    {"Authorization": "Basic d3Z6Og=="},
    {"Authorization": "Bearer mcp_" + "x" * 38},
    {"X-Service-Key": "wrong"},
    {"X-Service-Key": "wröng".encode("latin-1")},
]


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access is not Access.ANYBODY], ids=named)
async def test_nobody_comes_in_without_a_key(anonymous: Rest, route: Route) -> None:
    for headers in NO_KEYS:
        answer = await anonymous.send(route.method, path_of(route), headers=headers)
        assert failure(answer) == (401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access is Access.SERVICE], ids=named)
async def test_what_is_the_operators_needs_the_service_key(api: Rest, route: Route) -> None:
    assert failure(await api.send(route.method, path_of(route))) == (403, "SCOPE_DENIED")


@pytest.mark.parametrize("route", [route for route in ROUTES if route.access is Access.ORGANIZATION], ids=named)
async def test_a_narrowed_key_does_not_reach_what_is_the_organizations(api: Rest, route: Route) -> None:
    workspace = await api.made("/workspaces", {"name": "A", "slug": "a"})
    narrow = await new_key(api, scope="workspace", workspaceIds=[workspace["id"]])
    assert failure(await narrow.send(route.method, path_of(route))) == (403, "SCOPE_DENIED")


async def test_the_service_key_says_which_organization(anonymous: Rest) -> None:
    missing = await anonymous.as_operator().get("/workspaces")
    assert failure(missing) == (400, "VALIDATION_ERROR")
    for unknown in (NOBODY, "nonsense"):
        assert failure(await anonymous.as_operator(unknown).get("/workspaces")) == (404, "NOT_FOUND")
    organization, _ = await new_organization(anonymous, "acme")
    assert (await anonymous.as_operator(organization["id"]).get("/workspaces")).status_code == 200


async def test_every_answer_tells_the_rate_and_forbids_what_browsers_do(api: Rest, anonymous: Rest) -> None:
    for answer in (
        await api.get("/workspaces"),
        await api.get("/nothing"),
        await api.put("/workspaces", {}),
        await api.post("/workspaces", {"name": 5}),
        await anonymous.get("/workspaces"),
        await api.post("/workspaces", {"name": "x" * 300_000}),
    ):
        assert int(answer.headers["x-ratelimit-limit"]) > 0
        assert int(answer.headers["x-ratelimit-remaining"]) >= 0
        assert int(answer.headers["x-ratelimit-reset"]) > datetime.now(UTC).timestamp() - 1
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-request-id"]
        assert "access-control-allow-origin" not in answer.headers


async def test_under_https_browsers_are_told_to_stay_there(settings: Settings) -> None:
    async with open_gateway(settings.model_copy(update={"public_url": "https://tools.example"})) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway), client=("2001:db8::1", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="https://tools.example") as client:
            answer = await Rest(client).get("/workspaces")
    assert answer.status_code == 401
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_an_unknown_path_and_a_wrong_method_are_told(api: Rest) -> None:
    for path in ("/nothing", "/workspaces/", "/partials", "/triggers"):
        assert failure(await api.get(path)) == (404, "NOT_FOUND")
    for method in ("PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "FOO"):
        answer = await api.send(method, "/workspaces")
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, POST"


async def test_health_needs_no_key(anonymous: Rest) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = await anonymous.client.get("/health", headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


HOSTILE = {
    "broken": b"{",
    "list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "nan": b'{"name": NaN}',
    "infinite": b'{"name": 1e999}',
    "twice": b'{"name": "a", "name": "b"}',
    "deep": b'{"name": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "nul": b'{"name": "a\\u0000"}',
    "nul in key": b'{"a\\u0000": 1}',
    "surrogate": b'{"name": "\\ud800"}',
    "not utf-8": b'{"name": "\xff"}',
    "huge number": b'{"name": ' + b"9" * 5000 + b"}",
    "unknown": b'{"noSuchField": 1}',
    "wrong types": json.dumps(
        {name: {"x": [1]} for name in ("name", "slug", "endUserId", "type", "settings")}
    ).encode(),
}


@pytest.mark.parametrize("route", WITH_BODY, ids=named)
async def test_a_hostile_body_is_refused_with_a_reason(api: Rest, route: Route) -> None:
    await api.made("/workspaces", {"name": "A", "slug": "a"})
    caller = caller_of(route, api)
    for body in HOSTILE.values():
        answer = await caller.send(
            route.method, path_of(route), content=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 400, answer.text
        assert failure(answer)[1] in {"INVALID_JSON", "VALIDATION_ERROR"}
    too_large = b'{"name": "' + b"x" * route.max_body_bytes + b'"}'
    for content in (too_large, chunks(too_large)):
        answer = await caller.send(
            route.method, path_of(route), content=content, headers={"Content-Type": "application/json"}
        )
        assert failure(answer) == (413, "PAYLOAD_TOO_LARGE")


async def chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/plain"}, b"{}"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"name=a"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--"),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, b"{}"),
        ({}, b"{}"),
    ],
)
async def test_a_body_that_is_not_plain_json_is_refused(api: Rest, headers: dict[str, str], body: bytes) -> None:
    answer = await api.send("POST", "/workspaces", headers=headers, content=body)
    assert failure(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def test_no_body_is_an_empty_one_whatever_its_type(api: Rest) -> None:
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/json"}):
        answer = await api.send("POST", f"/mcp/servers/{NOBODY}/regenerate-token", headers=headers)
        assert failure(answer) == (404, "NOT_FOUND")


async def test_a_secret_is_never_told_back(api: Rest) -> None:
    body = {"type": "SECRET_TEXT", "secretText": {"s3cr3t-value": "s3cr3t-value"}, "integrationName": "slack"}
    answer = await api.post("/connections", body)
    assert failure(answer) == (400, "VALIDATION_ERROR")
    assert "s3cr3t-value" not in answer.text


@pytest.mark.parametrize(
    "query", ["%ff=1", "limit=%ff", "limit=1&limit=2", "a=%00", "limit=%ED%A0%80", "&".join(["a"] * 99)]
)
async def test_a_bad_query_is_refused(api: Rest, query: str) -> None:
    assert failure(await api.send("GET", f"/workspaces?{query}")) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("text", ["%00", "%ff", "%2e%2e", "x" * 3000, "%ED%A0%80", "'", "{id}", "srv_", "null"])
async def test_a_path_that_names_nothing_is_not_found(api: Rest, text: str) -> None:
    for path in ("/workspaces", "/end-users", "/mcp/servers", "/integrations"):
        answer = await api.send("GET", f"{path}/{text}")
        assert answer.status_code == 404, answer.text


@pytest.fixture
def now() -> list[datetime]:
    return [datetime(2026, 11, 21, 12, 0, 10, tzinfo=UTC)]


@pytest.fixture
def clock(now: list[datetime]) -> Clock:
    return lambda: now[0]


@pytest.fixture
async def slow(settings: Settings, clock: Clock) -> AsyncIterator[tuple[Gateway, Rest]]:
    """A gateway that takes three requests a minute."""
    limited = settings.model_copy(update={"rate_limit_per_minute": 3})
    async with open_gateway(limited, clock=clock) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            yield gateway, Rest(client)


async def test_too_many_requests_are_told_when_to_come_back(slow: tuple[Gateway, Rest], now: list[datetime]) -> None:
    gateway, anonymous = slow
    organization = await gateway.organizations.create(name="A", slug="a")
    api = await key_of(gateway, organization.id, anonymous)
    seen = [await api.post("/workspaces", {"name": "A", "slug": f"a{n}"}) for n in range(4)]
    assert [answer.status_code for answer in seen] == [201, 201, 201, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in seen] == ["2", "1", "0", "0"]
    assert failure(seen[3]) == (429, "RATE_LIMITED")
    assert seen[3].headers["retry-after"] == "50"
    now[0] += timedelta(seconds=50)
    assert (await api.get("/workspaces")).json()["total"] == 3


async def test_failed_keys_are_limited_by_address_and_valid_ones_still_pass(
    slow: tuple[Gateway, Rest], now: list[datetime]
) -> None:
    gateway, anonymous = slow
    organization = await gateway.organizations.create(name="A", slug="a")
    api = await key_of(gateway, organization.id, anonymous)
    answers = [await anonymous.get("/workspaces") for _ in range(61)]
    assert {answer.status_code for answer in answers[:60]} == {401}
    assert failure(answers[60]) == (429, "RATE_LIMITED")
    assert (await api.get("/workspaces")).status_code == 200
    operator = anonymous.as_operator(organization.id)
    assert failure(await operator.get("/workspaces")) == (429, "RATE_LIMITED")
    now[0] += timedelta(minutes=1)
    assert (await operator.get("/workspaces")).status_code == 200


async def key_of(gateway: Gateway, organization_id: str, anonymous: Rest) -> Rest:
    created = await gateway.api_keys.create(TenantScope(organization_id), name="Backend")
    return anonymous.signed_in(created.token.plain)


async def test_a_key_ends_when_it_expires_or_is_deleted(slow: tuple[Gateway, Rest], now: list[datetime]) -> None:
    gateway, anonymous = slow
    organization = await gateway.organizations.create(name="A", slug="a")
    operator = anonymous.as_operator(organization.id)
    soon = to_wire(now[0] + timedelta(hours=1))
    answer = (await operator.post("/api-keys", {"name": "A", "expiresAt": soon})).json()
    api = anonymous.signed_in(answer["plainKey"])
    assert (await api.get("/workspaces")).status_code == 200
    now[0] += timedelta(hours=1)
    assert failure(await api.get("/workspaces")) == (401, "UNAUTHORIZED")
    answer = (await operator.post("/api-keys", {"name": "B"})).json()
    api = anonymous.signed_in(answer["plainKey"])
    assert failure(await api.delete(f"/api-keys/{answer['apiKey']['id']}")) == (403, "FORBIDDEN")
    assert (await operator.delete(f"/api-keys/{answer['apiKey']['id']}")).status_code == 200
    assert failure(await api.get("/workspaces")) == (401, "UNAUTHORIZED")


async def test_a_failure_of_ours_tells_nothing(anonymous: Rest, api: Rest, gateway: Gateway) -> None:
    async with gateway.database.connection() as connection:
        await connection.exec_driver_sql("alter table workspaces rename to elsewhere")
    answer = await api.get("/workspaces")
    assert failure(answer) == (500, "INTERNAL_ERROR")
    assert answer.json() == {"error": "the gateway failed on this request", "code": "INTERNAL_ERROR"}
