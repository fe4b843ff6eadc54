from time import monotonic

import httpx2
import pytest

from gateway.acme import Acme
from tests.gateway.acme.visitor import HandClock, Visitor, code_of


async def test_access_tokens_live_as_long_as_the_switch_says(visitor: Visitor, acme: Acme, clock: HandClock) -> None:
    acme.chaos.access_token_seconds = 2
    tokens = await visitor.sign_in()
    assert tokens["expires_in"] == 2
    clock.advance(2)
    assert (await visitor.me(tokens["access_token"])).status_code == 401


async def test_without_rotation_a_refresh_token_stays_the_same(visitor: Visitor, acme: Acme) -> None:
    acme.chaos.rotate_refresh_tokens = False
    tokens = await visitor.sign_in()
    for _ in range(3):
        assert (await visitor.refresh(tokens["refresh_token"])).json()["refresh_token"] == tokens["refresh_token"]


async def test_a_refresh_token_may_be_left_out_of_the_answer_and_stays_good(visitor: Visitor, acme: Acme) -> None:
    acme.chaos.omit_refresh_token = True
    tokens = await visitor.sign_in()
    for _ in range(2):
        answer = await visitor.refresh(tokens["refresh_token"])
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()


async def test_revoking_a_person_leaves_the_others_alone(visitor: Visitor, acme: Acme) -> None:
    alice, bob = await visitor.sign_in(person="alice"), await visitor.sign_in(person="bob")
    pending = await visitor.code(person="alice")
    acme.revoke_tokens("alice")
    assert (await visitor.me(alice["access_token"])).status_code == 401
    assert (await visitor.refresh(alice["refresh_token"])).json()["error"] == "invalid_grant"
    assert (await visitor.redeem(pending)).json()["error"] == "invalid_grant"
    assert (await visitor.me(bob["access_token"])).status_code == 200


async def test_expired_access_tokens_can_be_refreshed(visitor: Visitor, acme: Acme) -> None:
    tokens = await visitor.sign_in()
    acme.expire_access_tokens("alice")
    assert (await visitor.me(tokens["access_token"])).status_code == 401
    fresh = (await visitor.refresh(tokens["refresh_token"])).json()
    assert (await visitor.me(fresh["access_token"])).status_code == 200


async def test_the_api_answers_401_once(http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str]) -> None:
    acme.chaos.api.unauthorized = 1
    statuses = [(await http.get("/me", headers=alice)).status_code for _ in range(2)]
    assert statuses == [401, 200]
    assert acme.counters.faults == 1
    assert acme.counters.api_calls == {"alice": 1}


async def test_rate_limits_say_when_to_come_back(http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str]) -> None:
    acme.chaos.api.rate_limited = 2
    acme.chaos.api.retry_after_seconds = 7
    answers = [await http.get("/me", headers=alice) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert (code_of(answers[0]), answers[0].headers["retry-after"]) == ("rate_limited", "7")


async def test_server_errors_do_nothing(http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str]) -> None:
    acme.chaos.api.server_errors = 1
    refused = await http.post("/notes", headers=alice, json={"title": "T"})
    assert (refused.status_code, code_of(refused)) == (503, "unavailable")
    assert acme.counters.notes_created == 0


@pytest.mark.parametrize(("switch", "status"), [("lost_answers", 502), ("invalid_json", 200), ("wrong_shape", 200)])
async def test_spoilt_answers_come_after_the_work(
    http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str], switch: str, status: int
) -> None:
    setattr(acme.chaos.api, switch, 1)
    spoilt = await http.post("/notes", headers=alice, json={"title": "T"})
    assert spoilt.status_code == status
    assert "title" not in spoilt.text
    assert acme.counters.notes_created == 1


async def test_invalid_json_can_not_be_parsed(http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str]) -> None:
    acme.chaos.api.invalid_json = 1
    spoilt = await http.get("/me", headers=alice)
    assert spoilt.headers["content-type"] == "application/json"
    with pytest.raises(ValueError, match="Unterminated string"):
        spoilt.json()


async def test_a_refused_request_uses_up_no_spoilt_answer(http: httpx2.AsyncClient, acme: Acme) -> None:
    acme.chaos.api.lost_answers = 1
    assert (await http.get("/me")).status_code == 401
    assert acme.chaos.api.lost_answers == 1


async def test_slow_answers_take_their_time(http: httpx2.AsyncClient, acme: Acme, alice: dict[str, str]) -> None:
    acme.chaos.api.slow_seconds = 0.2
    begin = monotonic()
    assert (await http.get("/me", headers=alice)).status_code == 200
    assert monotonic() - begin >= 0.2


@pytest.mark.parametrize(
    ("switch", "status", "error"),
    [
        ("unauthorized", 401, "unauthorized"),
        ("rate_limited", 429, "rate_limited"),
        ("server_errors", 503, "unavailable"),
        ("lost_answers", 502, "bad_gateway"),
    ],
)
async def test_the_token_endpoint_has_switches_of_its_own(
    visitor: Visitor, acme: Acme, switch: str, status: int, error: str
) -> None:
    tokens = await visitor.sign_in()
    setattr(acme.chaos.token, switch, 1)
    assert (await visitor.me(tokens["access_token"])).status_code == 200
    refused = await visitor.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (status, error)


async def test_a_lost_refresh_answer_has_used_the_old_token(visitor: Visitor, acme: Acme) -> None:
    tokens = await visitor.sign_in()
    acme.chaos.token.lost_answers = 1
    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 502
    assert (await visitor.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"
