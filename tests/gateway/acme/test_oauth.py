import httpx2
import pytest

from gateway.acme import Acme
from tests.gateway.acme.visitor import REDIRECT_URI, HandClock, Visitor


async def test_a_code_buys_tokens_that_open_the_account(visitor: Visitor, acme: Acme) -> None:
    answer = await visitor.redeem(await visitor.code(person="bob"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert tokens.keys() == {"access_token", "token_type", "expires_in", "scope", "refresh_token"}
    assert (await visitor.me(tokens["access_token"])).json()["id"] == "bob"
    assert acme.counters.codes_redeemed == 1


async def test_a_code_is_good_for_sixty_seconds(visitor: Visitor, clock: HandClock) -> None:
    in_time, late = await visitor.code(), await visitor.code()
    clock.advance(59)
    assert (await visitor.redeem(in_time)).status_code == 200
    clock.advance(1)
    assert_refused(await visitor.redeem(late), "invalid_grant")


async def test_a_code_used_twice_revokes_what_it_gave(visitor: Visitor) -> None:
    code = await visitor.code()
    tokens = (await visitor.redeem(code)).json()
    assert_refused(await visitor.redeem(code), "invalid_grant")
    assert (await visitor.me(tokens["access_token"])).status_code == 401
    assert_refused(await visitor.refresh(tokens["refresh_token"]), "invalid_grant")


@pytest.mark.parametrize(
    "wrong",
    [{"code": "acme_code_0"}, {"redirect_uri": "http://127.0.0.1:9/other"}, {"redirect_uri": ""}],
)
async def test_a_code_is_bound_to_its_request(visitor: Visitor, wrong: dict[str, str]) -> None:
    assert_refused(await visitor.redeem(wrong.pop("code", None) or await visitor.code(), **wrong), "invalid_grant")


@pytest.mark.parametrize("verifier", ["w" * 43, ""])
async def test_a_challenge_asks_for_its_verifier(visitor: Visitor, verifier: str) -> None:
    assert_refused(await visitor.redeem(await visitor.code(), code_verifier=verifier), "invalid_grant")


async def test_a_verifier_without_a_challenge_is_a_downgrade(visitor: Visitor) -> None:
    code = await visitor.code(code_challenge=None, code_challenge_method=None)
    assert_refused(await visitor.redeem(code), "invalid_grant")


async def test_pkce_may_be_left_out_altogether(visitor: Visitor) -> None:
    code = await visitor.code(code_challenge=None, code_challenge_method=None)
    assert (await visitor.redeem(code, code_verifier="")).status_code == 200


async def test_a_refresh_rotates_and_reuse_revokes_the_whole_grant(visitor: Visitor, acme: Acme) -> None:
    first = await visitor.sign_in()
    second = (await visitor.refresh(first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await visitor.me(second["access_token"])).status_code == 200
    assert_refused(await visitor.refresh(first["refresh_token"]), "invalid_grant")
    assert_refused(await visitor.refresh(second["refresh_token"]), "invalid_grant")
    assert (await visitor.me(second["access_token"])).status_code == 401
    assert (acme.counters.refreshes, acme.counters.refreshes_refused) == (1, 2)


async def test_a_refresh_may_narrow_the_scope_and_never_widen_it(visitor: Visitor) -> None:
    tokens = await visitor.sign_in(scope="profile notes.read")
    narrow = (await visitor.refresh(tokens["refresh_token"], scope="notes.read")).json()
    assert narrow["scope"] == "notes.read"
    assert (await visitor.me(narrow["access_token"])).status_code == 403
    assert_refused(await visitor.refresh(narrow["refresh_token"], scope="notes.write"), "invalid_scope")
    assert (await visitor.refresh(narrow["refresh_token"])).json()["scope"] == "profile notes.read"


async def test_the_client_gets_a_token_of_its_own_without_refresh_token(visitor: Visitor) -> None:
    tokens = (await visitor.token(grant_type="client_credentials", scope="profile")).json()
    assert "refresh_token" not in tokens
    me = (await visitor.me(tokens["access_token"])).json()
    assert me == {"id": "toolgate", "name": "Toolgate", "email": None, "type": "app"}


async def test_the_client_may_put_its_secret_into_the_body(visitor: Visitor, acme: Acme) -> None:
    form = {"grant_type": "client_credentials", "client_id": acme.client.id, "client_secret": acme.client.secret}
    assert (await visitor.http.post("/oauth/token", data=form)).status_code == 200
    assert_refused(await visitor.token(**form), "invalid_request")


async def test_a_wrong_secret_is_refused_before_anything_is_used_up(visitor: Visitor) -> None:
    code = await visitor.code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    refused = await visitor.token(secret="wrong", **form)
    assert_refused(refused, "invalid_client", status=401)
    assert refused.headers["www-authenticate"].startswith("Basic")
    assert (await visitor.redeem(code)).status_code == 200


@pytest.mark.parametrize("header", ["Bearer abc", "Basic !!!", "Basic YQ==", "Basic", ""])
async def test_an_unreadable_client_authentication_is_refused(visitor: Visitor, header: str) -> None:
    form = {"grant_type": "client_credentials"}
    refused = await visitor.http.post("/oauth/token", data=form, headers={"authorization": header})
    assert_refused(refused, "invalid_client", status=401)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "everything"}, "invalid_scope"),
    ],
)
async def test_a_wrong_token_request_says_what_is_wrong(visitor: Visitor, form: dict[str, str], error: str) -> None:
    assert_refused(await visitor.token(**form), error)


