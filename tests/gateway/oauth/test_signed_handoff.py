"""Signing in by a token that the product signs: once, in the browser that began, by this workspace's key alone."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from gateway.app import create_app
from gateway.settings import Settings
from gateway.workspaces.sweep import Sweep
from tests.gateway.oauth.product_login import (
    PAGE,
    PRIVATE,
    SECRET,
    another_site,
    bring,
    challenge,
    claims_for,
    post,
    set_key,
    signed,
    token,
)
from tests.gateway.oauth.sign_in_scene import SignInScene, is_consent, sign_in_scene
from tests.gateway.portal.visiting import Page

TOO_LONG = "x" * 256
FIVE_MINUTES = 300


@pytest.fixture
async def scene(settings: Settings) -> AsyncIterator[SignInScene]:
    async with sign_in_scene(settings) as opened:
        await opened.set_workspace(handoffUrl=PAGE)
        await set_key(opened)
        yield opened


async def test_whom_the_token_names_acts_as_that_end_user_and_the_browser_stays_signed_in(scene: SignInScene) -> None:
    alice, server = await scene.end_user("alice", displayName="Alice"), await scene.server()
    person = await scene.browser()
    consent = await bring(scene, person, token(scene, await challenge(scene, person, server)))
    assert is_consent(consent), consent.text
    assert await scene.acts_as(consent, person) == alice
    assert "Continue as Alice at Acme" in (await scene.begun(person, server)).text


async def refusal(scene: SignInScene, given: str) -> str:
    """Bring a token that is refused; returns what the page says."""
    answer = await post(scene, given)
    assert answer.status_code == 403, answer.headers.get("location", answer.text)
    return Page(answer).text


WRONG_CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "for another gateway": ({"aud": "https://other.example"}, "aud: has to be"),
    "for one that begins alike": ({"aud": "http://127.0.0.1:80801"}, "aud: has to be"),
    "for several": ({"aud": ["http://127.0.0.1:8080", "https://other.example"]}, "aud: has to be"),
    "for nobody": ({"aud": None}, "aud: is missing"),
    "expired": ({"iat": -300, "exp": -61}, "exp: has passed"),
    "living too long": ({"iat": 0, "exp": FIVE_MINUTES + 1}, "within 300 seconds after iat"),
    "living too long from a moment to come": ({"iat": 59, "exp": 59 + FIVE_MINUTES + 1}, "within 300 seconds"),
    "ending before it begins": ({"iat": 30, "exp": 20}, "within 300 seconds after iat"),
    "without an end": ({"exp": None}, "exp: is missing"),
    "without a beginning": ({"iat": None}, "iat: is missing"),
    "issued in time to come": ({"iat": 200, "exp": 260}, "are to come yet"),
    "not yet good": ({"nbf": 200}, "are to come yet"),
    "of a moment in words": ({"exp": "soon"}, "exp: has to be a moment"),
    "of a moment that is true": ({"iat": True}, "iat: has to be a moment"),
    "of a moment that is no number": ({"exp": float("nan")}, "exp: has to be a moment"),
    "of no moment at all": ({"exp": float("inf")}, "exp: has to be a moment"),
    "without an id": ({"jti": None}, "jti: is missing"),
    "of an id that is no text": ({"jti": 7}, "jti: has to be text"),
    "of an empty id": ({"jti": ""}, "jti: has to be text"),
    "of an endless id": ({"jti": TOO_LONG}, "jti: has to be text"),
    "of nobody": ({"sub": None}, "sub: is missing"),
    "of a nameless one": ({"sub": ""}, "sub: has to be text"),
    "of a list of people": ({"sub": ["alice"]}, "sub: has to be text"),
    "of a name that no database keeps": ({"sub": "ali\x00ce"}, "no JWT that can be read"),
    "of half a character": ({"sub": "ali\ud800ce"}, "no JWT that can be read"),
    "of a stranger": ({"sub": "nobody"}, "no end user with the external id 'nobody'"),
    "bound to nothing": ({"challenge": None}, "challenge: has to be the one"),
    "bound to something else": ({"challenge": "hoc_123"}, "challenge: has to be the one"),
    "of no address": ({"email": "no address", "email_verified": True}, "email: this is not"),
}
TIMES = ("iat", "exp", "nbf")


@pytest.mark.parametrize(("claims", "said"), WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
async def test_a_token_that_says_what_it_should_not_signs_nobody_in(
    scene: SignInScene, claims: dict[str, Any], said: str
) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server("open")
    given, now = await challenge(scene, person, server), int(scene.time().timestamp())
    moved = {name: now + value if name in TIMES and type(value) is int else value for name, value in claims.items()}
    right = claims_for(scene, given)
    wrong = {name: value for name, value in {**right, **moved}.items() if value is not None}
    assert said in await refusal(scene, signed(wrong))
    # It has spent nothing.
    assert is_consent(await bring(scene, person, signed(right)))
    assert [each["externalId"] for each in await scene.everybody()] == ["alice"]


PUBLIC = PRIVATE["RS256"].public_key()


async def test_a_token_that_is_signed_otherwise_than_with_the_shared_secret_signs_nobody_in(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    right = claims_for(scene, await challenge(scene, person, server))
    good = signed(right)
    forged = {
        "signature": signed(right, "another secret of at least thirty-two bytes"),
        "alg": [
            signed(right, "", "none"),
            signed(right, SECRET * 2, "HS512"),
            signed(right, PRIVATE["RS256"], "RS256", kid="RS256"),
            signed(right, PRIVATE["EdDSA"], "EdDSA"),
        ],
        "this is no JWT": [
            signed(right, crit=["b64"], b64=False),
            signed(right, crit=["exp"], exp=1),
            f"{good}.x",
            good.rpartition(".")[0],
            f"{good} ",
        ],
    }
    for said, tokens in forged.items():
        for each in [tokens] if isinstance(tokens, str) else tokens:
            assert said in await refusal(scene, each), each
    # Whatever it says of a key of its own.
    for claim in ("jwk", "jku", "x5u", "x5c"):
        assert "signature" in await refusal(scene, signed(right, "x" * 32, **{claim: "https://evil.example/keys"}))
    assert is_consent(await bring(scene, person, good))


DEEP = "[" * 4000


@pytest.mark.parametrize("given", ["", "x", "..", "a.b.c", "é.é.é", "e30.e30.", f"{'eyJ' * 3000}.x.y", DEEP])
async def test_what_is_no_token_is_refused(scene: SignInScene, given: str) -> None:
    assert "token:" in await refusal(scene, given) or "challenge:" in await refusal(scene, given)


async def test_nested_a_thousand_times_it_is_no_token(scene: SignInScene) -> None:
    nested = signed({"challenge": "x"}).split(".")
    nested[1] = "W1tb" * 1300
    assert "no JWT that can be read" in await refusal(scene, ".".join(nested))


async def test_a_megabyte_is_not_even_read(scene: SignInScene) -> None:
    transport = httpx2.ASGITransport(app=create_app(scene.gateway))
    async with httpx2.AsyncClient(transport=transport, base_url=scene.url) as client:
        answer = await client.post("/connect/handoff", data={"token": "x" * 1024 * 1024})
        assert answer.status_code == 413
        assert (await client.post("/connect/handoff", files={"token": b"x"})).status_code == 415


async def test_it_is_taken_from_a_form_and_from_nowhere_else(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person = await scene.browser()
    good = token(scene, await challenge(scene, person, await scene.server()))
    async with another_site(scene) as client:
        assert (await client.get("/connect/handoff", params={"token": good})).status_code == 404
        assert (await client.post("/connect/handoff", params={"token": good})).status_code == 403
        assert (await client.post("/connect/handoff", json={"token": good})).status_code == 403
        twice = await client.post("/connect/handoff", content=f"token={good}&token={good}", headers=FORM)
        assert twice.status_code == 403
    assert is_consent(await bring(scene, person, good))


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_the_step_knows_no_browser_and_gives_none_a_cookie(scene: SignInScene) -> None:
    """A form of another site brings no `Lax` cookie; a new one would put out what the browser has."""
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    answer = await post(scene, token(scene, await challenge(scene, person, server)))
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in (await post(scene, "x")).headers
    assert answer.headers["location"].startswith(f"{scene.url}/oauth/return/hor_")


async def test_a_token_counts_once_in_sequence_and_fifty_times_at_once(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    good = token(scene, await challenge(scene, person, server))
    answers = await asyncio.gather(*(post(scene, good) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [303] + [403] * 49
    [back] = [answer.headers["location"] for answer in answers if answer.status_code == 303]
    assert is_consent(await person.open(back))
    scene.time.passed = timedelta(minutes=1, seconds=1)
    assert "challenge: there is none like this" in await refusal(scene, good)


async def test_an_id_counts_once_for_whatever_hand_off_and_is_forgotten_when_its_token_holds_no_more(
    scene: SignInScene,
) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    first, second = [await challenge(scene, person, server) for _ in range(2)]
    assert is_consent(await bring(scene, person, token(scene, first, jti="one")))
    for _ in range(2):
        assert "has been taken before" in await refusal(scene, token(scene, second, jti="one"))
    scene.time.passed = timedelta(minutes=1, seconds=30)
    await Sweep(scene.gateway.database, clock=scene.time).run()
    assert "has been taken before" in await refusal(scene, token(scene, second, jti="one"))
    scene.time.passed = timedelta(minutes=2, seconds=30)
    await Sweep(scene.gateway.database, clock=scene.time).run()
    assert is_consent(await bring(scene, person, token(scene, second, jti="one")))


async def test_tokens_of_one_id_for_many_hand_offs_at_once_count_once(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    begun = [await challenge(scene, person, server) for _ in range(10)]
    answers = await asyncio.gather(*(post(scene, token(scene, each, jti="one")) for each in begun))
    assert sorted(answer.status_code for answer in answers) == [303] + [403] * 9


async def test_whoever_lures_a_victim_into_a_hand_off_gets_nothing_and_neither_does_the_victim(
    scene: SignInScene,
) -> None:
    await scene.end_user("alice")
    server = await scene.server()
    attacker, alice = await scene.browser(), await scene.browser()
    hers = await scene.begun(alice, server)
    # Alice, who is logged in at the product, follows the attacker's address, and her browser posts the token.
    lured = await post(scene, token(scene, await challenge(scene, attacker, server)))
    assert (await alice.open(lured.headers["location"])).status == 404
    assert await scene.acts_as(hers, alice) is None
    assert (await attacker.open(lured.headers["location"])).status == 404


async def test_whoever_steals_a_token_and_posts_it_first_is_not_let_in(scene: SignInScene) -> None:
    await scene.end_user("alice")
    thief, alice, server = await scene.browser(), await scene.browser(), await scene.server()
    stolen = token(scene, await challenge(scene, alice, server))
    assert (await bring(scene, thief, stolen)).status == 404
    assert (await bring(scene, alice, stolen)).status == 403
    again = token(scene, await challenge(scene, alice, server))
    assert is_consent(await bring(scene, alice, again))


async def test_a_token_for_the_attackers_own_account_is_not_injected_into_somebody_elses_browser(
    scene: SignInScene,
) -> None:
    await scene.end_user("mallory")
    mallory, victim, server = await scene.browser(), await scene.browser(), await scene.server()
    page = await scene.begun(victim, server)
    hers = token(scene, await challenge(scene, mallory, server), sub="mallory")
    assert (await bring(scene, victim, hers)).status == 404
    assert await scene.acts_as(page, victim) is None


async def test_the_key_of_another_workspace_says_nothing_here(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    second = await scene.rest.made("/workspaces", {"name": "Second", "slug": "second"})
    await set_key(scene, "second", secret="the secret of the second workspace, long too")
    given = await challenge(scene, person, server)
    foreign = signed(claims_for(scene, given), "the secret of the second workspace, long too")
    assert "not made with the key of this workspace" in await refusal(scene, foreign)
    # Nor does this one's there: which key counts follows from where the hand-off was begun.
    await scene.rest.made("/end-users", {"workspaceId": second["id"], "externalId": "alice"})
    answer = await scene.rest.patch("/workspaces/second", {"settings": {"handoffUrl": PAGE}})
    assert answer.status_code == 200
    there = await challenge(scene, person, await scene.server(workspaceId=second["id"]))
    assert "not made with the key of this workspace" in await refusal(scene, token(scene, there))


async def test_it_waits_ten_minutes_however_fresh_the_token_is(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    given = await challenge(scene, person, server)
    scene.time.passed = timedelta(minutes=10, seconds=1)
    assert "good for ten minutes" in await refusal(scene, token(scene, given))


async def test_clocks_may_be_a_minute_apart(scene: SignInScene) -> None:
    await scene.end_user("alice")
    server = await scene.server()
    for begin, end in ((30, 330), (-300, -30), (-1, 0)):
        person, now = await scene.browser(), int(scene.time().timestamp())
        late = token(scene, await challenge(scene, person, server), iat=now + begin, exp=now + end)
        assert is_consent(await bring(scene, person, late))


async def test_the_issuer_counts_where_one_was_set(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, other, server = await scene.browser(), await scene.browser(), await scene.server()
    assert is_consent(await bring(scene, other, token(scene, await challenge(scene, other, server), iss="whoever")))
    await set_key(scene, secret=SECRET, issuer="https://shop.example")
    given = await challenge(scene, person, server)
    assert "iss: is missing" in await refusal(scene, token(scene, given))
    assert "iss: has to be" in await refusal(scene, token(scene, given, iss="https://shop.example/"))
    assert is_consent(await bring(scene, person, token(scene, given, iss="https://shop.example")))


async def test_a_suspended_end_user_is_refused(scene: SignInScene) -> None:
    bob = await scene.end_user("bob")
    person, server = await scene.browser(), await scene.server()
    given = await challenge(scene, person, server)
    assert (await scene.rest.post(f"/end-users/{bob}/suspend")).status_code == 200
    assert "suspended" in await refusal(scene, token(scene, given, sub="bob"))


async def test_a_verified_address_finds_whom_the_product_does_not_know_by_id_yet(scene: SignInScene) -> None:
    person, server = await scene.browser(), await scene.server("open")
    address = {"email": "Ada@Example.com", "email_verified": True}
    await scene.by_code(person, await scene.begun(person, server), "ada@example.com")
    [ada] = await scene.everybody()
    assert "externalId" not in ada
    person = await scene.browser()
    given = await challenge(scene, person, server)
    for unverified in ({"email": "ada@example.com"}, {**address, "email_verified": "true"}):
        assert "no end user" in await refusal(scene, token(scene, given, sub="u1", **unverified))
    consent = await bring(scene, person, token(scene, given, sub="u1", **address))
    assert await scene.acts_as(consent, person) == ada["id"]
    [ada] = await scene.everybody()
    assert ada["externalId"] == "u1"
    # From then on the id decides, whatever becomes of the address.
    given = await challenge(scene, await scene.browser(), server)
    assert "no end user" in await refusal(scene, token(scene, given, sub="u2", **address))


async def test_whom_nobody_knows_is_made_once_where_the_organization_wants_that(scene: SignInScene) -> None:
    person, server = await scene.browser(), await scene.server()
    signed_in, called = await challenge(scene, person, server), await challenge(scene, person, server)
    assert "no end user" in await refusal(scene, token(scene, signed_in, sub="new"))
    settings = {"settings": {"autoCreateEndUsers": True}}
    assert (await scene.operator.patch(f"/orgs/{scene.organization_id}", settings)).status_code == 200
    consent = await bring(scene, person, token(scene, signed_in, sub="new"))
    answer = await scene.rest.post("/handoffs/confirm", {"challenge": called, "externalId": "new"})
    assert answer.status_code == 200
    [made] = await scene.everybody()
    assert await scene.acts_as(consent, person) == made["id"]
    assert made["externalId"] == "new"


async def test_an_address_never_finds_whom_the_product_knows_by_another_id(scene: SignInScene) -> None:
    await scene.end_user("alice", email="ada@example.com")
    person, server = await scene.browser(), await scene.server("open")
    given = await challenge(scene, person, server)
    address = {"email": "ada@example.com", "email_verified": True}
    assert "no end user" in await refusal(scene, token(scene, given, sub="ada", **address))


async def test_what_was_set_before_holds_no_more_and_what_was_taken_away_neither(scene: SignInScene) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    given, path = await challenge(scene, person, server), f"/workspaces/{scene.workspace_id}/handoff-key"
    await set_key(scene, secret=SECRET[::-1])
    assert "not made with the key" in await refusal(scene, token(scene, given))
    assert (await scene.rest.delete(path)).json() == {"deleted": True, "id": scene.workspace_id}
    assert "takes no signed hand-offs" in await refusal(scene, token(scene, given))
    assert (await scene.rest.delete(path)).status_code == 404
    # To call goes on working.
    answer = await scene.rest.post("/handoffs/confirm", {"challenge": given, "externalId": "alice"})
    assert is_consent(await person.open(answer.json()["returnUrl"]))


async def test_a_secret_goes_in_and_never_comes_out(scene: SignInScene) -> None:
    path = f"/workspaces/{scene.workspace_id}/handoff-key"
    shown = (await scene.rest.get(path)).json()["handoffKey"]
    moments = {name: shown.pop(name) for name in ("createdAt", "updatedAt")}
    assert all(moments.values())
    assert shown == {
        "workspaceId": scene.workspace_id,
        "kind": "secret",
        "audience": scene.url,
        "tokenUrl": f"{scene.url}/connect/handoff",
    }
    changed = await set_key(scene, jwksUrl="https://shop.example/jwks.json", issuer="https://shop.example")
    assert (changed["kind"], changed["jwksUrl"]) == ("jwks", "https://shop.example/jwks.json")
    assert changed["createdAt"] == moments["createdAt"]
    workspace = (await scene.rest.get(f"/workspaces/{scene.workspace_id}")).text
    async with scene.gateway.database.read() as tx:
        rows = await tx.handoff_keys.all_sealed(after="", limit=10)
    assert rows == []
    assert SECRET not in workspace


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, "secret or jwksUrl"),
        ({"secret": SECRET, "jwksUrl": "https://shop.example/jwks.json"}, "secret or jwksUrl"),
        ({"secret": "é" * 15 + "x"}, "32 bytes"),
        ({"secret": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq"}, "PEM"),
        ({"jwksUrl": "http://shop.example/jwks.json"}, "has to be https"),
        ({"jwksUrl": "https://shop.example/jwks.json#x"}, "fragment"),
        ({"jwksUrl": "file:///etc/passwd"}, "jwksUrl"),
        ({"secret": SECRET, "issuer": ""}, "issuer"),
    ],
)
async def test_what_can_not_be_signed_with_is_refused(scene: SignInScene, wanted: dict[str, Any], said: str) -> None:
    answer = await scene.rest.put(f"/workspaces/{scene.workspace_id}/handoff-key", wanted)
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["error"]
    assert wanted.get("secret", "nothing secret") not in answer.text


async def test_the_log_says_why_and_shows_neither_token_nor_challenge_nor_secret(
    scene: SignInScene, log_output: io.StringIO
) -> None:
    await scene.end_user("alice")
    person, server = await scene.browser(), await scene.server()
    given = await challenge(scene, person, server)
    wrong, good = token(scene, given, aud="https://other.example"), token(scene, given)
    await refusal(scene, wrong)
    back = (await post(scene, good)).headers["location"]
    logged = log_output.getvalue()
    assert "a signed hand-off was refused" in logged
    assert "aud: has to be" in logged
    for secret in (wrong, good, given, SECRET, back.rpartition("/")[2]):
        assert secret[8:] not in logged
