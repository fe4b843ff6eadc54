"""Words of a document, made fit for people and models: one line, nothing invisible, not endless."""

import re
import unicodedata
from typing import Final

_HTML = re.compile(r"<[^<>]{1,200}>")
NOT_IN_ADDRESSES: Final = re.compile(r"[{}\x00-\x20\x7f]")
"""Controls and blanks, and braces: a manifest's addresses are filled there."""
_LINK = re.compile(r"!?\[([^\]\[]{0,200})\]\([^()\s]{0,500}\)")


def plain(text: str, most: int) -> str:
    """Return `text` without markup, controls and invisible characters, cut at a word."""
    return legible(_LINK.sub(r"\1", _HTML.sub(" ", text[: most * 8])), most)


def legible(text: str, most: int) -> str:
    """Return `text` on one line without controls, which would drive a terminal, and invisible characters, cut at a word."""
    visible = "".join(
        " " if char.isspace() else char
        for char in text[: most * 8]
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    line = " ".join(visible.split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def identifier(text: str, *, fallback: str = "value") -> str:
    """Return a name of letters, digits and underscores that begins with a letter."""
    found = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")
    return found if found[:1].isalpha() else f"{fallback}_{found}".rstrip("_")


def snake(text: str) -> str:
    """Return `listAllPets` and `repos/list-for-org` as `list_all_pets` and `repos_list_for_org`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", text)
    return identifier(parted, fallback="call").lower()