async def test_the_token_endpoint_takes_forms_only_and_each_name_once(visitor: Visitor, acme: Acme) -> None:
    auth = (acme.client.id, acme.client.secret)
    as_json = await visitor.http.post("/oauth/token", json={"grant_type": "client_credentials"}, auth=auth)
    assert_refused(as_json, "invalid_request")
    form = {"content-type": "application/x-www-form-urlencoded"}
    twice = await visitor.http.post("/oauth/token", content="scope=profile&scope=profile", headers=form, auth=auth)
    assert_refused(twice, "invalid_request")


async def test_revoking_a_refresh_token_kills_the_access_token_too(visitor: Visitor, acme: Acme) -> None:
    tokens = await visitor.sign_in()
    assert (await revoke(visitor, tokens["refresh_token"])).status_code == 200
    assert (await visitor.me(tokens["access_token"])).status_code == 401
    assert_refused(await visitor.refresh(tokens["refresh_token"]), "invalid_grant")
    assert acme.counters.revocations == 1


async def test_revoking_an_access_token_leaves_the_grant(visitor: Visitor) -> None:
    tokens = await visitor.sign_in()
    await revoke(visitor, tokens["access_token"])
    assert (await visitor.me(tokens["access_token"])).status_code == 401
    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200


async def test_revoking_an_unknown_token_is_fine(visitor: Visitor) -> None:
    assert (await revoke(visitor, "acme_at_unknown")).status_code == 200


async def test_introspection_tells_living_tokens_from_dead_ones(visitor: Visitor, acme: Acme, clock: HandClock) -> None:
    tokens = await visitor.sign_in(scope="profile")
    alive = (await introspect(visitor, tokens["access_token"])).json()
    assert alive["active"] is True
    assert (alive["sub"], alive["scope"]) == ("alice", "profile")
    assert alive["exp"] == int(clock().timestamp()) + 3600
    acme.revoke_tokens("alice")
    assert (await introspect(visitor, tokens["access_token"])).json() == {"active": False}


async def test_the_same_seed_gives_the_same_tokens() -> None:
    assert Acme(seed=1).issue_token("alice") == Acme(seed=1).issue_token("alice")
    assert Acme().issue_token("alice") != Acme().issue_token("alice")


def test_nobody_gets_no_token() -> None:
    with pytest.raises(KeyError):
        Acme().issue_token("mallory")


def test_the_client_does_not_show_its_secret() -> None:
    assert "acme-client-secret" not in repr(Acme().client)


def test_tokens_beyond_ten_thousand_push_out_the_oldest() -> None:
    acme = Acme()
    for _ in range(10_001):
        acme.issue_token("alice")
    assert len(acme._grants._access) == 10_000


async def revoke(visitor: Visitor, token: str) -> httpx2.Response:
    client = visitor.running.app.client
    return await visitor.http.post("/oauth/revoke", data={"token": token}, auth=(client.id, client.secret))


async def introspect(visitor: Visitor, token: str) -> httpx2.Response:
    client = visitor.running.app.client
    return await visitor.http.post("/oauth/introspect", data={"token": token}, auth=(client.id, client.secret))


def assert_refused(answer: httpx2.Response, error: str, *, status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
