"""What the notion manifest can't say: pages whose values are unwrapped, and content that is read level by level."""

from typing import Final, cast

from integrations.action import ActionCall
from integrations.builtin.notion_values import brief_page, plain_text, rich_text
from integrations.failures import ActionFailed
from integrations.ports import Json

PAGE_SIZE: Final = 100
MAX_REQUESTS: Final = 30
"""Requests that reading one page's blocks may take: Notion lets three a second through."""


async def find_page(call: ActionCall) -> Json:
    """Pages whose title holds, or is, what was asked for."""
    given = call.arguments
    exact = given["exact_match"]
    asked = {
        "query": given["title"],
        "filter": {"property": "object", "value": "page"},
        "page_size": PAGE_SIZE if exact else int(given["limit"]),
    }
    found = await call.api.post("search", json=asked)
    pages = [brief_page(page) for page in found.get("results", ())]
    matching = [page for page in pages if not exact or page["title"] == given["title"]]
    return {"pages": matching[: int(given["limit"])]}


async def search(call: ActionCall) -> Json:
    """One page of results, pages and data sources alike."""
    given = call.arguments
    asked: dict[str, Json] = {"page_size": int(given["limit"])}
    if "query" in given:
        asked["query"] = given["query"]
    if "kind" in given:
        asked["filter"] = {"property": "object", "value": given["kind"]}
    if "cursor" in given:
        asked["start_cursor"] = given["cursor"]
    found = await call.api.post("search", json=asked)
    return {"results": [_brief(each) for each in found.get("results", ())], "next_cursor": found.get("next_cursor")}


async def get_page(call: ActionCall) -> Json:
    """One page's properties."""
    return brief_page(await call.api.get("pages/{page_id}", call.arguments))


async def create_page(call: ActionCall) -> Json:
    """A page below another one; it starts with its content."""
    given = call.arguments
    page: dict[str, Json] = {
        "parent": {"page_id": given["pageId"]},
        "properties": {"title": {"title": rich_text(given.get("title", ""))}},
    }
    if given.get("content"):
        page["markdown"] = given["content"]
    return brief_page(await call.api.post("pages", json=page))


async def get_children(call: ActionCall) -> Json:
    """The content as Markdown, or as blocks."""
    given = call.arguments
    if given["markdown"]:
        page = await call.api.get("pages/{parentId}/markdown", given)
        return {"markdown": page.get("markdown", ""), "truncated": bool(page.get("truncated"))}
    depth = int(given.get("dynamic", {}).get("depth", 1))
    return {"blocks": await _Blocks(call).below(given["parentId"], depth)}


async def get_page_comments(call: ActionCall) -> Json:
    """One page of comments, their text without its formatting."""
    given = call.arguments
    query = {"block_id": given["page_id"], "page_size": PAGE_SIZE, "start_cursor": given.get("cursor")}
    found = await call.api.get("comments", query=query)
    comments = [
        {
            "id": comment["id"],
            "discussion_id": comment.get("discussion_id"),
            "text": plain_text(comment.get("rich_text", [])),
            "created_by": comment.get("created_by", {}).get("id"),
            "created_time": comment.get("created_time"),
        }
        for comment in found.get("results", ())
    ]
    return {"comments": comments, "next_cursor": found.get("next_cursor")}


class _Blocks:
    """Reads blocks level by level, with an end to its patience."""

    def __init__(self, call: ActionCall) -> None:
        self._call = call
        self._left = MAX_REQUESTS

    async def below(self, parent: str, depth: int) -> list[Json]:
        """The blocks inside `parent`, each with those inside it down to `depth` levels."""
        blocks: list[Json] = []
        cursor: Json = None
        while True:
            page = await self._page(parent, cursor)
            blocks.extend([await self._brief(block, depth) for block in page.get("results", ())])
            cursor = page.get("next_cursor")
            if not cursor:
                return blocks

    async def _page(self, parent: str, cursor: Json) -> Json:
        if not self._left:
            raise ActionFailed("The page has too many blocks to read at once; ask for a smaller depth, or as Markdown.")
        self._left -= 1
        query = {"page_size": PAGE_SIZE, "start_cursor": cursor}
        return await self._call.api.get("blocks/{block_id}/children", {"block_id": parent}, query=query)

    async def _brief(self, block: dict[str, Json], depth: int) -> Json:
        kind = str(block.get("type"))
        content = cast("dict[str, Json]", block.get(kind) or {})
        kept = {name: value for name, value in content.items() if name in {"url", "checked", "language", "title"}}
        brief = {"id": block.get("id"), "type": kind, "text": plain_text(content.get("rich_text", []))} | kept
        if block.get("has_children"):
            inside = await self.below(str(block["id"]), depth - 1) if depth > 1 else None
            brief |= {"has_children": True} if inside is None else {"children": inside}
        return brief


def _brief(found: dict[str, Json]) -> Json:
    if found.get("object") == "page":
        return {"object": "page"} | brief_page(found)
    parent = cast("dict[str, Json]", found.get("parent") or {})
    title = plain_text(found.get("title", []))
    return {"object": "database", "id": parent.get("database_id"), "title": title, "url": found.get("url")}
