from dataclasses import dataclass

import httpx2
import pytest

from gateway.acme import ALICE, BASE_URL, MANIFEST, Acme, RunningAcme
from gateway.acme.grants import SCOPES
from integrations.accounts import identify
from integrations.action import ActionResult, Ports
from integrations.catalog import Catalog
from integrations.checking import check
from integrations.failures import CredentialsRejected, NotFound, PermissionMissing
from integrations.integration import Integration
from integrations.options import lookup_options
from integrations.ports import Credentials, HttpRequest, HttpResponse, Json

BY_KEY = Credentials("api_key", {"secret_text": ALICE.api_key})
BY_PASSWORD = Credentials("basic", {"username": ALICE.id, "password": ALICE.password})


@dataclass
class Redirected:
    """An `Http` that leads Acme's fixed name to the loopback port, as the gateway's settings do."""

    http: httpx2.AsyncClient
    url: str

    async def send(self, request: HttpRequest) -> HttpResponse:
        assert request.url.startswith(BASE_URL)
        url = self.url + request.url.removeprefix(BASE_URL)
        answer = await self.http.request(
            request.method, url, headers=dict(request.headers), content=request.body or b""
        )
        return HttpResponse(answer.status_code, dict(answer.headers), answer.content)


@dataclass
class User:
    """Runs actions of the manifest against the running Acme."""

    integration: Integration
    ports: Ports
    acme: Acme

    async def run(self, action: str, credentials: Credentials = BY_KEY, **arguments: Json) -> ActionResult:
        return await self.integration.actions[action].run(arguments, credentials, self.ports)

    def token(self, person: str, *, scope: list[str] | None = None) -> Credentials:
        return Credentials("oauth2", {**self.acme.issue_token(person, scope=scope or SCOPES)})


@pytest.fixture
def user(running: RunningAcme, http: httpx2.AsyncClient) -> User:
    integration = Catalog(None, further=[MANIFEST]).get("acme")
    return User(integration, Ports(http=Redirected(http, running.url)), running.app)


def test_the_manifest_has_no_faults() -> None:
    assert check([MANIFEST]) == []


def test_the_scopes_of_the_manifest_exist() -> None:
    actions = Catalog(None, further=[MANIFEST]).get("acme").actions.values()
    assert {scope for action in actions for scope in action.scopes["oauth2"]} == set(SCOPES)


async def test_every_auth_method_names_the_account(user: User) -> None:
    for credentials in (BY_KEY, BY_PASSWORD, user.token("alice")):
        account = await identify(user.integration, credentials, user.ports)
        assert account is not None
        assert (account.id, account.label) == ("alice", "alice@acme.example")


async def test_a_note_lives_from_creation_to_deletion(user: User) -> None:
    alice, bob = user.token("alice"), user.token("bob")
    note = (await user.run("create_note", alice, title="Hello", text="World", project="prj_gemini")).output
    assert note["author"]["id"] == "alice"
    assert (await user.run("get_note", bob, id=note["id"])).output == note
    assert (await user.run("list_notes", bob, author="alice")).output["items"] == [note]
    with pytest.raises(PermissionMissing, match="Only its author"):
        await user.run("delete_note", bob, id=note["id"])
    await user.run("delete_note", alice, id=note["id"])
    with pytest.raises(NotFound, match="no such note"):
        await user.run("get_note", alice, id=note["id"])


async def test_lists_go_on_where_they_ended(user: User) -> None:
    for number in range(5):
        await user.run("create_note", title=f"Note {number}")
    first = (await user.run("list_notes", max_items=3)).output
    rest = (await user.run("list_notes", cursor=first["next_cursor"])).output
    titles = [note["title"] for note in [*first["items"], *rest["items"]]]
    assert titles == [f"Note {number}" for number in reversed(range(5))]
    assert "next_cursor" not in rest


async def test_an_idempotency_key_reaches_acme(user: User) -> None:
    for _ in range(2):
        await user.run("create_note", title="Once", idempotency_key="k")
    assert user.acme.counters.idempotent_replays == 1


async def test_a_missing_scope_is_named(user: User) -> None:
    with pytest.raises(PermissionMissing) as caught:
        await user.run("create_note", user.token("alice", scope=["notes.read"]), title="T")
    assert caught.value.needed == ("notes.write",)


async def test_a_revoked_token_asks_for_reconnection(user: User) -> None:
    credentials = user.token("alice")
    user.acme.revoke_tokens("alice")
    with pytest.raises(CredentialsRejected):
        await user.run("whoami", credentials)


async def test_a_picture_comes_as_an_attachment(user: User) -> None:
    (picture,) = (await user.run("get_picture", id="logo")).attachments
    assert picture.mime_type == "image/png"
    assert picture.content.startswith(b"\x89PNG")


async def test_projects_are_offered_as_options(user: User) -> None:
    assert user.integration.actions["create_note"].lookups == {"project": "list_projects"}
    lookup = user.integration.option_lookup("list_projects")
    options = await lookup_options(lookup, {}, credentials=BY_KEY, ports=user.ports)
    assert ("Apollo", "prj_apollo") in options
