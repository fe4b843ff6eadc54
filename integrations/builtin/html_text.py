"""HTML mail as plain text that a person or a model can read."""

import re
from html.parser import HTMLParser
from typing import Final

HIDDEN: Final = frozenset({"script", "style", "head", "title", "template"})
BLOCKS: Final = frozenset({
    "address", "article", "blockquote", "br", "div", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li",
    "ol", "p", "pre", "section", "table", "tr", "ul",
})  # fmt: skip


def html_to_text(source: str) -> str:
    """The visible text of `source`: a line for each block, dashes before list items, addresses behind links."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.pieces).splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden_in: str | None = None
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden_in is None and tag in HIDDEN:
            self._hidden_in = tag
        if tag in BLOCKS:
            self.pieces.append("\n- " if tag == "li" else "\n")
        if tag in {"td", "th"}:
            self.pieces.append(" ")
        if tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.pieces)))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden_in:
            self._hidden_in = None
        if tag in BLOCKS:
            self.pieces.append("\n")
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())

    def handle_data(self, data: str) -> None:
        if self._hidden_in is None:
            self.pieces.append(data)

    def _close_link(self, address: str, start: int) -> None:
        """Add the address behind the link's text, unless the text is the address."""
        text = "".join(self.pieces[start:]).strip()
        if address.startswith(("http://", "https://")) and address.rstrip("/") != text.rstrip("/"):
            self.pieces.append(f" ({address})" if text else address)
