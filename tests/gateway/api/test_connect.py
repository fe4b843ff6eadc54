"""Links and sessions for connecting accounts, over REST (contract 1.3, 1.5)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY
from uuid import uuid4

import httpx2
import pytest
from pydantic import SecretStr

from gateway.app import create_app
from gateway.settings import IntegrationSettings, Settings
from gateway.wiring import Gateway, open_gateway
from tests.parts.clock import Time
from tests.parts.rest import Rest, failure, new_key, new_organization

PUBLIC_URL = "http://127.0.0.1:8080"
WEEK = timedelta(days=7)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def gateway(settings: Settings, time: Time) -> AsyncIterator[Gateway]:
    """A gateway with an OAuth app for Slack, and none for GitHub."""
    slack = IntegrationSettings(client_id="C1", client_secret=SecretStr("shh"))
    with_app = settings.model_copy(update={"integrations": {"slack": slack}})
    async with open_gateway(with_app, clock=time) as opened:
        yield opened


@pytest.fixture
async def workspace(api: Rest) -> dict[str, Any]:
    """A workspace with Slack of one's own, a shared GitHub, and alice."""
    made = await api.made("/workspaces", {"name": "Main", "slug": "main"})
    await add(api, "slack")
    names = {"type": "SECRET_TEXT", "externalId": "bot", "displayName": "Bot", "integrationName": "github"}
    shared = await api.made("/connections", {**names, "workspaceId": made["id"], "secretText": "ghp_bot"})
    await add(api, "github", connectionStrategy="fixed", connectionId=shared["id"])
    return made


@pytest.fixture
async def alice(api: Rest, workspace: dict[str, Any]) -> dict[str, Any]:
    return await api.made("/end-users", {"workspaceId": workspace["id"], "externalId": "alice"})


async def add(api: Rest, integration: str, **values: Any) -> dict[str, Any]:
    body = {"integrationName": integration, "connectionStrategy": "per_user", **values}
    return await api.made("/workspaces/main/integrations", body)


def link_path(end_user: dict[str, Any]) -> str:
    return f"/end-users/{end_user['id']}/connect-token"


def session(workspace: dict[str, Any], **values: Any) -> dict[str, Any]:
    names = {"integrationName": "slack", "connectionName": "Alice's Slack", "externalId": "alice-slack"}
    return {**names, "workspaceId": workspace["id"], "endUserId": "alice", **values}


@pytest.mark.promise("000-4", "001-3", "001-11")
async def test_a_link_is_made_without_any_body_and_answered_as_the_contract_says(
    api: Rest, alice: dict[str, Any]
) -> None:
    for body in (None, {}, {"integrationName": "slack"}):
        answer = await api.post(link_path(alice), body)
        assert answer.status_code == 200
        made = answer.json()
        assert made == {
            "connectUrl": f"{PUBLIC_URL}/connect/portal?token={made['token']}",
            "token": ANY,
            "expiresAt": ANY,
        }
        assert made["token"].startswith("eut_")
        assert abs(datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC) - WEEK) < timedelta(minutes=1)


async def test_a_link_lasts_from_an_hour_to_thirty_days(api: Rest, alice: dict[str, Any]) -> None:
    for seconds in (3_600, 2_592_000):
        expires_at = (await api.post(link_path(alice), {"expiresIn": seconds})).json()["expiresAt"]
        left = datetime.fromisoformat(expires_at) - datetime.now(UTC)
        assert abs(left - timedelta(seconds=seconds)) < timedelta(minutes=1)
    for seconds in (3_599, 2_592_001, "3600", 3600.5, -1):
        assert failure(await api.post(link_path(alice), {"expiresIn": seconds})) == (400, "VALIDATION_ERROR")


@pytest.mark.promise("000-6")
async def test_of_several_aliases_a_link_names_one_by_its_id(api: Rest, alice: dict[str, Any]) -> None:
    second = await add(api, "slack", alias="support_slack")
    refused = await api.post(link_path(alice), {"integrationName": "slack"})
    assert failure(refused) == (400, "AMBIGUOUS_INTEGRATION")
    assert "support_slack" in refused.json()["error"]
    for body in (
        {"workspaceIntegrationId": second["id"]},
        {"integrationName": "slack", "workspaceIntegrationId": second["id"]},
    ):
        assert (await api.post(link_path(alice), body)).status_code == 200


