"""A product's own colour never makes a page unreadable."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.accent import accent_css, contrast, normal_accent, readable, text_on

STYLE = (Path(__file__).parents[3] / "gateway" / "web" / "static" / "style.css").read_text()
GROUNDS = ("ffffff", "f6f7f9", "f1f3f6", "0f1011", "18191b", "212327")


@given(st.integers(0, 0xFFFFFF))
def test_an_accent_can_be_read_on_every_ground_of_the_stylesheet(colour: int) -> None:
    light, dark = re.findall(r"--accent:#([0-9a-f]{6})", accent_css(f"{colour:06x}"))
    shades = re.findall(r"--(?:ground|card|fill): #([0-9a-f]{6})", STYLE)
    assert len(shades) == 6
    assert min(contrast(light, ground) for ground in shades[:3]) >= 4.5
    assert min(contrast(dark, ground) for ground in shades[3:]) >= 4.5


@given(st.integers(0, 0xFFFFFF), st.sampled_from(GROUNDS))
def test_any_colour_becomes_readable_on_the_page_and_carries_readable_text(colour: int, ground: str) -> None:
    shown = readable(f"{colour:06x}", on=ground)
    assert contrast(shown, ground) >= 4.5
    assert contrast(text_on(shown), shown) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert readable("1f4fd8", on="ffffff") == "1f4fd8"


@pytest.mark.parametrize("text", ["red", "#12345", "#1234567", "#12345g", "red;}body{display:none", "#123456\n", ""])
def test_what_is_no_colour_is_none(text: str) -> None:
    assert normal_accent(text) is None


def test_black_and_white_have_the_greatest_contrast() -> None:
    assert round(contrast("000000", "ffffff"), 2) == 21
