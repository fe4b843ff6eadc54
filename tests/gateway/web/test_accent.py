"""A product's own colour never makes a page unreadable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.accent import contrast, normal_accent, readable, text_on

GROUNDS = ("ffffff", "18191b")


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
