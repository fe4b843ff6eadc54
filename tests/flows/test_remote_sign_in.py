"""Claims about accounts at a protected remote MCP server: renewed, revoked, kept apart, and given up when it changes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.shared.exceptions import MCPDeprecationWarning
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from tests.flows.product import Product, open_product
from tests.gateway.portal.visiting import Page, Person
from tests.parts.clock import Time
from tests.parts.ports import free_port
from tests.parts.rest import Rest
from tests.parts.served import Served, serving
from tests.parts.talking import serving as serving_mcp
from tests.support.everything.server import create_app as create_everything
from tests.support.protected_mcp import PEOPLE, READ, WRITE, Notebooks, create_app

NAME = "custom-notes"


@dataclass
class Scene:
    """A workspace with a remote server, and the people who have notebooks there."""

    product: Product
    served: Served
    books: Notebooks
    time: Time
    browsers: AsyncExitStack

    async def bring(self, **fields: Any) -> dict[str, Any]:
        """Take the remote server up, or find out about it anew."""
        answer = await self.asked_to_bring(**fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def asked_to_bring(self, **fields: Any) -> httpx2.Response:
        body = {"name": NAME, "title": "Notebooks", "url": f"{self.books.url}/mcp", **fields}
        return await self.product.rest.post("/integrations/mcp", body)

    async def look(self, person: str) -> Page:
        """Read the page at which this person would connect."""
        client = await self.browsers.enter_async_context(httpx2.AsyncClient(trust_env=False))
        return await Person(client, self.served.url).open(await self.product.connect_link(person, NAME))

    async def begin(self, person: str) -> tuple[Person, Page]:
        """Go as far as the page at which the server asks who it is."""
        client = await self.browsers.enter_async_context(httpx2.AsyncClient(trust_env=False))
        browser = Person(client, self.served.url)
        return browser, await browser.begin(await self.product.connect_link(person, NAME))

    async def connect(self, person: str, account: str | None = None) -> Page:
        """Connect an account, and have the tools listed."""
        browser, page = await self.begin(person)
        done = await browser.send(page.forms[0], person=account or person)
        await self.execute("connect", person)
        return done

    async def execute(self, action: str, person: str, **inputs: Any) -> Any:
        return (await self.product.execute(NAME, action, person, **inputs)).json()

    async def whoami(self, person: str) -> Any:
        """Whose notebook this person's calls reach, or the code of the refusal."""
        answer = await self.execute("whoami", person)
        return answer["output"]["result"] if "output" in answer else answer["code"]

    @asynccontextmanager
    async def listening(self, person: str) -> AsyncGenerator[None]:
        """Hold a stream of changes open for this person, of which the block begins when it is acknowledged."""
        server = await self.product.server()
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        params = {"notifications": {"promptsListChanged": True}, "_meta": meta}
        body = {"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": params}
        headers = {
            "Authorization": f"Bearer {await self.product.token(server, person)}",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "subscriptions/listen",
            "Accept": "application/json, text/event-stream",
        }
        async with (
            httpx2.AsyncClient(timeout=30, trust_env=False) as client,
            client.stream("POST", server.endpoint, json=body, headers=headers) as answer,
        ):
            lines = answer.aiter_lines()
            while not (line := await anext(lines)).startswith("data:"):
                pass
            assert '"promptsListChanged":true' in line.replace(" ", "")
            yield

    async def connections(self, person: str) -> list[dict[str, Any]]:
        found = await self.product.rest.get(f"/end-users/{(await self.product.end_user(person))['id']}")
        return found.json()["connections"]

    async def error_of(self, person: str) -> str:
        """Why an account no longer works."""
        found = await self.product.rest.get("/connections", workspaceId=self.product.workspace_id, endUserId=person)
        [connection] = found.json()["connections"]
        return connection["lastError"]

    async def apps(self) -> list[dict[str, Any]]:
        return (await self.product.rest.get("/oauth-apps")).json()["oauthApps"]


@asynccontextmanager
async def remote(books: Notebooks) -> AsyncGenerator[None]:
    """Serve the notebooks, and the sign-in where that is elsewhere."""
    async with AsyncExitStack() as stack:
        for place in {books.url, books.issuer or books.url}:
            port = int(place.rpartition(":")[2])
            await stack.enter_async_context(serving_mcp(create_app(books), port=port))
        yield


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Scene]:
    """A workspace; the server is not up yet."""
    time, books = Time(), Notebooks(f"http://127.0.0.1:{free_port()}")
    async with AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(tmp_path, clock=time, egress_allow=("127.0.0.1",)))
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=served.url, timeout=30, trust_env=False))
        yield Scene(await open_product(Rest(client)), served, books, time, stack)


@pytest.fixture
async def scene(empty: Scene) -> AsyncIterator[Scene]:
    """A workspace with the remote server in it."""
    async with remote(empty.books):
        await empty.bring()
        await empty.product.add(NAME)
        yield empty


