"""axe-core, which finds what people who use a screen reader, a keyboard or strong contrast stumble over."""

from functools import cache
from typing import TYPE_CHECKING, Any

from tests.parts.node import PACKAGES
from tests.parts.presence import missing

if TYPE_CHECKING:
    # A part that not every platform has.
    from playwright.async_api import Page


async def violations(page: "Page") -> list[str]:
    """What axe finds wrong with the page as it is shown: how bad, which rule, and where."""
    # Not as a script of the page, which its policy forbids.
    await page.evaluate(f"{_source()}; null")
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [_told(each) for each in found["violations"]]


def _told(violation: dict[str, Any]) -> str:
    places = ", ".join(" ".join(map(str, node["target"])) for node in violation["nodes"])
    return f"{violation['impact']}: {violation['id']} ({violation['help']}): {places}"


@cache
def _source() -> str:
    path = PACKAGES / "axe-core" / "axe.min.js"
    if not path.exists():
        missing("axe-core (`./run setup` installs it)")
    return path.read_text(encoding="utf-8")
