"""Codes, access tokens and refresh tokens (security R12, R18; design/links-and-identity)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from gateway.access.granted import Granted
from gateway.access.oauth_errors import OAuthError
from gateway.errors import RateLimited
from gateway.kit.tokens import TokenKind, is_well_formed
from gateway.wiring import Gateway
from storage.records import OAuthRefreshToken
from tests.gateway.access.granting import AGENT, OTHER, VERIFIER, Granting, granting
from tests.parts.clock import Time
from tests.parts.rest import Rest


@pytest.fixture
async def scene(gateway: Gateway, api: Rest) -> Granting:
    time = Time()
    return await granting(gateway, api, time, now=time)


async def test_a_code_gives_an_access_token_for_an_hour_and_a_refresh_token(scene: Granting) -> None:
    granted = await scene.granted()
    assert is_well_formed(granted.access_token, TokenKind.MCP_OAUTH)
    assert is_well_formed(granted.refresh_token or "", TokenKind.MCP_REFRESH)
    assert (granted.expires_in, granted.scopes, granted.resource) == (3_600, ("mcp:tools",), scene.resource)
    assert await scene.opens(granted.access_token)
    scene.time.passed = timedelta(hours=1, seconds=1)
    assert not await scene.opens(granted.access_token)


async def test_a_code_used_twice_gives_nothing_and_ends_what_it_gave(scene: Granting) -> None:
    code = await scene.code()
    granted = await scene.redeemed(code)
    with pytest.raises(OAuthError, match="used before") as refused:
        await scene.redeemed(code)
    assert refused.value.error == "invalid_grant"
    assert not await scene.opens(granted.access_token)
    with pytest.raises(OAuthError):
        await scene.refreshed(granted.refresh_token)


async def test_of_fifty_at_once_one_gets_tokens_and_the_second_ends_them(scene: Granting) -> None:
    code = await scene.code()
    answers = await asyncio.gather(*(scene.redeemed(code) for _ in range(50)), return_exceptions=True)
    granted = [each for each in answers if isinstance(each, Granted)]
    assert len(granted) == 1
    assert [each.error for each in answers if isinstance(each, OAuthError)] == ["invalid_grant"] * 49
    assert not await scene.opens(granted[0].access_token)


@pytest.mark.parametrize("verifier", [None, "", VERIFIER[:-1], VERIFIER + "x", "a" * 43, "a" * 129, VERIFIER + "\n"])
async def test_without_its_verifier_a_code_is_worth_nothing_and_gone(scene: Granting, verifier: str | None) -> None:
    code = await scene.code()
    with pytest.raises(OAuthError, match="code_verifier") as refused:
        await scene.redeemed(code, verifier=verifier)
    assert refused.value.error == "invalid_grant"
    with pytest.raises(OAuthError, match="none like this"):
        await scene.redeemed(code)


async def test_another_clients_code_is_refused_and_stays_good_for_its_owner(scene: Granting) -> None:
    code = await scene.code()
    with pytest.raises(OAuthError, match="none like this for this client"):
        await scene.redeemed(code, OTHER)
    assert await scene.redeemed(code)


async def test_a_code_is_for_one_redirect_address_and_one_server_and_a_minute(scene: Granting) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"redirect_uri": None}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:3335/callback"}, "invalid_grant"),
        ({"resource": None}, "invalid_target"),
        ({"resource": scene.resource + "/"}, "invalid_target"),
        ({"resource": scene.resource.upper()}, "invalid_target"),
    ]
    for shown, error in wrong:
        with pytest.raises(OAuthError) as refused:
            await scene.redeemed(await scene.code(), **shown)
        assert refused.value.error == error, shown
    code = await scene.code()
    scene.time.passed = timedelta(seconds=61)
    with pytest.raises(OAuthError, match="expired"):
        await scene.redeemed(code)
    for garbage in ("", "x", "oac_", "oac_" + "a" * 38, "\x00"):
        with pytest.raises(OAuthError, match="none like this"):
            await scene.redeemed(garbage)


async def test_only_a_client_of_one_server_need_not_name_it(scene: Granting) -> None:
    its, foreign = replace(AGENT, server_id=scene.server.id), replace(AGENT, server_id="another")
    granted = await scene.redeemed(await scene.code(its), its, resource=None)
    assert await scene.refreshed(granted.refresh_token, its, resource=None)
    with pytest.raises(OAuthError, match="resource"):
        await scene.redeemed(await scene.code(foreign), foreign, resource=None)


async def test_twenty_refreshes_at_once_all_get_the_same_successor(scene: Granting) -> None:
    granted = await scene.granted()
    answers = await asyncio.gather(*(scene.refreshed(granted.refresh_token) for _ in range(20)))
    assert len({each.refresh_token for each in answers}) == len({each.access_token for each in answers}) == 1
    assert answers[0].refresh_token != granted.refresh_token
    assert await scene.opens(answers[0].access_token)
    assert await scene.refreshed(answers[0].refresh_token)


async def test_a_replaced_refresh_token_that_comes_later_ends_the_whole_family(scene: Granting) -> None:
    first = await scene.granted()
    second = await scene.refreshed(first.refresh_token)
    scene.time.passed = timedelta(seconds=20)  # the machine may be slow itself
    assert await scene.refreshed(first.refresh_token) == second
    scene.time.passed = timedelta(seconds=32)
    with pytest.raises(OAuthError, match="used before"):
        await scene.refreshed(first.refresh_token)
    with pytest.raises(OAuthError):
        await scene.refreshed(second.refresh_token)
    assert not await scene.opens(second.access_token)


async def test_a_grandparent_ends_the_family_even_while_its_child_would_not(scene: Granting) -> None:
    first = await scene.granted()
    second = await scene.refreshed(first.refresh_token)
    scene.time.passed = timedelta(seconds=20)
    third = await scene.refreshed(second.refresh_token)
    scene.time.passed = timedelta(seconds=40)
    with pytest.raises(OAuthError, match="used before"):
        await scene.refreshed(first.refresh_token)
    assert not await scene.opens(third.access_token)


async def test_a_grandparent_ends_the_family_also_within_the_half_minute(scene: Granting) -> None:
    first = await scene.granted()
    second = await scene.refreshed(first.refresh_token)
    third = await scene.refreshed(second.refresh_token)
    with pytest.raises(OAuthError, match="used before"):
        await scene.refreshed(first.refresh_token)
    for granted in (second, third):
        assert not await scene.opens(granted.access_token)
    with pytest.raises(OAuthError, match="ended"):
        await scene.refreshed(third.refresh_token)


async def test_a_grant_that_is_refreshed_in_circles_has_to_wait_and_is_not_ended_by_that(scene: Granting) -> None:
    scene.time.passed = timedelta(seconds=60 - scene.time().timestamp() % 60)
    token = (await scene.granted()).refresh_token
    for _ in range(60):
        token = (await scene.refreshed(token)).refresh_token
    with pytest.raises(RateLimited) as waits:
        await scene.refreshed(token)
    assert 0 < waits.value.retry_after <= 60
    assert await scene.refreshed((await scene.granted()).refresh_token)
    scene.time.passed += timedelta(seconds=60)
    assert await scene.refreshed(token)


async def test_replaced_tokens_are_kept_until_nobody_can_come_back_with_them(scene: Granting, gateway: Gateway) -> None:
    async def kept() -> int:
        async with gateway.database.read() as tx:
            return await tx.session.scalar(select(func.count()).select_from(OAuthRefreshToken)) or 0

    granted = await scene.granted()
    for days in (0, 40, 80):
        scene.time.passed = timedelta(days=days)
        granted = await scene.refreshed(granted.refresh_token)
    assert await kept() == 4
    scene.time.passed = timedelta(days=91)
    granted = await scene.refreshed(granted.refresh_token)
    assert await kept() == 4
    assert await scene.opens(granted.access_token)


async def test_a_server_that_is_for_somebody_else_now_refreshes_nothing(scene: Granting, api: Rest) -> None:
    granted = await scene.granted()
    await api.made("/end-users", {"workspaceId": "a", "externalId": "bob"})
    changed = await api.patch(f"/mcp/servers/{scene.server.id}", {"endUserId": "bob"})
    assert changed.status_code == 200, changed.text
    with pytest.raises(OAuthError, match="ended"):
        await scene.refreshed(granted.refresh_token)


async def test_a_family_that_is_not_used_for_ninety_days_ends(scene: Granting) -> None:
    granted = await scene.granted()
    scene.time.passed = timedelta(days=89)
    granted = await scene.refreshed(granted.refresh_token)
    scene.time.passed = timedelta(days=178)
    granted = await scene.refreshed(granted.refresh_token)
    scene.time.passed = timedelta(days=269)
    with pytest.raises(OAuthError, match="sign in again"):
        await scene.refreshed(granted.refresh_token)


async def test_a_refresh_can_narrow_scopes_and_widen_neither_scope_nor_server(scene: Granting) -> None:
    granted = await scene.redeemed(await scene.code(scopes=["mcp:tools", "mcp:code"]))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"scopes": ["mcp:tools", "admin"]}, "invalid_scope"),
        ({"scopes": []}, "invalid_scope"),
        ({"resource": None}, "invalid_target"),
        ({"resource": scene.resource + "x"}, "invalid_target"),
    ]
    for asked, error in wrong:
        with pytest.raises(OAuthError) as refused:
            await scene.refreshed(granted.refresh_token, **asked)
        assert refused.value.error == error
    assert (await scene.refreshed(granted.refresh_token, scopes=["mcp:code"])).scopes == ("mcp:code",)


async def test_another_clients_refresh_token_is_refused_and_stays_good_for_its_owner(scene: Granting) -> None:
    granted = await scene.granted()
    with pytest.raises(OAuthError, match="has ended"):
        await scene.refreshed(granted.refresh_token, OTHER)
    assert await scene.refreshed(granted.refresh_token)


async def test_neither_tokens_nor_codes_nor_successors_stand_in_the_database(scene: Granting) -> None:
    code = await scene.code()
    first = await scene.redeemed(code)
    second = await scene.refreshed(first.refresh_token)
    kept = b"".join(file.read_bytes() for file in scene.gateway.settings.data_dir.glob("toolgate.db*"))
    for secret in (code, first.access_token, first.refresh_token, second.access_token, second.refresh_token):
        assert (secret or "?").encode() not in kept


async def test_a_client_ends_its_own_tokens_and_no_others(scene: Granting) -> None:
    granted = await scene.granted()
    for token in (granted.access_token, granted.refresh_token or "", "nonsense"):
        await scene.grants.end_by_token(OTHER, token)
    assert await scene.opens(granted.access_token)

    await scene.grants.end_by_token(AGENT, granted.access_token)
    assert not await scene.opens(granted.access_token)
    granted = await scene.refreshed(granted.refresh_token)
    await scene.grants.end_by_token(AGENT, granted.refresh_token or "")
    assert not await scene.opens(granted.access_token)


async def test_a_suspended_end_user_and_a_server_without_sign_in_end_refreshing(scene: Granting, api: Rest) -> None:
    granted = await scene.granted()
    await api.post(f"/end-users/{scene.end_user.id}/suspend")
    with pytest.raises(OAuthError, match="has ended"):
        await scene.refreshed(granted.refresh_token)
    await api.post(f"/end-users/{scene.end_user.id}/resume")
    granted = await scene.refreshed(granted.refresh_token)
    await api.patch(f"/mcp/servers/{scene.server.id}", {"authMode": "bearer"})
    with pytest.raises(OAuthError, match="has ended"):
        await scene.refreshed(granted.refresh_token)
