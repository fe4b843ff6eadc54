"""Google Docs documents as text: as Markdown to read, or by paragraph with its place to change it there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from integrations.ports import Json

Element = Mapping[str, Json]

HEADINGS: Final = {"TITLE": "# ", "SUBTITLE": "## "} | {f"HEADING_{level}": "#" * level + " " for level in range(1, 7)}


def tabs_of(document: Element) -> Iterator[Element]:
    """The tabs of a document, each before those within it."""
    yield from _with_children(document.get("tabs", ()))


def content_of(tab: Element) -> Sequence[Element]:
    """What a tab holds, from top to bottom."""
    return tab.get("documentTab", {}).get("body", {}).get("content", ())


def as_markdown(content: Iterable[Element]) -> str:
    """The text with headings, lists and tables."""
    return "".join(_markdown(element) for element in content).strip() + "\n"


def paragraphs(content: Iterable[Element]) -> Iterator[dict[str, Json]]:
    """Each paragraph with where it starts and ends, those in tables too."""
    for element in content:
        if "paragraph" in element:
            style = element["paragraph"].get("paragraphStyle", {}).get("namedStyleType", "NORMAL_TEXT")
            place = {"startIndex": element.get("startIndex", 0), "endIndex": element.get("endIndex")}
            yield place | {"style": style, "text": _text(element["paragraph"])}
        for row in element.get("table", {}).get("tableRows", ()):
            for cell in row.get("tableCells", ()):
                yield from paragraphs(cell.get("content", ()))


def _with_children(tabs: Iterable[Element]) -> Iterator[Element]:
    for tab in tabs:
        yield tab
        yield from _with_children(tab.get("childTabs", ()))


def _markdown(element: Element) -> str:
    if "paragraph" in element:
        return _paragraph(element["paragraph"])
    if "table" in element:
        return _table(element["table"])
    return ""


def _paragraph(paragraph: Element) -> str:
    text = _text(paragraph).strip("\n").replace("\v", "\n")
    if not text.strip():
        return "\n"
    if bullet := paragraph.get("bullet"):
        return "  " * bullet.get("nestingLevel", 0) + f"- {text}\n"
    return HEADINGS.get(paragraph.get("paragraphStyle", {}).get("namedStyleType", ""), "") + text + "\n"


def _table(table: Element) -> str:
    rows = [[_cell(cell) for cell in row.get("tableCells", ())] for row in table.get("tableRows", ())]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if lines:
        lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(["", *lines, "", ""])


def _cell(cell: Element) -> str:
    return " ".join(as_markdown(cell.get("content", ())).split()).replace("|", "\\|")


def _text(paragraph: Element) -> str:
    return "".join(_written(element) for element in paragraph.get("elements", ()))


def _written(element: Element) -> str:
    """What a part of a paragraph says: its text, or the title of what it links to."""
    if "textRun" in element:
        return str(element["textRun"].get("content", ""))
    if "richLink" in element:
        link = element["richLink"].get("richLinkProperties", {})
        return f"[{link.get('title', link.get('uri', ''))}]({link.get('uri', '')})"
    person = element.get("person", {}).get("personProperties", {})
    return str(person.get("name") or person.get("email") or "")
