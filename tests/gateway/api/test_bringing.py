"""Claims about taking up remote MCP servers over REST: what is found, what is kept, what is refused and why."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.settings import Settings
from gateway.wiring import Gateway
from tests.parts.asgi import serving_app
from tests.parts.rest import Rest, failure, new_organization
from tests.parts.talking import serving as serving_mcp
from tests.support.everything.server import create_app as everything

NAME = "custom-remote"
CALLBACK = f"http://127.0.0.1:8080/connect/callback/{NAME}"


@dataclass
class Odd:
    """A server that lets nobody in, and says of its sign-in what a test wants it to say."""

    url: str = ""
    resource: dict[str, Any] | None = field(default_factory=dict[str, Any])
    metadata: dict[str, Any] | None = field(default_factory=dict[str, Any])
    registered: dict[str, Any] = field(default_factory=dict[str, Any])
    registering: int = 201
    registrations: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    async def mcp(self, _request: Request) -> Response:
        return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})

    async def about_resource(self, _request: Request) -> Response:
        if self.resource is None:
            return Response(status_code=404)
        return JSONResponse({"resource": f"{self.url}mcp", "authorization_servers": [self.url], **self.resource})

    async def about_server(self, _request: Request) -> Response:
        if self.metadata is None:
            return Response(status_code=404)
        usual = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}authorize",
            "token_endpoint": f"{self.url}token",
            "registration_endpoint": f"{self.url}register",
            "code_challenge_methods_supported": ["S256"],
        }
        said = {**usual, **self.metadata}
        return JSONResponse({name: value for name, value in said.items() if value is not None})

    async def register(self, request: Request) -> Response:
        self.registrations.append(await request.json())
        usual = {"client_id": f"client-{len(self.registrations)}", "client_secret": "s3cret-of-theirs"}
        return JSONResponse({**usual, **self.registered}, status_code=self.registering)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"egress_allow": ("127.0.0.1",)})


@pytest.fixture
async def odd() -> AsyncIterator[Odd]:
    server = Odd()
    routes = [
        Route("/mcp", server.mcp, methods=["POST"]),
        Route("/.well-known/oauth-protected-resource/mcp", server.about_resource),
        Route("/.well-known/oauth-authorization-server", server.about_server),
        Route("/register", server.register, methods=["POST"]),
    ]
    async with serving_app(Starlette(routes=routes)) as url:
        server.url = url
        yield server


async def bring(api: Rest, address: str, **fields: Any) -> Any:
    return await api.post("/integrations/mcp", {"name": NAME, "url": address, **fields})


@pytest.mark.filterwarnings("ignore::mcp.shared.exceptions.MCPDeprecationWarning")
async def test_a_server_that_answers_strangers_has_its_tools_listed_at_once(api: Rest) -> None:
    async with serving_mcp(everything()) as url:
        brought = await bring(api, url, title="Everything")
    assert brought.status_code == 200, brought.text
    assert brought.json()["auth"] == "none"
    assert "test_simple_text" in brought.json()["tools"]
    assert "test_simple_text" in brought.json()["integration"]["actions"]


async def test_a_preview_keeps_nothing_and_registers_nowhere(api: Rest, odd: Odd) -> None:
    shown = await bring(api, f"{odd.url}mcp", preview=True)
    assert shown.status_code == 200, shown.text
    assert (shown.json()["registered"], shown.json()["callbackUrl"]) == ("dynamic", CALLBACK)
    assert odd.registrations == []
    assert failure(await api.get(f"/integrations/{NAME}"))[0] == 404


async def test_a_registration_says_who_we_are_and_is_kept_with_its_secret_sealed(api: Rest, odd: Odd) -> None:
    brought = await bring(api, f"{odd.url}mcp")
    assert brought.json()["registered"] == "dynamic"
    [said] = odd.registrations
    assert said["redirect_uris"] == [CALLBACK]
    assert said["token_endpoint_auth_method"] == "client_secret_basic"
    [app] = (await api.get("/oauth-apps")).json()["oauthApps"]
    assert (app["clientId"], app["hasClientSecret"]) == ("client-1", True)
    assert "s3cret-of-theirs" not in brought.text


async def test_the_same_server_again_is_not_registered_at_again_unless_that_is_asked_for(api: Rest, odd: Odd) -> None:
    for anew in (False, False, True):
        assert (await bring(api, f"{odd.url}mcp", registerAnew=anew)).json()["registered"] == "dynamic"
    assert len(odd.registrations) == 2
    [app] = (await api.get("/oauth-apps")).json()["oauthApps"]
    assert app["clientId"] == "client-2"


@pytest.mark.parametrize(
    ("supported", "chosen"),
    [
        (["none"], "none"),
        (["none", "client_secret_basic"], "client_secret_basic"),
        (["client_secret_basic", "client_secret_post"], "client_secret_post"),
        (None, "client_secret_basic"),
    ],
)
async def test_we_authenticate_in_a_way_that_the_server_knows(
    api: Rest, odd: Odd, supported: list[str] | None, chosen: str
) -> None:
    odd.metadata = {"token_endpoint_auth_methods_supported": supported}
    assert (await bring(api, f"{odd.url}mcp")).status_code == 200
    assert odd.registrations[0]["token_endpoint_auth_method"] == chosen


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "describes no OAuth": ({"resource": None, "metadata": None}, "describes no OAuth"),
    "no PKCE": ({"metadata": {"code_challenge_methods_supported": None}}, "PKCE"),
    "about another resource": ({"resource": {"resource": "https://evil.example.com/mcp"}}, "RFC 9728"),
    "of another issuer": ({"metadata": {"issuer": "https://evil.example.com"}}, "RFC 8414"),
    "registers nobody": ({"registering": 403, "registered": {"client_id": None}}, "refuses to register"),
    "registers other addresses": ({"registered": {"redirect_uris": ["https://evil.example.com"]}}, "other redirect"),
    "wants keys": ({"metadata": {"token_endpoint_auth_methods_supported": ["private_key_jwt"]}}, "private_key_jwt"),
    "gives no id that can be sent": ({"registered": {"client_id": "a\nb"}}, "refuses to register"),
    "leads into our network": ({"resource": {"authorization_servers": ["https://10.0.0.1"]}}, "10.0.0.1"),
}


@pytest.mark.parametrize(("changes", "why"), REFUSALS.values(), ids=REFUSALS.keys())
async def test_what_can_not_be_used_is_refused_with_the_reason_and_nothing_is_kept(
    api: Rest, odd: Odd, changes: dict[str, Any], why: str
) -> None:
    for name, value in changes.items():
        setattr(odd, name, value)
    refused = await bring(api, f"{odd.url}mcp")
    assert failure(refused) == (400, "VALIDATION_ERROR")
    assert why in refused.json()["error"], refused.text
    assert failure(await api.get(f"/integrations/{NAME}"))[0] == 404
    assert (await api.get("/oauth-apps")).json()["total"] == 0


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/mcp", "can't be asked"),
        ("http://10.0.0.1/mcp", "10.0.0.1"),
        ("ftp://mcp.example.com/", "not an absolute http"),
        ("https://user:secret@mcp.example.com/", "user name or password"),
        ("mcp.example.com", "not an absolute http"),
    ],
)
async def test_an_address_where_no_server_can_be_asked_is_refused(api: Rest, url: str, why: str) -> None:
    refused = await bring(api, url)
    assert failure(refused) == (400, "VALIDATION_ERROR")
    assert why in refused.json()["error"], refused.text
    assert "secret@" not in refused.text


async def test_where_nobody_registers_us_the_answer_says_what_to_do_by_hand(api: Rest, odd: Odd) -> None:
    odd.metadata = {"registration_endpoint": None}
    brought = (await bring(api, f"{odd.url}mcp")).json()
    assert brought["registered"] == "by_hand"
    assert CALLBACK in brought["findings"][0]
    app = {"integrationName": NAME, "name": "By hand", "clientId": "made-by-hand"}
    assert (await api.post("/oauth-apps", app)).status_code == 201
    workspace = await api.made("/workspaces", {"name": "Shop", "slug": "shop"})
    session = {"integrationName": NAME, "connectionName": "x", "externalId": "x", "workspaceId": workspace["id"]}
    assert (await api.post("/connect/token", session)).status_code == 200


async def test_an_app_that_was_made_by_hand_is_not_shown_to_another_authorization_server(api: Rest, odd: Odd) -> None:
    odd.metadata = {"registration_endpoint": None}
    await bring(api, f"{odd.url}mcp")
    app = {"integrationName": NAME, "name": "By hand", "clientId": "made-by-hand", "clientSecret": "s3cret"}
    await api.post("/oauth-apps", app)
    other = Odd(metadata={"registration_endpoint": None})
    async with serving_app(Starlette(routes=[Route("/.well-known/{rest:path}", other.about_server)])) as elsewhere:
        other.url = elsewhere
        odd.resource = {"authorization_servers": [elsewhere]}
        refused = await bring(api, f"{odd.url}mcp")
        assert "has moved" in refused.json()["error"], refused.text
        given = {"oauth": {"clientId": "made-there"}}
        assert (await bring(api, f"{odd.url}mcp", auth=given)).json()["registered"] == "given"


async def test_a_key_goes_where_the_request_says(api: Rest, odd: Odd, gateway: Gateway) -> None:
    brought = await bring(api, f"{odd.url}mcp", auth={"apiKey": {"header": "X-Api-Key", "prefix": "Key "}})
    assert brought.json()["auth"] == "api_key"
    async with gateway.database.read() as tx:
        [row] = await tx.own_integrations.everybodys()
    assert row.manifest["auth"][0]["send"]["headers"] == {"X-Api-Key": "Key {secret_text}"}


@pytest.mark.parametrize("prefix", ["{access_token} ", "a\r\nB: c"])
async def test_a_prefix_that_would_be_more_than_words_is_refused(api: Rest, odd: Odd, prefix: str) -> None:
    refused = await bring(api, f"{odd.url}mcp", auth={"apiKey": {"prefix": prefix}})
    assert refused.status_code == 400, refused.text


async def test_a_server_that_wants_a_credential_is_not_taken_for_an_open_one(api: Rest, odd: Odd) -> None:
    assert "can't be `none`" in (await bring(api, f"{odd.url}mcp", auth="none")).json()["error"]


async def test_an_integration_of_another_kind_keeps_its_name(api: Rest, odd: Odd) -> None:
    manifest = {"name": NAME, "title": "Other", "api": {"base_url": "https://crm.example.com/"}}
    assert (await api.post("/integrations", {"manifest": manifest})).status_code == 201
    assert failure(await bring(api, f"{odd.url}mcp"))[0] == 409


async def test_the_name_begins_as_that_of_every_integration_of_ones_own(api: Rest, odd: Odd) -> None:
    for name in ("slack", "remote", "custom-"):
        assert failure(await bring(api, f"{odd.url}mcp", name=name))[0] == 400
    assert odd.registrations == []


async def test_another_organization_has_its_own_server_under_the_same_name(
    api: Rest, anonymous: Rest, odd: Odd
) -> None:
    _, theirs = await new_organization(anonymous, "theirs")
    assert (await bring(api, f"{odd.url}mcp")).status_code == 200
    assert failure(await theirs.get(f"/integrations/{NAME}"))[0] == 404
    assert (await bring(theirs, f"{odd.url}mcp")).status_code == 200
    assert [(await each.get("/oauth-apps")).json()["total"] for each in (api, theirs)] == [1, 1]


async def test_the_document_says_who_we_are_whether_or_not_anybody_has_the_integration(anonymous: Rest) -> None:
    answer = await anonymous.client.get("/connect/clients/custom-anything")
    assert answer.json()["client_id"] == "http://127.0.0.1:8080/connect/clients/custom-anything"
    assert answer.json()["redirect_uris"] == ["http://127.0.0.1:8080/connect/callback/custom-anything"]
    assert (await anonymous.client.get("/connect/clients/slack")).status_code == 404


async def test_what_was_registered_by_itself_goes_with_its_integration(api: Rest, odd: Odd) -> None:
    await bring(api, f"{odd.url}mcp")
    assert NAME in (await api.get("/integrations/oauth-status")).json()["configured"]
    assert (await api.delete(f"/integrations/{NAME}")).status_code == 200
    assert (await api.get("/oauth-apps")).json()["total"] == 0
    assert NAME not in (await api.get("/integrations/oauth-status")).json()["configured"]


async def test_an_app_that_somebody_made_stays_until_somebody_removes_it(api: Rest, odd: Odd) -> None:
    await bring(api, f"{odd.url}mcp")
    await api.post("/oauth-apps", {"integrationName": NAME, "name": "By hand", "clientId": "made-by-hand"})
    refused = await api.delete(f"/integrations/{NAME}")
    assert (failure(refused)[0], refused.json()["details"]["oauthApps"]) == (409, 1)


async def test_nothing_is_left_to_do_once_it_was_done_by_hand(api: Rest, odd: Odd) -> None:
    odd.metadata = {"registration_endpoint": None}
    assert (await bring(api, f"{odd.url}mcp", preview=True)).json()["findings"] != []
    await bring(api, f"{odd.url}mcp")
    await api.post("/oauth-apps", {"integrationName": NAME, "name": "By hand", "clientId": "made-by-hand"})
    assert (await bring(api, f"{odd.url}mcp")).json()["findings"] == []
