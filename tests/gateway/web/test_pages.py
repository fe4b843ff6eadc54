"""The look, the headers and the files that all pages share."""

import re
from dataclasses import dataclass

import httpx2
import pytest
from starlette.applications import Starlette

from gateway.settings import Settings
from gateway.web.assets import accent_url, asset_routes, asset_url
from gateway.web.headers import page_headers
from gateway.web.pages import Button, Pages


@dataclass(frozen=True)
class Brand:
    name: str = "Acme & Sons"
    logo: str | None = None
    accent_color: str | None = None
    support_url: str | None = None


@pytest.fixture
def pages(settings: Settings) -> Pages:
    return Pages(settings, "gateway.portal")


async def fetch(path: str) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=Starlette(routes=asset_routes()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get(path)


def body(pages: Pages, *sentences: str, brand: Brand | None = None, button: Button | None = None) -> str:
    return bytes(pages.say("A title", *sentences, brand=brand, button=button).body).decode()


def test_every_page_has_the_headers_that_keep_it_to_itself(pages: Pages) -> None:
    headers = pages.say("A title", status=404).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


def test_over_https_browsers_are_told_to_stay_with_it() -> None:
    assert page_headers(is_https=True)["Strict-Transport-Security"].startswith("max-age=")


def test_a_page_that_may_be_a_popup_stays_within_reach_of_its_opener() -> None:
    assert page_headers(is_https=True, may_be_popup=True)["Cross-Origin-Opener-Policy"] == "unsafe-none"


def test_what_a_page_says_is_text_and_never_markup(pages: Pages) -> None:
    html = body(pages, "<script>alert(1)</script>{{ 7 * 7 }}", brand=Brand(name="<b>Bold</b>"))
    assert "<script>alert" not in html
    assert "{{ 7 * 7 }}" in html
    assert "&lt;b&gt;Bold&lt;/b&gt;" in html


def test_a_page_needs_no_script_and_no_inline_style(pages: Pages) -> None:
    html = body(pages, "Hello", brand=Brand(accent_color="#ff0000"), button=Button("Back", "/"))
    assert "<script" not in html
    assert "style=" not in html
    assert "<style" not in html


def test_a_page_names_its_language_and_its_landmarks(pages: Pages) -> None:
    html = body(pages, brand=Brand(support_url="mailto:help@example.com"))
    for part in (
        '<html lang="en">',
        "<main>",
        "<header",
        "<footer>",
        "<h1>",
        "<title>A title · Acme &amp; Sons</title>",
    ):
        assert part in html


async def test_the_stylesheet_may_be_kept_because_its_address_changes_with_it() -> None:
    answer = await fetch(asset_url("style.css"))
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]


async def test_an_accent_is_a_stylesheet_of_its_own() -> None:
    address = accent_url("#FF0000")
    assert address is not None
    answer = await fetch(address)
    assert re.search(r"--accent:#[0-9a-f]{6}", answer.text)


@pytest.mark.parametrize(
    "path", ["nothing.css", "../pages.py", "%2e%2e/pages.py", "accent/red.css", "accent/FF0000.css"]
)
async def test_no_other_file_is_served(path: str) -> None:
    assert (await fetch(f"/connect/static/{path}")).status_code == 404


def test_a_colour_that_is_none_has_no_stylesheet() -> None:
    assert accent_url("red;}") is None
    assert accent_url(None) is None


def test_no_name_can_turn_the_text_around_it(pages: Pages) -> None:
    shown = body(pages, "Open \u202egnp.exe\u202c and \u2067more\u2069, אבג")
    assert "Open gnp.exe and more, אבג" in shown
