"""A Chromium that is installed on this machine, and pictures of what it shows."""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest

from tests.parts.axe import violations
from tests.parts.presence import missing

if TYPE_CHECKING:
    # A part that not every platform has.
    from playwright.async_api import Browser, Page, ViewportSize

NAMES = ("chromium", "chromium-browser", "google-chrome")
PICTURES = Path(__file__).parents[2] / ".screenshots"
"""Kept out of commits; each run writes its pictures over those of the last."""

_Scheme: TypeAlias = Literal["light", "dark"]

_SIZES: "dict[str, tuple[ViewportSize, tuple[_Scheme, ...]]]" = {
    "wide": ({"width": 1280, "height": 800}, ("light", "dark")),
    "phone": ({"width": 320, "height": 640}, ("light", "dark")),
    # What is left of that phone where somebody enlarges everything to 200 %.
    "zoomed": ({"width": 160, "height": 320}, ("light",)),
}


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the browser, for Playwright's `executable_path` (with `args=["--no-sandbox"]`: root needs it)."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or missing("Chromium (as root `./run setup` installs it; elsewhere install your system's `chromium`)")


@pytest.fixture
async def chromium(chromium_path: str) -> AsyncIterator["Browser"]:
    """A running browser; `new_context()` makes it another person's."""
    try:
        from playwright.async_api import async_playwright
    except ImportError:
        missing("Playwright (`./run setup` installs it)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


_taken: set[Path] = set()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where to look at the pages."""
    if _taken:
        terminalreporter.write_line(f"{len(_taken)} pictures of pages are in {PICTURES}")


async def take_pictures(page: "Page", name: str) -> None:
    """Keep what the page shows: wide and on a phone, in light and dark, and enlarged on the phone.

    Holds that it is never wider than the screen, and that axe finds nothing wrong with it.
    """
    PICTURES.mkdir(exist_ok=True)
    before = page.viewport_size
    for size, (viewport, schemes) in _SIZES.items():
        await page.set_viewport_size(viewport)
        for scheme in schemes:
            await page.emulate_media(color_scheme=scheme)
            picture = PICTURES / f"{_slug(name)}-{size}-{scheme}.png"
            await page.screenshot(path=picture, full_page=True)
            _taken.add(picture)
            if size == "wide":
                assert await violations(page) == [], f"{name}, {scheme}"
        shown = await page.evaluate("document.documentElement.scrollWidth")
        assert shown <= viewport["width"], f"{name} is {shown} px wide where there are {viewport['width']}"
    await page.emulate_media(color_scheme="light")
    if before is not None:
        await page.set_viewport_size(before)


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
