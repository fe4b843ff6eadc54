"""A product's own colour on our pages, moved just far enough that everything on it and in it can be read.

Contrast as WCAG 2.2 counts it: 4.5 for text, on the page and on a button.
"""

import re
from typing import Final, TypeAlias

_HEX: Final = re.compile(r"#?([0-9a-f]{6})", re.IGNORECASE)
_READABLE: Final = 4.5
_STEPS: Final = 20
# The grounds of `style.css` that an accent stands on where it is hardest to read: `--fill`.
_LIGHT_PAGE: Final = "f1f3f6"
_DARK_PAGE: Final = "212327"

Rgb: TypeAlias = tuple[int, int, int]


def normal_accent(colour: str) -> str | None:
    """Return six lower-case hex digits for `#RRGGBB`, None for anything else."""
    match = _HEX.fullmatch(colour)
    return match[1].lower() if match else None


def accent_css(digits: str) -> str:
    """Return the rules that set this accent (six hex digits) on light and dark pages."""
    light, dark = readable(digits, on=_LIGHT_PAGE), readable(digits, on=_DARK_PAGE)
    return (
        f":root{{--accent:#{light};--on-accent:#{text_on(light)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{--accent:#{dark};--on-accent:#{text_on(dark)}}}}}\n"
    )


def readable(digits: str, *, on: str) -> str:
    """Return the colour nearest to this one that can be read on that ground."""
    goal = _rgb("000000" if luminance(on) > 0.5 else "ffffff")
    colour = _rgb(digits)
    for step in range(_STEPS + 1):
        mixed = "".join(f"{round(a + (b - a) * step / _STEPS):02x}" for a, b in zip(colour, goal, strict=True))
        if contrast(mixed, on) >= _READABLE:
            return mixed
    return "".join(f"{part:02x}" for part in goal)


def text_on(digits: str) -> str:
    """Return black or white, whichever reads better on this ground."""
    return max("ffffff", "000000", key=lambda text: contrast(text, digits))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(digits: str) -> float:
    """Return the relative luminance of a colour, 0 to 1."""
    red, green, blue = (_linear(part / 255) for part in _rgb(digits))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _rgb(digits: str) -> Rgb:
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