async def test_a_page_promises_nothing_before_anybody_knows_what_the_server_can_do(scene: Scene) -> None:
    assert "What assistants can do" not in (await scene.look("alice")).text
    await scene.connect("alice")
    assert "What assistants can do" in (await scene.look("bob")).text


async def test_nobodys_account_reaches_anybody_elses_notebook(scene: Scene) -> None:
    await scene.connect("alice")
    assert await scene.whoami("bob") == "CONNECTION_REQUIRED"
    await scene.connect("bob")
    assert [await scene.whoami(person) for person in PEOPLE] == ["alice", "bob"]


async def test_tokens_are_for_this_server_alone_and_asked_with_proof(scene: Scene) -> None:
    await scene.connect("alice")
    [token] = scene.books.access.values()
    assert token.resource == f"{scene.books.url}/mcp"
    assert token.scopes == [READ]


async def test_an_expired_token_is_renewed_ahead_and_a_refused_one_at_once(scene: Scene) -> None:
    await scene.connect("alice")
    [first] = scene.books.refresh
    scene.time.passed += timedelta(hours=2)
    assert await scene.whoami("alice") == "alice"
    [second] = scene.books.refresh
    scene.books.expire()
    assert await scene.whoami("alice") == "alice"
    [third] = scene.books.refresh
    assert len({first, second, third}) == 3


async def test_a_server_is_followed_with_a_renewed_token_where_it_refuses_the_one_that_we_have(scene: Scene) -> None:
    await scene.connect("alice")
    [first] = scene.books.refresh
    scene.books.expire()
    async with scene.listening("alice"):
        [second] = scene.books.refresh
        [token] = scene.books.access.values()
    assert second != first
    assert token.subject == "alice"
    assert await scene.whoami("alice") == "alice"
    assert list(scene.books.refresh) == [second]


