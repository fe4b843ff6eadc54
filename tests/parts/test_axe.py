from typing import TYPE_CHECKING

from tests.parts.axe import violations

if TYPE_CHECKING:
    # A part that not every platform has.
    from playwright.async_api import Browser

FAULTY = """<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1>
<button></button><p style="color: #aaa">Hardly to be read</p></main>"""


async def test_axe_finds_what_is_wrong_with_a_page_and_nothing_where_nothing_is(chromium: "Browser") -> None:
    page = await chromium.new_page()
    await page.set_content(FAULTY)
    found = await violations(page)
    assert sorted(each.partition(" (")[0] for each in found) == ["critical: button-name", "serious: color-contrast"]
    await page.set_content(FAULTY.replace("<button></button>", "").replace("#aaa", "#111"))
    assert await violations(page) == []
