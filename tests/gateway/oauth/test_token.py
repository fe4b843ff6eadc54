import asyncio
import base64
import json
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import httpx2
import pytest

from tests.gateway.oauth.asking import REDIRECT, VERIFIER, Asking, refusal


class Shown(NamedTuple):
    """How a client shows who it is."""

    form: dict[str, str]
    headers: dict[str, str]


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


async def test_a_code_becomes_tokens_that_are_kept_nowhere_on_the_way(asking: Asking) -> None:
    client = await asking.registered()
    answer = await asking.redeemed(client["client_id"])
    granted = answer.json()
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert answer.headers["content-type"] == "application/json"
    assert granted.pop("access_token").startswith("mcpo_")
    assert granted.pop("refresh_token").startswith("mcpr_")
    assert granted == {"token_type": "Bearer", "expires_in": 3_600, "scope": "mcp:tools", "resource": asking.resource}


async def test_json_is_taken_like_a_form(asking: Asking) -> None:
    client_id = (await asking.registered())["client_id"]
    body = {"client_id": client_id, **await asking.redemption(client_id)}
    answer = await asking.client.post("/oauth/token", json=body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"grant_type=authorization_code&grant_type=refresh_token", "application/x-www-form-urlencoded"),
        (b"\xff=1", "application/x-www-form-urlencoded"),
        (b"a=%ff", "application/x-www-form-urlencoded"),
        (b"&".join(b"p%d=1" % n for n in range(60)), "application/x-www-form-urlencoded"),
        (b'{"grant_type": ["authorization_code"]}', "application/json"),
        (b'{"grant_type": "a", "grant_type": "b"}', "application/json"),
        (b"[]", "application/json"),
        (b"{", "application/json"),
        (b"grant_type=authorization_code", "text/plain"),
        (b"grant_type=authorization_code", ""),
    ],
)
async def test_a_body_that_can_be_read_in_two_ways_or_none_is_refused(
    content: bytes, media_type: str, asking: Asking
) -> None:
    answer = await asking.client.post("/oauth/token", content=content, headers={"Content-Type": media_type})
    assert refusal(answer) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"code": None}, "invalid_request"),
        ({"code": "x"}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_grant"),
        ({"code_verifier": VERIFIER[::-1]}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_grant"),
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": REDIRECT + "/"}, "invalid_grant"),
        ({"resource": None}, "invalid_target"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
    ],
    ids=str,
)
async def test_a_request_that_does_not_fit_its_code_gets_nothing(
    changed: dict[str, str | None], error: str, asking: Asking
) -> None:
    client = await asking.registered()
    assert refusal(await asking.redeemed(client["client_id"], **changed)) == (400, error)


async def test_a_code_redeemed_fifty_times_at_once_gives_tokens_once_and_they_do_not_live(asking: Asking) -> None:
    client_id = (await asking.registered())["client_id"]
    body = {"client_id": client_id, **await asking.redemption(client_id)}
    answers = await asyncio.gather(*(asking.token(body) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 49}
    [granted] = [answer.json() for answer in answers if answer.status_code == 200]
    assert not await asking.lets_in(granted["access_token"])


async def test_another_client_s_code_is_worth_nothing_and_stays_its_owner_s(asking: Asking) -> None:
    owner, other = (await asking.registered())["client_id"], (await asking.registered())["client_id"]
    body = await asking.redemption(owner)
    assert refusal(await asking.token({"client_id": other, **body})) == (400, "invalid_grant")
    assert (await asking.token({"client_id": owner, **body})).status_code == 200


async def test_a_refresh_token_gives_new_ones_and_grows_neither_in_scope_nor_elsewhere(asking: Asking) -> None:
    client_id = (await asking.registered())["client_id"]
    first = (await asking.redeemed(client_id)).json()
    usual = {"client_id": client_id, "grant_type": "refresh_token", "resource": asking.resource}
    for changed, error in (
        ({"scope": "mcp:tools mcp:code"}, "invalid_scope"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
    ):
        answer = await asking.token({**usual, "refresh_token": first["refresh_token"], **changed})
        assert refusal(answer) == (400, error)
    second = await asking.token({**usual, "refresh_token": first["refresh_token"]})
    assert second.status_code == 200
    assert second.json()["refresh_token"] != first["refresh_token"]


async def test_a_public_client_that_refreshes_may_leave_it_to_its_token_to_say_who_it_is(asking: Asking) -> None:
    granted = (await asking.redeemed((await asking.registered())["client_id"])).json()
    usual = {"grant_type": "refresh_token", "resource": asking.resource}
    answer = await asking.client.post("/oauth/token", json={**usual, "refresh_token": granted["refresh_token"]})
    assert answer.status_code == 200, answer.text
    assert await asking.lets_in(answer.json()["access_token"])
    for token, error in (("mcpr_x", "invalid_grant"), (granted["access_token"], "invalid_grant")):
        assert refusal(await asking.token({**usual, "refresh_token": token})) == (400, error)
    assert refusal(await asking.token(usual)) == (400, "invalid_request")


async def test_a_token_says_nothing_for_a_client_that_has_to_prove_itself_or_for_another_grant(asking: Asking) -> None:
    client = await asking.registered(token_endpoint_auth_method="client_secret_basic")
    shown = basic(client["client_id"], client["client_secret"])
    granted = (await asking.token(await asking.redemption(client["client_id"]), headers=shown)).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": granted["refresh_token"], "resource": asking.resource}
    assert refusal(await asking.token(refresh)) == (401, "invalid_client")
    assert refusal(await asking.token({**refresh, "client_secret": "wrong"})) == (401, "invalid_client")
    assert refusal(await asking.token({**refresh, "grant_type": "authorization_code"})) == (401, "invalid_client")
    assert (await asking.token(refresh, headers=shown)).status_code == 200


# How clients authenticate.


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_shows_its_secret_as_it_has_registered(method: str, asking: Asking) -> None:
    client = await asking.registered(token_endpoint_auth_method=method)
    client_id, secret = client["client_id"], client["client_secret"]
    in_header = Shown({}, basic(client_id, secret))
    in_body = Shown({"client_id": client_id, "client_secret": secret}, {})
    right, wrong = (in_header, in_body) if method == "client_secret_basic" else (in_body, in_header)
    for shown in (
        wrong,
        Shown({"client_id": client_id}, {}),
        Shown({"client_id": client_id, "client_secret": "x"}, {}),
        Shown({}, basic(client_id, "")),
    ):
        answer = await asking.token({**shown.form, **await asking.redemption(client_id)}, headers=shown.headers)
        assert refusal(answer) == (401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic ")
    answer = await asking.token({**right.form, **await asking.redemption(client_id)}, headers=right.headers)
    assert answer.status_code == 200


async def test_two_ways_at_once_are_refused(asking: Asking) -> None:
    client = await asking.registered(token_endpoint_auth_method="client_secret_basic")
    client_id, secret = client["client_id"], client["client_secret"]
    header = basic(client_id, secret)
    for more in (
        {"client_secret": secret},
        {"client_id": "another"},
        {"client_assertion": "x.y.z", "client_assertion_type": "x"},
    ):
        answer = await asking.token({**await asking.redemption(client_id), **more}, headers=header)
        assert refusal(answer) == (400, "invalid_request")


@pytest.mark.parametrize("header", ["Basic", "Basic !!", "Basic /////w==", "Basic eDp5"])
async def test_a_header_that_says_nothing_known_is_refused(header: str, asking: Asking) -> None:
    answer = await asking.token({"grant_type": "authorization_code", "code": "x"}, headers={"Authorization": header})
    assert refusal(answer) == (401, "invalid_client")


async def test_a_public_client_has_no_secret_to_show(asking: Asking) -> None:
    client_id = (await asking.registered())["client_id"]
    assert refusal(await asking.redeemed(client_id, client_secret="guess")) == (401, "invalid_client")


async def test_guessing_secrets_ends_at_a_hundred_a_minute(asking: Asking) -> None:
    client = await asking.registered(token_endpoint_auth_method="client_secret_post")
    shown = {"client_id": client["client_id"], "grant_type": "authorization_code", "code": "x"}
    answers = [await asking.token({**shown, "client_secret": f"guess-{n}"}) for n in range(200)]
    statuses = [answer.status_code for answer in answers]
    # A minute may begin anew on the way.
    assert statuses[:100].count(401) == 100
    assert statuses.count(429) >= 1
    waiting = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(waiting.headers["retry-after"]) <= 60
    assert waiting.json()["error"] == "temporarily_unavailable"


async def test_grants_and_registrations_that_have_ended_keep_nobody_waiting(asking: Asking) -> None:
    client_id, gone = (await asking.registered())["client_id"], str(uuid4())
    given = {"grant_type": "refresh_token", "refresh_token": "mcpr_x"}
    for _ in range(110):
        assert refusal(await asking.token({"client_id": client_id, **given})) == (400, "invalid_grant")
        assert refusal(await asking.token({"client_id": gone, **given})) == (401, "invalid_client")


# Revocation (RFC 7009).


def refreshing(asking: Asking, client_id: str, token: str) -> dict[str, str]:
    given = {"client_id": client_id, "grant_type": "refresh_token", "refresh_token": token}
    return {**given, "resource": asking.resource}


async def revoke(asking: Asking, **given: Any) -> httpx2.Response:
    return await asking.client.post("/oauth/revoke", data=given)


async def test_revoking_a_refresh_token_ends_all_that_came_of_it(asking: Asking) -> None:
    client_id = (await asking.registered())["client_id"]
    granted = (await asking.redeemed(client_id)).json()
    answer = await revoke(asking, client_id=client_id, token=granted["refresh_token"], token_type_hint="access_token")
    assert answer.status_code == 200
    assert not await asking.lets_in(granted["access_token"])
    again = await asking.token(refreshing(asking, client_id, granted["refresh_token"]))
    assert refusal(again) == (400, "invalid_grant")


async def test_revoking_an_access_token_leaves_the_grant(asking: Asking) -> None:
    client_id = (await asking.registered())["client_id"]
    granted = (await asking.redeemed(client_id)).json()
    assert (await revoke(asking, client_id=client_id, token=granted["access_token"])).status_code == 200
    assert not await asking.lets_in(granted["access_token"])
    again = await asking.token(refreshing(asking, client_id, granted["refresh_token"]))
    assert again.status_code == 200


async def test_another_client_s_token_and_none_at_all_answer_the_same_and_nothing_ends(asking: Asking) -> None:
    owner, other = (await asking.registered())["client_id"], (await asking.registered())["client_id"]
    granted = (await asking.redeemed(owner)).json()
    for token in (granted["access_token"], granted["refresh_token"], "mcpr_x", json.dumps({})):
        answer = await revoke(asking, client_id=other, token=token)
        assert (answer.status_code, answer.json()) == (200, {})
    assert await asking.lets_in(granted["access_token"])
    assert refusal(await revoke(asking, client_id=owner)) == (400, "invalid_request")
    assert refusal(await revoke(asking, token="mcpr_x")) == (401, "invalid_client")