async def test_a_link_leads_only_to_what_end_users_connect_themselves(api: Rest, alice: dict[str, Any]) -> None:
    await add(api, "datetime")
    for name in ("github", "datetime"):
        assert failure(await api.post(link_path(alice), {"integrationName": name})) == (400, "VALIDATION_ERROR")
    for body in ({"integrationName": "gmail"}, {"integrationName": "nope"}, {"workspaceIntegrationId": str(uuid4())}):
        assert failure(await api.post(link_path(alice), body)) == (404, "INTEGRATION_NOT_FOUND")


async def test_no_link_is_made_for_somebody_suspended_or_unknown(api: Rest, alice: dict[str, Any]) -> None:
    await api.post(f"/end-users/{alice['id']}/suspend")
    assert failure(await api.post(link_path(alice))) == (403, "FORBIDDEN")
    for unknown in (str(uuid4()), "alice", "nope"):
        assert failure(await api.post(link_path({"id": unknown}))) == (404, "END_USER_NOT_FOUND")


async def test_a_foreign_end_user_gets_no_link(api: Rest, anonymous: Rest, alice: dict[str, Any]) -> None:
    stranger = (await new_organization(anonymous, "stranger"))[1]
    other = await api.made("/workspaces", {"name": "Other", "slug": "other"})
    narrow = await new_key(api, scope="workspace", workspaceIds=[other["id"]])
    for caller in (stranger, narrow):
        assert failure(await caller.post(link_path(alice))) == (404, "END_USER_NOT_FOUND")


async def test_no_link_and_no_session_can_be_read_out_of_the_database(
    api: Rest, gateway: Gateway, workspace: dict[str, Any], alice: dict[str, Any]
) -> None:
    tokens = [
        (await api.post(link_path(alice))).json()["token"],
        (await api.post("/connect/token", session(workspace))).json()["token"],
    ]
    kept = b"".join(file.read_bytes() for file in gateway.settings.data_dir.glob("toolgate.db*"))
    assert not [token for token in tokens if token.encode() in kept]


async def test_a_session_is_answered_as_the_contract_says(
    api: Rest, workspace: dict[str, Any], alice: dict[str, Any]
) -> None:
    answer = await api.post("/connect/token", session(workspace))
    assert answer.status_code == 200
    made = answer.json()
    assert made == {
        "token": ANY,
        "connectUrl": f"{PUBLIC_URL}/connect?token={made['token']}",
        "expiresAt": ANY,
        "sessionId": ANY,
    }
    assert made["token"].startswith("cst_")
    left = datetime.fromisoformat(made["expiresAt"]) - datetime.now(UTC)
    assert abs(left - timedelta(hours=4)) < timedelta(minutes=1)
    shown = (await api.get(f"/connect/session/{made['sessionId']}")).json()["session"]
    assert shown == {
        "id": made["sessionId"],
        "integrationName": "slack",
        "workspaceIntegrationId": ANY,
        "authMethodKey": ANY,
        "connectionName": "Alice's Slack",
        "externalId": "alice-slack",
        "status": "PENDING",
        "expiresAt": made["expiresAt"],
        "createdAt": ANY,
    }


async def test_whoever_holds_the_token_polls_without_a_key(
    api: Rest, anonymous: Rest, workspace: dict[str, Any], time: Time
) -> None:
    token = (await api.post("/connect/token", session(workspace))).json()["token"]
    answer = await anonymous.post("/connect/session/poll", {"token": token})
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "status": "PENDING",
            "connectionId": None,
            "integrationName": "slack",
            "workspaceIntegrationId": ANY,
            "authMethodKey": ANY,
            "oauthAppMode": None,
            "oauthAppId": None,
            "externalId": "alice-slack",
            "error": None,
        },
    )
    time.passed = timedelta(hours=4, seconds=1)
    assert failure(await anonymous.post("/connect/session/poll", {"token": token})) == (401, "INVALID_TOKEN")


