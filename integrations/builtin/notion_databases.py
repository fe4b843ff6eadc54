"""Notion's databases: items have the properties of a data source, of which a database has one or several."""

from collections.abc import Mapping
from typing import Final, cast

from integrations.action import ActionCall
from integrations.builtin.notion_values import brief_page, conditions, plain_text, properties
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

FOUND_AT_MOST: Final = 50


async def retrieve_database(call: ActionCall) -> Json:
    """A database, and what its data source asks of items."""
    database = await call.api.get("databases/{database_id}", call.arguments)
    source = await _source(call, database)
    kept = {"id": database.get("id"), "title": plain_text(database.get("title", [])), "url": database.get("url")}
    asked = {name: _brief_property(declared) for name, declared in source["properties"].items()}
    return kept | {"data_sources": database["data_sources"], "properties": asked}


async def query_database(call: ActionCall) -> Json:
    """One page of items."""
    given = call.arguments
    asked: dict[str, Json] = {name: given[name] for name in ("filter", "sorts") if name in given}
    asked["page_size"] = int(given["limit"])
    if "cursor" in given:
        asked["start_cursor"] = given["cursor"]
    database = await call.api.get("databases/{database_id}", given)
    return await _query(call, _source_id(call, database), asked)


async def find_item(call: ActionCall) -> Json:
    """Items by the values of their properties."""
    source = await _source_of(call)
    matching = conditions(call.arguments["filterDatabaseFields"], source["properties"])
    return await _query(call, source["id"], {"filter": matching, "page_size": FOUND_AT_MOST})


async def create_item(call: ActionCall) -> Json:
    """A new item."""
    given = call.arguments
    source = await _source_of(call)
    item: dict[str, Json] = {
        "parent": {"type": "data_source_id", "data_source_id": source["id"]},
        "properties": properties(given["databaseFields"], source["properties"]),
    }
    if given.get("content"):
        item["markdown"] = given["content"]
    return brief_page(await call.api.post("pages", json=item))


async def update_item(call: ActionCall) -> Json:
    """New values for some properties."""
    source = await _source_of(call)
    changed = properties(call.arguments["databaseFields"], source["properties"])
    return await _change(call, "database_item_id", {"properties": changed})


async def archive_item(call: ActionCall) -> Json:
    """Into the trash."""
    return await _change(call, "database_item_id", {"in_trash": True})


async def restore_item(call: ActionCall) -> Json:
    """Out of it."""
    return await _change(call, "archived_item_id", {"in_trash": False})


async def _change(call: ActionCall, named_by: str, change: Mapping[str, Json]) -> Json:
    item = {"page_id": call.arguments[named_by]}
    return brief_page((await call.api.send("PATCH", "pages/{page_id}", item, json=change)).json or {})


async def _query(call: ActionCall, source_id: str, asked: Mapping[str, Json]) -> Json:
    found = await call.api.post("data_sources/{id}/query", {"id": source_id}, json=asked)
    items = [brief_page(page) for page in found.get("results", ())]
    return {"items": items, "next_cursor": found.get("next_cursor")}


async def _source_of(call: ActionCall) -> dict[str, Json]:
    return await _source(call, await call.api.get("databases/{database_id}", call.arguments))


async def _source(call: ActionCall, database: dict[str, Json]) -> dict[str, Json]:
    return await call.api.get("data_sources/{id}", {"id": _source_id(call, database)})


def _source_id(call: ActionCall, database: Mapping[str, Json]) -> str:
    """The data source that was asked for, or the only one."""
    sources = cast("list[dict[str, Json]]", database.get("data_sources") or [])
    wanted = call.arguments.get("data_source_id")
    named = [source for source in sources if wanted in {None, source["id"]}]
    if not named:
        raise NotFound("The database has no such data source that this connection reaches.")
    if len(named) > 1:
        names = ", ".join(f"{source.get('name')} ({source['id']})" for source in named)
        raise InvalidInput(f"The database has several data sources; give data_source_id: {names}.")
    return str(named[0]["id"])


def _brief_property(declared: Mapping[str, Json]) -> Json:
    kind = str(declared.get("type"))
    settings = cast("dict[str, Json]", declared.get(kind) or {})
    choices = [choice.get("name") for choice in settings.get("options", ())]
    return {"type": kind} | ({"choices": choices} if choices else {})
