from typing import Any

import pytest

from tests.gateway.oauth.asking import REDIRECT, Asking, refusal


async def test_a_registration_tells_the_client_all_that_it_is_registered_with(asking: Asking) -> None:
    answer = await asking.client.post(
        "/oauth/register",
        json={
            "client_name": "Agent",
            "redirect_uris": [REDIRECT],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "client_secret_post",
            "scope": "mcp:tools",
            "software_id": "agent-1",
            "contacts": ["nobody@agent.example"],
        },
    )
    made = answer.json()
    assert answer.status_code == 201
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert made.pop("client_id_issued_at") > 1_700_000_000
    assert made.pop("registration_client_uri") == f"{asking.issuer}/oauth/register/{made.pop('client_id')}"
    assert len(made.pop("registration_access_token")) > 40
    assert len(made.pop("client_secret")) > 40
    assert made == {
        "client_name": "Agent",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "client_secret_post",
        "client_secret_expires_at": 0,
        "scope": "mcp:tools",
        "software_id": "agent-1",
    }


async def test_a_public_client_gets_no_secret_and_one_that_says_nothing_gets_one(asking: Asking) -> None:
    public = await asking.registered()
    silent = await asking.registered(token_endpoint_auth_method=None)
    assert "client_secret" not in public
    assert (silent["token_endpoint_auth_method"], bool(silent["client_secret"])) == ("client_secret_basic", True)


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "https://agent.example/cb"}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://agent.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://agent.example/cb#x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://me@agent.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://*.agent.example/cb"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [REDIRECT, "https://agent.example/\r\nX: 1"]}, "invalid_redirect_uri"),
        ({"redirect_uris": [f"https://agent.example/{n}" for n in range(11)]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://agent.example/" + "x" * 2_048]}, "invalid_redirect_uri"),
        ({"redirect_uris": [REDIRECT], "client_name": "x" * 10_000}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "client_name": 7}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "response_types": ["token"]}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "tls_client_auth"}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"redirect_uris": [REDIRECT], "jwks_uri": "http://169.254.169.254/keys"}, "invalid_client_metadata"),
        ([REDIRECT], "invalid_client_metadata"),
    ],
    ids=str,
)
async def test_metadata_that_is_not_taken_is_named_by_the_standard_s_words(
    metadata: Any, error: str, asking: Asking
) -> None:
    answer = await asking.client.post("/oauth/register", json=metadata)
    assert refusal(answer) == (400, error)
    assert "x" * 200 not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"client_name": "a", "client_name": "b"}', b"null"])
async def test_what_is_no_json_object_is_refused(body: bytes, asking: Asking) -> None:
    answer = await asking.client.post("/oauth/register", content=body)
    assert refusal(answer) == (400, "invalid_client_metadata")


async def test_a_client_can_look_at_its_registration_and_end_it(asking: Asking) -> None:
    made = await asking.registered()
    address, own = made["registration_client_uri"], {"Authorization": f"Bearer {made['registration_access_token']}"}
    other = await asking.registered()
    others = {"Authorization": f"Bearer {other['registration_access_token']}"}

    shown = await asking.client.get(address, headers=own)
    assert shown.json() == made
    for headers in (others, {}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {own['Authorization'][7:]}"}):
        for method in ("GET", "DELETE"):
            answer = await asking.client.request(method, address, headers=headers)
            assert refusal(answer) == (401, "invalid_token")
            assert answer.headers["www-authenticate"].startswith("Bearer ")

    assert (await asking.client.delete(address, headers=own)).status_code == 204
    assert (await asking.client.get(address, headers=own)).status_code == 401
    assert (await asking.authorize(made["client_id"])).status_code == 400
    assert (await asking.authorize(other["client_id"])).status_code == 303


async def test_ending_a_registration_ends_what_people_have_allowed_it(asking: Asking) -> None:
    made = await asking.registered()
    granted = (await asking.redeemed(made["client_id"])).json()
    own = {"Authorization": f"Bearer {made['registration_access_token']}"}
    assert await asking.lets_in(granted["access_token"])
    await asking.client.delete(made["registration_client_uri"], headers=own)
    assert not await asking.lets_in(granted["access_token"])
