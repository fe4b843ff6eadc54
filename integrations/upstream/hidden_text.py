"""Characters that models read and people don't see (security R32)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final, cast

from integrations.ports import Json

_MOST_NAMED: Final = 5
# Shown as a blank, or as nothing, though they are letters or marks: fillers, and selectors in a row, which carry text.
_BLANK_LETTERS: Final = frozenset("\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_SELECTORS_IN_A_ROW: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2,}")
_PLAIN_CONTROLS: Final = frozenset("\t\n\r")


def has_hidden(text: str) -> bool:
    """Tell whether the text has a character of which a reader sees nothing: zero-width, bidi, tags, fillers."""
    return not text.isascii() and (any(map(_is_hidden, set(text))) or bool(_runs(text)))


def hidden_in(text: str) -> str:
    """Name what nobody sees in the text: `U+200B, U+E0041`."""
    found = dict.fromkeys(c for c in text if _is_hidden(c)) | dict.fromkeys("".join(_runs(text)))
    named = [f"U+{ord(character):04X}" for character in found]
    return ", ".join(named[:_MOST_NAMED]) + (f" and {len(named) - _MOST_NAMED} more" if named[_MOST_NAMED:] else "")


def is_broken(text: str) -> bool:
    """Tell whether the text has a control character or half of a surrogate pair, which no text needs."""
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in set(text) - _PLAIN_CONTROLS)


def shown(value: Json) -> Json:
    r"""Return the value with what nobody sees written out, such as `\u200b`."""
    if isinstance(value, str) and (is_broken(value) or has_hidden(value)):
        return "".join(_escaped(c) if _is_hidden(c) or is_broken(c) else c for c in value)
    if isinstance(value, Mapping):
        return {shown(key): shown(inner) for key, inner in cast("Mapping[str, Json]", value).items()}
    return [shown(inner) for inner in cast("list[Json]", value)] if isinstance(value, list | tuple) else value


def texts_in(value: Json, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text in a value, keys included, with its place as a JSON Pointer."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, Json]", value).items():
            yield place, key
            yield from texts_in(inner, f"{place}/{key}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(cast("list[Json]", value)):
            yield from texts_in(inner, f"{place}/{number}")


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Co", "Zl", "Zp"} or character in _BLANK_LETTERS


def _runs(text: str) -> list[str]:
    return _SELECTORS_IN_A_ROW.findall(text)


def _escaped(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
