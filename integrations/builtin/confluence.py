"""What the confluence manifest can't say: spaces by key, plain text as pages, a version that follows the last one."""

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

PAGE: Final = "api/v2/pages/{pageId}"
_STORED: Final = {"body-format": "storage"}
_MARKUP: Final = re.compile(r"<(/?[a-zA-Z]|!--)")


async def get_page(call: ActionCall) -> Json:
    """One page, by id or by title."""
    named = call.arguments["pageId"]
    if re.fullmatch("[0-9]+", named):
        return _whole(await call.api.get(PAGE, call.arguments, query=_STORED))
    found = await call.api.get("api/v2/pages", query={"title": named, "limit": 2, **_STORED})
    pages: list[Json] = found.get("results", [])
    if not pages:
        raise NotFound(f"No page that this account can see is called {named!r}; search finds parts of titles.")
    if len(pages) > 1:
        raise InvalidInput("Several pages have this title; list_pages has their ids.", path="/pageId")
    return _whole(pages[0])


async def create_page(call: ActionCall) -> Json:
    """A new page."""
    given = call.arguments
    page = {
        "spaceId": await _space_id(call, given["space"]),
        "status": "current",
        "title": given["title"],
        "body": stored(given["body"]),
    }
    if "parentPageId" in given:
        page["parentId"] = given["parentPageId"]
    return _brief(await call.api.post("api/v2/pages", json=page))


async def update_page(call: ActionCall) -> Json:
    """The next version of a page. Somebody else's meanwhile makes Confluence refuse it, which loses nobody's text."""
    given = call.arguments
    if not given.keys() & {"title", "body"}:
        raise InvalidInput("Nothing to change: give a title or a body.")
    now = _whole(await call.api.get(PAGE, given, query=_STORED))
    version = {"number": int(now["version"]) + 1}
    if "versionMessage" in given:
        version["message"] = given["versionMessage"]
    page = {
        "id": given["pageId"],
        "status": "current",
        "title": given.get("title", now["title"]),
        "body": stored(given["body"]) if "body" in given else {"representation": "storage", "value": now["body"]},
        "version": version,
    }
    return _brief((await call.api.send("PUT", PAGE, given, json=page)).json)


async def add_comment(call: ActionCall) -> Json:
    """A new comment below a page."""
    comment = {"pageId": call.arguments["pageId"], "body": stored(call.arguments["body"])}
    return {"id": (await call.api.post("api/v2/footer-comments", json=comment)).get("id")}


def stored(text: str) -> Json:
    """A body in storage format: markup as it stands, of plain text one paragraph for each that an empty line ends."""
    if _MARKUP.search(text):
        return {"representation": "storage", "value": text}
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\n\s*\n", text.replace("\r\n", "\n"))]
    value = "".join(f"<p>{escape(each).replace(chr(10), '<br/>')}</p>" for each in paragraphs if each)
    return {"representation": "storage", "value": value}


async def _space_id(call: ActionCall, space: str) -> str:
    if re.fullmatch("[0-9]+", space):
        return space
    found: list[Json] = (await call.api.get("api/v2/spaces", query={"keys": space})).get("results", [])
    if not found:
        raise NotFound(f"This account sees no space with the key {space!r}; list_spaces has them.")
    return str(found[0]["id"])


def _brief(page: Mapping[str, Json]) -> dict[str, Json]:
    links: Json = page.get("_links", {})
    return {
        "id": page.get("id"),
        "title": page.get("title"),
        "space_id": page.get("spaceId"),
        "parent_id": page.get("parentId"),
        "version": page.get("version", {}).get("number"),
        "url": f"{links.get('base', '')}{links.get('webui', '')}" or None,
    }


def _whole(page: Mapping[str, Json]) -> dict[str, Json]:
    return _brief(page) | {"body": page.get("body", {}).get("storage", {}).get("value", "")}