async def test_polling_with_anything_but_a_sessions_token_is_refused(
    api: Rest, anonymous: Rest, alice: dict[str, Any]
) -> None:
    for body in ({}, {"token": None}, {"token": ""}):
        assert failure(await anonymous.post("/connect/session/poll", body)) == (400, "MISSING_TOKEN")
    link = (await api.post(link_path(alice))).json()["token"]
    for token in (link, "cst_", "cst_nope", f"cst_{uuid4()}", "x" * 5_000, "\x01", "ü"):
        assert failure(await anonymous.post("/connect/session/poll", {"token": token})) == (401, "INVALID_TOKEN")


async def test_a_foreign_session_answers_like_an_unknown_one(
    api: Rest, anonymous: Rest, workspace: dict[str, Any]
) -> None:
    made = (await api.post("/connect/token", session(workspace))).json()
    stranger = (await new_organization(anonymous, "stranger"))[1]
    other = await api.made("/workspaces", {"name": "Other", "slug": "other"})
    narrow = await new_key(api, scope="workspace", workspaceIds=[other["id"]])
    unknown = await api.get(f"/connect/session/{uuid4()}")
    assert failure(unknown) == (404, "SESSION_NOT_FOUND")
    for caller in (stranger, narrow):
        refused = await caller.get(f"/connect/session/{made['sessionId']}")
        assert (refused.status_code, refused.json()) == (404, unknown.json())


async def test_only_what_connects_by_oauth_gets_a_session(api: Rest, workspace: dict[str, Any]) -> None:
    async def refused(**values: Any) -> tuple[int, str]:
        return failure(await api.post("/connect/token", session(workspace, **values)))

    assert await refused(integrationName="nope") == (404, "INTEGRATION_NOT_FOUND")
    assert await refused(integrationName="datetime") == (400, "NOT_OAUTH2")
    assert await refused(authMethodKey="nope") == (400, "NOT_OAUTH2")
    assert await refused(workspaceIntegrationId=str(uuid4())) == (404, "INTEGRATION_NOT_FOUND")


async def test_without_an_oauth_app_the_answer_names_both_settings_and_the_callback_address(
    api: Rest, workspace: dict[str, Any]
) -> None:
    refused = await api.post("/connect/token", session(workspace, integrationName="github"))
    assert failure(refused) == (400, "NO_OAUTH_APP")
    for said in (
        "TOOLGATE_INTEGRATIONS_GITHUB_CLIENT_ID",
        "TOOLGATE_INTEGRATIONS_GITHUB_CLIENT_SECRET",
        f"{PUBLIC_URL}/connect/callback/github",
    ):
        assert said in refused.json()["error"]


async def test_whose_the_account_will_be_has_to_fit_whom_it_is_for(
    api: Rest, workspace: dict[str, Any], alice: dict[str, Any]
) -> None:
    fitting = [
        {"scope": "USER"},
        {"endUserId": None, "scope": "WORKSPACE"},
        {"endUserId": None, "scope": "ORGANIZATION"},
    ]
    for values in fitting:
        assert (await api.post("/connect/token", session(workspace, **values))).status_code == 200
    for values in ({"scope": "WORKSPACE"}, {"scope": "ORGANIZATION"}, {"endUserId": None, "scope": "USER"}):
        assert failure(await api.post("/connect/token", session(workspace, **values))) == (400, "VALIDATION_ERROR")
    narrow = await new_key(api, scope="workspace", workspaceIds=[workspace["id"]])
    assert (await narrow.post("/connect/token", session(workspace))).status_code == 200
    body = session(workspace, endUserId=None, scope="ORGANIZATION")
    assert failure(await narrow.post("/connect/token", body)) == (403, "SCOPE_DENIED")
    await api.post(f"/end-users/{alice['id']}/suspend")
    assert failure(await api.post("/connect/token", session(workspace))) == (403, "FORBIDDEN")


