"""How deep JSON text is nested, and how large its parts are, told before anything is parsed: values cost memory."""

import re
from typing import Final

# Up to the next bracket outside of a string, or the end. Possessive and never without a match, so it takes linear time.
_BRACKET: Final = re.compile(r'(?:[^"\[{\]}]++|"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))*+([\[{\]}]|\Z)', re.DOTALL)


class TooDeep(ValueError):
    """The text is nested deeper than it may be."""


class PartTooLarge(ValueError):
    """One object or list in the text is larger than it may be."""


def check_bounds(text: str, *, depth: int, part: int | None = None, below: int = 0) -> None:
    """Raise `TooDeep` beyond so many levels; brackets in strings are not counted.

    With `part`, raise `PartTooLarge` for an object or a list of more characters that stands within `below` others or more.
    """
    if text.count("[") + text.count("{") <= depth and part is None:
        return
    begun: list[int] = []
    for found in _BRACKET.finditer(text):
        match found[1]:
            case "[" | "{":
                begun.append(found.start(1))
                if len(begun) > depth:
                    raise TooDeep
            case "]" | "}":
                start = begun.pop() if begun else found.start(1)
                if part is not None and len(begun) >= below and found.start(1) - start > part:
                    raise PartTooLarge
            case _:
                return
