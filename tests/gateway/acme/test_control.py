import httpx2
import pytest

from gateway.acme import Acme, Chaos
from tests.gateway.acme.visitor import Visitor, code_of


async def test_the_switches_can_be_set_and_read_over_http(http: httpx2.AsyncClient, acme: Acme) -> None:
    answer = await http.put("/_chaos", json={"access_token_seconds": 2, "token": {"server_errors": 3}})
    assert answer.status_code == 200
    assert acme.chaos.access_token_seconds == 2
    assert acme.chaos.token.server_errors == 3
    assert (await http.get("/_chaos")).json() == answer.json()
    assert answer.json()["switches"] == acme.chaos.model_dump()


async def test_switches_that_are_not_named_go_back_to_their_default(http: httpx2.AsyncClient, acme: Acme) -> None:
    acme.chaos.api.rate_limited = 5
    acme.chaos.rotate_refresh_tokens = False
    await http.put("/_chaos", json={})
    assert acme.chaos == Chaos()


async def test_the_counters_can_be_read_over_http(visitor: Visitor) -> None:
    tokens = await visitor.sign_in()
    await visitor.me(tokens["access_token"])
    await visitor.refresh(tokens["refresh_token"])
    counters = (await visitor.http.get("/_chaos")).json()["counters"]
    assert counters["refreshes"] == 1
    assert counters["api_calls"] == {"alice": 1}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"unknown": 1}, "unknown"),
        ({"api": {"rate_limited": -1}}, "api.rate_limited"),
        ({"api": {"slow_seconds": "long"}}, "api.slow_seconds"),
    ],
)
async def test_a_wrong_switch_changes_nothing(
    http: httpx2.AsyncClient, acme: Acme, body: dict[str, object], where: str
) -> None:
    refused = await http.put("/_chaos", json={"access_token_seconds": 9, **body})
    assert (refused.status_code, code_of(refused)) == (422, "invalid_switch")
    assert refused.json()["error"]["message"].startswith(f"{where}: ")
    assert acme.chaos == Chaos()


async def test_a_wrong_switch_is_refused_in_python_too(acme: Acme) -> None:
    with pytest.raises(ValueError, match="server_errors"):
        acme.chaos.api.server_errors = -1


async def test_people_can_be_revoked_and_their_tokens_expired_over_http(visitor: Visitor) -> None:
    tokens = await visitor.sign_in()
    assert (await visitor.http.post("/_chaos/expire", json={"person": "alice"})).status_code == 204
    assert (await visitor.me(tokens["access_token"])).status_code == 401
    fresh = (await visitor.refresh(tokens["refresh_token"])).json()
    assert (await visitor.http.post("/_chaos/revoke", json={"person": "alice"})).status_code == 204
    assert (await visitor.refresh(fresh["refresh_token"])).status_code == 400


async def test_an_unknown_person_is_refused(http: httpx2.AsyncClient) -> None:
    refused = await http.post("/_chaos/revoke", json={"person": "mallory"})
    assert (refused.status_code, code_of(refused)) == (422, "unknown_person")


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip"])
async def test_nobody_behind_a_tunnel_reaches_the_control_routes(http: httpx2.AsyncClient, header: str) -> None:
    answer = await http.put("/_chaos", json={}, headers={header: "127.0.0.1"})
    assert answer.status_code == 404


async def test_other_machines_do_not_reach_the_control_routes(acme: Acme) -> None:
    elsewhere = httpx2.ASGITransport(acme, client=("192.0.2.7", 1234))
    async with httpx2.AsyncClient(transport=elsewhere, base_url="http://acme.test") as http:
        assert (await http.get("/_chaos")).status_code == 404
