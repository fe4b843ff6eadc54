"""What the salesforce manifest can't say: records whose fields come from two inputs, and queries that are put together."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.ports import Json

_VERSION: Final = "data/v60.0"
_FOUND: Final = 20
_QUERIED: Final = 50


async def create_contact(call: ActionCall) -> Json:
    """Create a contact."""
    return await _create(call, "Contact")


async def create_lead(call: ActionCall) -> Json:
    """Create a lead."""
    return await _create(call, "Lead")


async def create_opportunity(call: ActionCall) -> Json:
    """Create an opportunity."""
    return await _create(call, "Opportunity")


async def create_case(call: ActionCall) -> Json:
    """Create a case."""
    return await _create(call, "Case")


async def update_contact(call: ActionCall) -> Json:
    """Change a contact."""
    return await _update(call, "Contact", "contact_id")


async def update_lead(call: ActionCall) -> Json:
    """Change a lead."""
    return await _update(call, "Lead", "lead_id")


async def create_note(call: ActionCall) -> Json:
    """Attach a note to a record of this object: the id alone would take a record of any other."""
    given = call.arguments
    await call.api.get(f"{_VERSION}/sobjects/{{object}}/{{parent_id}}", given, query={"fields": "Id"})
    note = {"ParentId": given["parent_id"], "Title": given["Title"], "Body": given["Body"]}
    made = await call.api.post(f"{_VERSION}/sobjects/Note", json=note)
    return {"id": made.get("id"), "success": made.get("success")}


async def find_record(call: ActionCall) -> Json:
    """The records of an object in which a field has this value."""
    given = call.arguments
    value = given["search_value"].replace("\\", "\\\\").replace("'", "\\'")
    where = f"{given['field']} = '{value}'"
    return await _select(call, where, _FOUND)


async def find_records_by_query(call: ActionCall) -> Json:
    """The records of an object that a condition lets through."""
    return await _select(call, call.arguments["where_clause"], _QUERIED)


async def get_record(call: ActionCall) -> Json:
    """One record, without what is empty."""
    return _filled(await call.api.get(f"{_VERSION}/sobjects/{{object}}/{{record_id}}", call.arguments))


async def describe_object(call: ActionCall) -> Json:
    """What an object's fields are called and hold: a whole description has hundreds of kilobytes."""
    described = await call.api.get(f"{_VERSION}/sobjects/{{object}}/describe", call.arguments)
    fields = [
        {
            "name": field["name"],
            "label": field.get("label"),
            "type": field.get("type"),
            "required": not field.get("nillable", True) and not field.get("defaultedOnCreate", False),
            "refers_to": field.get("referenceTo") or None,
            "values": [each["value"] for each in field.get("picklistValues", []) if each.get("active")] or None,
        }
        for field in described.get("fields", [])
    ]
    children = [
        each["relationshipName"] for each in described.get("childRelationships", []) if each["relationshipName"]
    ]
    return {"name": described.get("name"), "fields": [_filled(field) for field in fields], "children": children}


async def _create(call: ActionCall, kind: str) -> Json:
    fields = _fields(call.arguments)
    made = await call.api.post(f"{_VERSION}/sobjects/{{object}}", {"object": kind}, json=fields)
    return {"id": made.get("id"), "success": made.get("success")}


async def _update(call: ActionCall, kind: str, key: str) -> Json:
    where = {"object": kind, "id": call.arguments[key]}
    fields = {name: value for name, value in _fields(call.arguments).items() if name != key}
    await call.api.send("PATCH", f"{_VERSION}/sobjects/{{object}}/{{id}}", where, json=fields)
    return {"id": where["id"], "success": True}


def _fields(given: Mapping[str, Json]) -> dict[str, Json]:
    """The fields of a record; what has an input of its own counts."""
    own = {name: value for name, value in given.items() if name != "other_fields"}
    return {**given.get("other_fields", {}), **own}


async def _select(call: ActionCall, where: str, limit: int) -> Json:
    query = f"SELECT FIELDS(ALL) FROM {call.arguments['object']} WHERE {where} LIMIT {limit}"  # noqa: S608 - their own
    found = await call.api.get(f"{_VERSION}/query", query={"q": query})
    return [_filled(record) for record in found.get("records", [])]


def _filled(record: Mapping[str, Json]) -> dict[str, Json]:
    """The record without what is empty: objects have hundreds of fields."""
    return {name: value for name, value in record.items() if value is not None and name != "attributes"}
