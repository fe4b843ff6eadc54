"""What the google-docs manifest can't say: documents as text, and places that are a point or the end."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.google_docs_text import as_markdown, content_of, paragraphs, tabs_of
from integrations.builtin.google_drive import part_of, quoted
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

DOCUMENT: Final = "documents/{documentId}"
READ: Final = "documentId,title,revisionId,tabs(tabProperties(tabId,title),documentTab(body),childTabs)"
FILES: Final = "nextPageToken,files(id,name,modifiedTime,owners(displayName,emailAddress),webViewLink)"
MIME_TYPE: Final = "application/vnd.google-apps.document"
STYLES: Final = ("bold", "italic", "underline", "strikethrough")


async def list_documents(call: ActionCall) -> Json:
    """The documents of the account, what changed last first. The address is Drive's."""
    arguments = call.arguments
    wanted = [f"mimeType = '{MIME_TYPE}'", "trashed = false"]
    if "query" in arguments:
        wanted.append(f"fullText contains {quoted(arguments['query'])}")
    query = {name: arguments[name] for name in ("pageSize", "pageToken") if name in arguments} | {
        "q": " and ".join(wanted),
        "supportsAllDrives": True,
        "includeItemsFromAllDrives": True,
        "fields": FILES,
    }
    # Drive sorts what it finds by its words on its own, and refuses another order.
    order = {} if "query" in arguments else {"orderBy": "modifiedTime desc"}
    return await call.api.get("files", query=query | order)


async def get_document(call: ActionCall) -> Json:
    """One tab of a document as text, or by paragraph."""
    where = {"documentId": call.arguments["documentId"]}
    document = await call.api.get(DOCUMENT, where, query={"includeTabsContent": True, "fields": READ})
    tabs = list(tabs_of(document))
    content = content_of(_tab(tabs, call.arguments.get("tabId")))
    about = {name: document.get(name) for name in ("documentId", "title", "revisionId")}
    about["tabs"] = [tab["tabProperties"] for tab in tabs]
    if call.arguments.get("format", "text") == "text":
        return about | part_of(as_markdown(content), call.arguments)
    return about | _some([*paragraphs(content)], call.arguments)


async def insert_text(call: ActionCall) -> Json:
    """Put text at a place, or at the end."""
    return await _change(call, {"insertText": _place(call.arguments) | {"text": call.arguments["text"]}})


async def insert_table(call: ActionCall) -> Json:
    """Put an empty table at a place, or at the end."""
    size = {name: int(call.arguments[name]) for name in ("rows", "columns")}
    return await _change(call, {"insertTable": _place(call.arguments) | size})


async def insert_image(call: ActionCall) -> Json:
    """Put a picture of the web at a place, or at the end."""
    return await _change(call, {"insertInlineImage": _place(call.arguments) | {"uri": call.arguments["uri"]}})


async def format_text(call: ActionCall) -> Json:
    """Set how the text of a range looks."""
    arguments = call.arguments
    style: dict[str, Json] = {name: arguments[name] for name in STYLES if name in arguments}
    if "link" in arguments:
        style["link"] = {"url": arguments["link"]} if arguments["link"] else None
    if not style:
        raise InvalidInput(f"Give at least one of {', '.join(STYLES)} and link.")
    return await _change(
        call, {"updateTextStyle": {"range": _range(arguments), "textStyle": style, "fields": ",".join(style)}}
    )


async def _change(call: ActionCall, request: Json) -> Json:
    body = {"requests": [request]}
    where = {"documentId": call.arguments["documentId"]}
    answer = await call.api.post(f"{DOCUMENT}:batchUpdate", where, json=body)
    return {
        "documentId": answer.get("documentId"),
        "revisionId": answer.get("writeControl", {}).get("requiredRevisionId"),
    }


def _tab(tabs: list[Mapping[str, Json]], wanted: str | None) -> Mapping[str, Json]:
    for tab in tabs:
        if wanted is None or tab["tabProperties"]["tabId"] == wanted:
            return tab
    raise NotFound(f"The document has no tab {wanted!r}.")


def _some(found: list[dict[str, Json]], arguments: Mapping[str, Json]) -> dict[str, Json]:
    """The paragraphs from the index `offset` on, as many as have `maxCharacters` together (one at least)."""
    start, left = int(arguments.get("offset", 0)), int(arguments.get("maxCharacters", 20_000))
    kept: list[dict[str, Json]] = []
    for paragraph in found:
        if paragraph["startIndex"] < start:
            continue
        left -= len(paragraph["text"])
        if kept and left < 0:
            return {"paragraphs": kept, "nextOffset": paragraph["startIndex"]}
        kept.append(paragraph)
    return {"paragraphs": kept}


def _place(arguments: Mapping[str, Json]) -> dict[str, Json]:
    tab = {"tabId": arguments["tabId"]} if "tabId" in arguments else {}
    if "index" in arguments:
        return {"location": {"index": int(arguments["index"])} | tab}
    return {"endOfSegmentLocation": tab}


def _range(arguments: Mapping[str, Json]) -> dict[str, Json]:
    tab = {"tabId": arguments["tabId"]} if "tabId" in arguments else {}
    return {name: int(arguments[name]) for name in ("startIndex", "endIndex")} | tab
