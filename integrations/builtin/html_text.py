"""HTML mail as plain text that a person or a model can read.

Reads every character about once: mail comes from strangers, and the standard library's parser takes minutes over some
150 KB of `<a `.
"""

import re
from html import unescape
from typing import Final

BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "br", "div", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
    "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip
LINE_ONLY: Final = frozenset({"br", "hr"})
HIDDEN: Final = frozenset({"script", "style", "title", "template"})

TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
HREF: Final = re.compile(r"(?:^|\s)href\s{0,5}=\s{0,5}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)


def html_to_text(source: str) -> str:
    """The visible text of `source`: a line for each block, dashes before list items, addresses behind links."""
    writer = _Writer()
    position = 0
    while (opening := source.find("<", position)) >= 0:
        writer.text(source[position:opening])
        position = _after_markup(source, opening, writer)
    writer.text(source[position:])
    return writer.result()


def _after_markup(source: str, opening: int, writer: "_Writer") -> int:
    """Hand the tag at `opening` to `writer`; returns where to read on. What is no tag is text."""
    if source.startswith("<!--", opening):
        return _after(source, "-->", opening + 4)
    if source.startswith(("<!", "<?"), opening):
        return _after(source, ">", opening + 2)
    tag = TAG.match(source, opening)
    if tag is None:
        writer.text("<")
        return opening + 1
    closes, name, attributes = bool(tag[1]), tag[2].lower(), tag[3]
    if name in HIDDEN and not closes and not attributes.endswith("/"):
        end = re.compile(rf"</{name}\b[^<>]*>", re.IGNORECASE).search(source, tag.end())
        return end.end() if end else len(source)
    if closes:
        writer.end(name)
    else:
        writer.start(name, attributes)
    return tag.end()


def _after(source: str, mark: str, start: int) -> int:
    found = source.find(mark, start)
    return found + len(mark) if found >= 0 else len(source)


class _Writer:
    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._link: tuple[str, int] | None = None
        """Address of the open link, and where its text begins. Links don't nest: the newest counts."""

    def text(self, source: str) -> None:
        self._pieces.append(unescape(source))

    def start(self, name: str, attributes: str) -> None:
        if name in BLOCKS:
            self._pieces.append("\n- " if name == "li" else "\n")
        elif name in {"td", "th"}:
            self._pieces.append(" ")
        elif name == "a":
            href = HREF.search(attributes)
            self._link = unescape(next(filter(None, href.groups()), "") if href else ""), len(self._pieces)

    def end(self, name: str) -> None:
        if name in BLOCKS - LINE_ONLY:
            self._pieces.append("\n")
        elif name == "a" and self._link is not None:
            self._close_link(*self._link)
            self._link = None

    def result(self) -> str:
        lines = (" ".join(line.split()) for line in "".join(self._pieces).splitlines())
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()

    def _close_link(self, address: str, start: int) -> None:
        """Add the address behind the link's text, unless the text is the address."""
        text = "".join(self._pieces[start:]).strip()
        if address.startswith(("http://", "https://")) and address.rstrip("/") != text.rstrip("/"):
            self._pieces.append(f" ({address})" if text else address)