async def test_a_sessions_end_user_need_not_be_known_and_is_not_made_before_it_completes(
    api: Rest, workspace: dict[str, Any]
) -> None:
    assert (await api.post("/connect/token", session(workspace, endUserId="newcomer"))).status_code == 200
    assert (await api.get("/end-users", workspaceId=workspace["id"])).json()["total"] == 0


GOOD_ADDRESSES = [
    "https://app.example.com/done",
    "https://app.example.com:8443/done?from=toolgate&x=%2F",
    "http://localhost:3000/done",
    "http://127.0.0.1:3000/",
    "http://[::1]:3000/",
]
BAD_ADDRESSES = [
    *("//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https:/evil.example", "/done"),
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", " javascript:alert(1)"),
    *("data:text/html,x", "vbscript:x", "file:///etc/passwd", "blob:https://app.example/1", "about:blank"),
    *("http://app.example.com/done", "http://localhost.evil.example/", "http://127.0.0.1.evil.example/"),
    *("https://app.example.com@evil.example/", "https://app.example.com\\@evil.example/", "https://user:pw@x.example/"),
    *("http://127.1/", "http://2130706433/", "https://0x7f.0.0.1/", "http://0.0.0.0/", "https://app.example.com/#"),
    *("https://app.example.com/done#token", "https://app.example.com/\r\nSet-Cookie: a=b", "https://a.example/ b"),
    *(
        "https://\u0430pp.example.com/",
        "https://app.example.com/ü",
        "https://app.example.com/\x7f",
        "https://",
        "https:///x",
    ),
    *(
        "%6aavascript:alert(1)",
        "https%3A%2F%2Fevil.example",
        "\x01https://evil.example",
        "",
        "https://[::1",
        "http://[::1",
    ),
]


@pytest.mark.parametrize("name", ["successRedirectUri", "errorRedirectUri"])
async def test_people_are_sent_to_https_addresses_and_to_this_machine_and_nowhere_else(
    api: Rest, workspace: dict[str, Any], name: str
) -> None:
    for address in GOOD_ADDRESSES:
        assert (await api.post("/connect/token", session(workspace, **{name: address}))).status_code == 200, address
    for address in BAD_ADDRESSES:
        refused = await api.post("/connect/token", session(workspace, **{name: address}))
        assert failure(refused) == (400, "VALIDATION_ERROR"), address
        assert name in refused.json()["error"]


async def test_polling_every_second_disturbs_nobody_and_guessing_ends_soon(settings: Settings) -> None:
    slack = IntegrationSettings(client_id="C1", client_secret=SecretStr("shh"))
    tight = settings.model_copy(update={"integrations": {"slack": slack}, "rate_limit_per_minute": 130})
    async with open_gateway(tight) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway), client=("192.0.2.7", 1))
        async with httpx2.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client:
            anonymous = Rest(client)
            api = (await new_organization(anonymous, "acme"))[1]
            workspace = await api.made("/workspaces", {"name": "Main", "slug": "main"})
            tokens = [(await api.post("/connect/token", session(workspace))).json()["token"] for _ in range(2)]
            # Two people behind one address, a poll a second each for two minutes within one.
            for token in tokens:
                for _ in range(120):
                    assert (await anonymous.post("/connect/session/poll", {"token": token})).status_code == 200
            guesses = [await anonymous.post("/connect/session/poll", {"token": f"cst_{n}"}) for n in range(150)]
            assert guesses[0].status_code == 401
            assert guesses[-1].status_code == 429
            assert int(guesses[-1].headers["retry-after"]) > 0
            assert (await anonymous.post("/connect/session/poll", {"token": tokens[0]})).status_code == 200
            spelled = [f'{{{" " * blanks}"token": "\\u0063{tokens[1][1:]}"}}' for blanks in range(20)]
            headers = {"content-type": "application/json"}
            again = [
                await client.post("/api/v1/connect/session/poll", content=each, headers=headers) for each in spelled
            ]
            assert {each.status_code for each in again[-5:]} == {429}
