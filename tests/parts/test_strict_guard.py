import httpx2
import pytest

from tests.parts.emulator_seed import APPS, REDIRECT_URI, Person, Service
from tests.parts.emulators import Emulators
from tests.parts.strict_guard import Fault

WHO_AM_I: dict[Service, str] = {"slack": "/api/auth.test", "github": "/user", "google": "/oauth2/v2/userinfo"}
NAME_FIELD: dict[Service, str] = {"slack": "user", "github": "login", "google": "email"}
SERVICES: list[Service] = ["slack", "github", "google"]
PEOPLE: list[Person] = ["alice", "bob"]


async def who_am_i(emulators: Emulators, service: Service, token: str | None) -> httpx2.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(base_url=emulators.url[service], trust_env=False) as client:
        method = "POST" if service == "slack" else "GET"
        return await client.request(method, WHO_AM_I[service], headers=headers)


async def post(emulators: Emulators, service: Service, path: str, **form: str) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=emulators.url[service], trust_env=False) as client:
        return await client.post(path, data=form, headers={"Accept": "application/json"})


def is_refused(service: Service, answer: httpx2.Response, *, slack_error: str) -> bool:
    if service == "slack":
        return answer.status_code == 200 and answer.json() == {"ok": False, "error": slack_error}
    return answer.status_code == 401 and "message" in str(answer.json())


@pytest.mark.parametrize("service", SERVICES)
async def test_a_token_that_nobody_issued_is_refused(emulators: Emulators, service: Service) -> None:
    assert is_refused(service, await who_am_i(emulators, service, "nope"), slack_error="invalid_auth")
    assert is_refused(service, await who_am_i(emulators, service, None), slack_error="not_authed")


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("service", SERVICES)
async def test_an_issued_token_works_for_its_person(emulators: Emulators, service: Service, person: Person) -> None:
    answer = await who_am_i(emulators, service, await emulators.access_token(service, person))

    assert answer.json()[NAME_FIELD[service]].startswith(person)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_revoked_token_is_refused_and_others_go_on(emulators: Emulators, service: Service) -> None:
    alice, bob = [await emulators.access_token(service, person) for person in PEOPLE]
    emulators.revoke(alice)

    assert is_refused(service, await who_am_i(emulators, service, alice), slack_error="token_revoked")
    assert (await who_am_i(emulators, service, bob)).json()[NAME_FIELD[service]].startswith("bob")


@pytest.mark.parametrize("service", SERVICES)
async def test_an_expired_token_is_refused(emulators: Emulators, service: Service) -> None:
    token = await emulators.access_token(service, "alice")
    emulators.expire(service, token)

    assert is_refused(service, await who_am_i(emulators, service, token), slack_error="token_expired")


async def test_a_refresh_token_gives_a_new_access_token_until_its_grant_is_revoked(emulators: Emulators) -> None:
    answer = await emulators.issue_token("google", "alice")
    app = APPS["google"]
    credentials = {"client_id": app.client_id, "client_secret": app.client_secret}
    renewal = {"grant_type": "refresh_token", "refresh_token": answer["refresh_token"], **credentials}
    renewed = (await post(emulators, "google", "/oauth2/token", **renewal)).json()
    assert (await who_am_i(emulators, "google", renewed["access_token"])).json()["email"] == "alice@example.com"

    emulators.revoke(answer["refresh_token"])

    refused = await post(emulators, "google", "/oauth2/token", **renewal)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert (await who_am_i(emulators, "google", renewed["access_token"])).status_code == 401


async def test_everyone_in_a_slack_team_gets_the_same_bot_token(emulators: Emulators) -> None:
    first = await emulators.issue_token("slack", "alice")
    second = await emulators.issue_token("slack", "bob")

    assert first["access_token"] == second["access_token"]
    assert first["authed_user"]["access_token"] != second["authed_user"]["access_token"]
    assert (await who_am_i(emulators, "slack", first["access_token"])).json()["user"] == "toolgate"


async def test_asking_for_user_scopes_only_installs_no_slack_bot(emulators: Emulators) -> None:
    answer = await emulators.issue_token("slack", "alice", ask={"scope": ""})

    assert answer["authed_user"]["access_token"]
    assert "access_token" not in answer


async def test_a_refresh_token_comes_only_with_offline_access(emulators: Emulators) -> None:
    assert "refresh_token" not in await emulators.issue_token("google", "alice", ask={"access_type": "online"})


@pytest.mark.parametrize("service", SERVICES)
async def test_a_code_without_the_verifier_of_its_challenge_gives_no_token(
    emulators: Emulators, service: Service
) -> None:
    challenge = {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method": "S256"}

    assert "access_token" not in await emulators.issue_token(service, "alice", ask=challenge)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_call_too_many_is_told_when_to_come_back(emulators: Emulators, service: Service) -> None:
    token = await emulators.access_token(service, "alice")
    emulators.inject(service, Fault(status=429, retry_after_seconds=7, path=WHO_AM_I[service]))

    limited = await who_am_i(emulators, service, token)

    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert (await who_am_i(emulators, service, token)).status_code == 200


async def test_an_injected_failure_reaches_its_path_only_and_as_often_as_said(emulators: Emulators) -> None:
    token = await emulators.access_token("github", "alice")
    emulators.inject("github", Fault(status=503, path="/user", times=2))

    assert (await post(emulators, "github", "/login/oauth/access_token", code="nope")).status_code == 200
    assert [(await who_am_i(emulators, "github", token)).status_code for _ in range(3)] == [503, 503, 200]


async def test_an_unregistered_redirect_uri_gets_no_consent_page(emulators: Emulators) -> None:
    async with httpx2.AsyncClient(base_url=emulators.url["github"], trust_env=False) as client:
        params = {"client_id": APPS["github"].client_id, "redirect_uri": f"{REDIRECT_URI}/elsewhere"}
        page = await client.get("/login/oauth/authorize", params=params)

    assert page.status_code == 400


async def test_what_a_person_does_is_found_in_the_providers_own_state(fresh_emulators: Emulators) -> None:
    token = await fresh_emulators.access_token("slack", "bob")
    channel = await fresh_emulators.slack_channel_id("random")
    async with httpx2.AsyncClient(base_url=fresh_emulators.url["slack"], trust_env=False) as client:
        headers = {"Authorization": f"Bearer {token}"}
        await client.post("/api/chat.postMessage", headers=headers, data={"channel": channel, "text": "hello"})
    token = await fresh_emulators.access_token("github", "alice")
    async with httpx2.AsyncClient(base_url=fresh_emulators.url["github"], trust_env=False) as client:
        headers = {"Authorization": f"Bearer {token}"}
        await client.post("/repos/acme/shared/issues", headers=headers, json={"title": "A bug"})

    assert [(item.author, item.text) for item in await fresh_emulators.slack_messages("random")] == [("bob", "hello")]
    assert [(item.author, item.title) for item in await fresh_emulators.github_issues()] == [("alice", "A bug")]
    assert {item.subject for item in await fresh_emulators.gmail_messages("bob")} == {
        "Invoices for bob",
        "Lunch for bob",
    }
