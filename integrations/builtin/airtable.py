"""What the airtable manifest can't say: names looked for among bases and tables, and attachments that are added to."""

from collections.abc import Mapping
from typing import Final, cast

from integrations.action import ActionCall
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

MAX_PAGES: Final = 10
"""Pages of bases that a search looks through; Airtable gives a thousand on each."""
_TABLE: Final = ("id", "name", "description", "fields", "views")


async def upload_attachment(call: ActionCall) -> Json:
    """The record with one file more; attachments that are not named in an update would be removed by it."""
    given = call.arguments
    field = given["field_name"]
    record = await call.api.get("{base}/{table}/{record_id}", given)
    kept = _attachments(record.get("fields", {}).get(field, []))
    if kept is None:
        raise InvalidInput(f"{field} is not an attachment field.", path="/field_name")
    changed = {"fields": {field: [*kept, {"url": given["url"]}]}}
    answer = await call.api.send("PATCH", "{base}/{table}/{record_id}", given, json=changed)
    updated = cast("dict[str, Json]", answer.json or {})
    return {"id": updated.get("id"), "fields": updated.get("fields")}


async def find_base(call: ActionCall) -> Json:
    """Bases by a part of their name."""
    wanted = call.arguments["name"].casefold()
    found: list[Json] = []
    offset: Json = None
    for _ in range(MAX_PAGES):
        page = await call.api.get("meta/bases", query={"offset": offset})
        found.extend(base for base in page.get("bases", ()) if wanted in base["name"].casefold())
        offset = page.get("offset")
        if not offset:
            break
    return {"bases": [{"id": base["id"], "name": base["name"]} for base in found]}


async def find_table(call: ActionCall) -> Json:
    """Tables by a part of their name."""
    wanted = call.arguments["table_name"].casefold()
    return {"tables": [_brief(table) for table in await _tables(call) if wanted in table["name"].casefold()]}


async def get_table_schema(call: ActionCall) -> Json:
    """One table by id or name."""
    wanted = call.arguments["table"]
    tables = await _tables(call)
    for table in tables:
        if wanted in {table["id"], table["name"]}:
            return _brief(table)
    raise NotFound(f"The base has no table {wanted}. It has: {', '.join(table['name'] for table in tables)}.")


def _attachments(value: Json) -> list[Json] | None:
    """The attachments of a field by id, or None where it holds something else."""
    if not isinstance(value, list):
        return None
    files = cast("list[Json]", value)
    known = all(isinstance(file, Mapping) and "id" in file for file in files)
    return [{"id": file["id"]} for file in files] if known else None


async def _tables(call: ActionCall) -> list[dict[str, Json]]:
    return (await call.api.get("meta/bases/{base}/tables", call.arguments)).get("tables", [])


def _brief(table: dict[str, Json]) -> Json:
    return {name: table[name] for name in _TABLE if name in table}
