"""The page of programs in a real Chromium: none, several, and after one was ended; pictured."""

from datetime import timedelta
from typing import TYPE_CHECKING

from storage.scope import TenantScope
from tests.gateway.portal.shop import Shop
from tests.gateway.portal.test_agents import grant_of, let_in, link_identity, person_of
from tests.parts.browser import take_pictures

if TYPE_CHECKING:
    # A part that not every platform has.
    from playwright.async_api import Browser


async def test_every_state_of_the_programs_is_drawn(shop: Shop, chromium: "Browser") -> None:
    page = await (await chromium.new_context()).new_page()
    await page.goto(await shop.portal())
    await page.get_by_role("link", name="Programs that act for you").click()
    await take_pictures(page, "programs, none")
    await several(shop)
    await page.reload()
    await take_pictures(page, "programs, several")
    await page.get_by_role("button", name="Remove Desk Agent").click()
    await page.get_by_role("status").wait_for()
    assert await page.get_by_role("heading", name="Desk Agent").count() == 0
    await take_pictures(page, "programs, one ended")


async def several(shop: Shop) -> None:
    """Let Alice have used three programs, and be signed in somewhere."""
    alice, calls = await person_of(shop, "alice"), shop.served.gateway.authorizing.calls
    await let_in(shop, name="Idle")
    acme = {"tool": "acme__create_note", "title": "Create a note", "integration": "Acme"}
    for name, failed in (("Desk Agent", False), ("A programme with a rather long name of its own", True)):
        calls.note(await grant_of(shop, await let_in(shop, name=name)), **acme, failed=failed)
    await calls.write()
    async with shop.served.gateway.database.write() as tx:
        scope = TenantScope(alice.organization_id)
        page = await tx.oauth_grants.page(
            scope, end_user_id=alice.id, server_id=None, now=shop.served.gateway.clock(), limit=10, offset=0
        )
        for days, grant in enumerate(page.rows):
            hosted = f"https://agent-{days}.example/callback" if days else grant.redirect_uri
            await tx.oauth_grants.update(
                grant, redirect_uri=hosted, created_at=grant.created_at - timedelta(days=30 * days)
            )
    await link_identity(shop, alice, scope.within(alice.workspace_id))