async def test_a_server_that_refuses_renewed_tokens_as_well_is_not_followed_until_the_person_connects_again(
    scene: Scene,
) -> None:
    class Forgetful(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            del key, value

    await scene.connect("alice")
    [first] = scene.books.refresh
    scene.books.access = Forgetful()
    async with scene.listening("alice"):
        [second] = scene.books.refresh
        assert second != first
        assert "does not accept" in await scene.error_of("alice")
    assert list(scene.books.refresh) == [second]


async def test_deleting_a_connection_revokes_the_grant(scene: Scene) -> None:
    await scene.connect("alice")
    [connection] = await scene.connections("alice")
    assert (await scene.product.rest.delete(f"/connections/{connection['id']}")).status_code == 200
    while await scene.served.gateway.revoking.revoker.send_due() == 0 and not scene.books.revoked:
        pass
    assert scene.books.revoked == ["alice"]


async def test_a_scope_that_a_call_turns_out_to_need_is_asked_for_at_the_next_connect(scene: Scene) -> None:
    await scene.connect("alice")
    refused = await scene.execute("add_note", "alice", text="one")
    assert refused["code"] == "CONNECTION_REQUIRED", refused
    assert WRITE in refused["details"]["missingScopes"]
    assert WRITE in (await scene.look("alice")).text
    scene.books.expire()
    assert await scene.whoami("alice") == "alice"
    await scene.connect("alice")
    assert "output" in await scene.execute("add_note", "alice", text="two")
    assert scene.books.notes["alice"][-1] == "two"


@pytest.mark.parametrize(("says", "is_told"), [("right", True), ("wrong", False), (None, False)])
async def test_an_answer_counts_only_with_the_issuer_that_the_server_promised(
    empty: Scene, says: str | None, is_told: bool
) -> None:
    books = empty.books
    books.metadata = {"issuer": books.url, "authorization_response_iss_parameter_supported": True}
    books.says_iss = books.url if says == "right" else None if says is None else "https://evil.example.com"
    async with remote(books):
        await empty.bring()
        await empty.product.add(NAME)
        page = await empty.connect("alice")
    assert ("is connected" in page.text) is is_told, page.text
    assert bool(books.access) is is_told


async def test_a_wrong_issuer_is_refused_even_where_none_was_promised(scene: Scene) -> None:
    scene.books.says_iss = "https://evil.example.com"
    page = await scene.connect("alice")
    assert "did not come from Notebooks" in page.text
    assert not scene.books.access


async def test_accounts_end_when_the_authorization_server_has_moved_and_nothing_of_theirs_goes_there(
    empty: Scene,
) -> None:
    async with remote(empty.books):
        await empty.bring()
        await empty.product.add(NAME)
        await empty.connect("alice")
        browser, begun = await empty.begin("bob")
        before = empty.books
    moved = Notebooks(before.url, issuer=f"http://127.0.0.1:{free_port()}")
    empty.books = moved
    async with remote(moved):
        brought = await empty.bring()
        assert brought["authorizationServer"] == moved.issuer
        assert [each["status"] for each in await empty.connections("alice")] == ["ERROR"]
        assert "has moved to another authorization server" in await empty.error_of("alice")
        [app] = await empty.apps()
        assert app["clientId"] in moved.clients
        assert await empty.whoami("alice") == "CONNECTION_REQUIRED"
        late = before.approved(begun.forms[0].fields["request"], "bob")
        assert "has moved meanwhile" in (await browser.open(late)).text
        await empty.connect("alice")
        assert await empty.whoami("alice") == "alice"


async def test_an_app_that_a_workspace_has_chosen_is_shown_to_no_server_that_has_taken_the_place_of_its_own(
    empty: Scene,
) -> None:
    async with remote(empty.books):
        await empty.bring()
        app = {"integrationName": NAME, "name": "ours", "clientId": "c", "clientSecret": "for-the-old-one"}
        chosen = await empty.product.rest.made("/oauth-apps", app)
        used = await empty.product.add(NAME, oauthAppMode="custom", oauthAppId=chosen["id"])
        before = empty.books
    empty.books = Notebooks(before.url, issuer=f"http://127.0.0.1:{free_port()}")
    async with remote(empty.books):
        refused = await empty.asked_to_bring()
        assert refused.status_code == 409, refused.text
        assert chosen["id"] in refused.json()["error"]
        await empty.product.change(used, oauthAppMode=None, oauthAppId=None)
        assert (await empty.bring())["authorizationServer"] == empty.books.issuer


async def test_a_client_whose_secret_has_ended_is_registered_anew_before_anybody_is_sent_there(empty: Scene) -> None:
    empty.books.secret_seconds = 3600
    async with remote(empty.books):
        await empty.bring()
        await empty.product.add(NAME)
        await empty.connect("alice")
        [first] = await empty.apps()
        empty.time.passed += timedelta(hours=2)
        await empty.begin("bob")
        assert "registered there again" in await empty.error_of("alice")
        [second] = await empty.apps()
    assert first["clientId"] != second["clientId"]


async def test_a_server_that_forgot_us_is_registered_at_again_and_people_connect_again(scene: Scene) -> None:
    await scene.connect("alice")
    scene.books.forget_clients()
    assert await scene.whoami("alice") == "INTEGRATION_UNAVAILABLE"
    assert not scene.books.clients
    scene.time.passed += timedelta(hours=2)
    assert await scene.whoami("alice") == "CONNECTION_REQUIRED"
    assert "registered there again" in await scene.error_of("alice")
    [app] = await scene.apps()
    assert [app["clientId"]] == list(scene.books.clients)
    await scene.connect("alice")
    assert await scene.whoami("alice") == "alice"


async def test_a_grant_that_is_still_to_be_revoked_is_shown_to_no_other_authorization_server(empty: Scene) -> None:
    async with remote(empty.books):
        await empty.bring()
        await empty.product.add(NAME)
        await empty.connect("alice")
    [connection] = await empty.connections("alice")
    assert (await empty.product.rest.delete(f"/connections/{connection['id']}")).status_code == 200
    empty.books = Notebooks(empty.books.url, issuer=f"http://127.0.0.1:{free_port()}")
    async with remote(empty.books):
        await empty.bring()
        empty.time.passed += timedelta(days=1)
        await empty.served.gateway.revoking.revoker.send_due()
    [waiting] = (await empty.product.rest.get("/revocations")).json()["revocations"]
    assert "another authorization server" in waiting["lastError"]


async def test_at_another_address_accounts_and_approvals_count_no_longer(scene: Scene) -> None:
    await scene.connect("alice")
    other = Notebooks(f"http://127.0.0.1:{free_port()}")
    async with remote(other):
        scene.books = other
        assert (await scene.bring())["tools"] == []
        assert "has another address now" in await scene.error_of("alice")
        assert (await scene.execute("connect", "alice"))["code"] == "CONNECTION_REQUIRED"


async def test_each_person_has_a_key_where_the_server_wants_one(empty: Scene) -> None:
    heard: list[str] = []

    async def guarded(scope: AsgiScope, receive: Receive, send: Send) -> None:
        key = "" if scope["type"] != "http" else Headers(scope=scope).get("x-api-key", "")
        if scope["type"] == "http" and key not in {"Key of-alice", "Key of-bob"}:
            await Response(status_code=401)(scope, receive, send)
            return
        heard.append(key)
        await everything(scope, receive, send)

    with pytest.warns(MCPDeprecationWarning):
        everything = create_everything()
    async with serving_mcp(guarded) as url:
        brought = await empty.bring(url=url, auth={"apiKey": {"header": "X-Api-Key", "prefix": "Key "}})
        assert brought["auth"] == "api_key"
        await empty.product.add(NAME)
        for person in PEOPLE:
            key = {"type": "SECRET_TEXT", "secretText": f"of-{person}", "displayName": person, "externalId": person}
            whose = {"integrationName": NAME, "endUserId": person, "workspaceId": empty.product.workspace_id}
            assert (await empty.product.rest.post("/connections", {**key, **whose})).status_code == 201
            await empty.execute("connect", person)
            heard.clear()
            assert "output" in await empty.execute("test_simple_text", person)
            assert set(heard) == {f"Key of-{person}"}
