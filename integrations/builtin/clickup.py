"""What the clickup manifest can't say: dates, numbers and lists that are given as text, and the levels above a list."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.notation import MISSING, find
from integrations.ports import Json

_TASK: Final = ("id", "name", "url", "due_date", "date_created", "date_updated", "parent")
_MOST: Final = 100


async def get_lists(call: ActionCall) -> Json:
    """The lists of a space, in folders and outside them."""
    outside = await call.api.get("space/{space}/list", call.arguments)
    folders = await call.api.get("space/{space}/folder", call.arguments)
    return {
        "lists": [_named(each) for each in outside.get("lists", [])],
        "folders": [
            _named(folder) | {"lists": [_named(each) for each in folder.get("lists", [])]}
            for folder in folders.get("folders", [])
        ],
    }


async def create_list(call: ActionCall) -> Json:
    """Create a list in a space."""
    return _named(await call.api.post("space/{space}/list", call.arguments, json={"name": call.arguments["name"]}))


async def get_custom_fields(call: ActionCall) -> Json:
    """The custom fields of a list."""
    found = await call.api.get("list/{list}/field", call.arguments)
    return [
        _named(field) | {"type": field.get("type"), "required": field.get("required"), "more": field.get("type_config")}
        for field in found.get("fields", [])
    ]


async def create_task(call: ActionCall) -> Json:
    """Create a task in a list."""
    return _brief(await call.api.post("list/{list}/task", call.arguments, json=_fields(call.arguments)))


async def create_subtask(call: ActionCall) -> Json:
    """Create a task below another task of the same list."""
    given = call.arguments
    fields = _fields(given) | {"parent": given.get("parent_task_id") or given["task"]}
    return _brief(await call.api.post("list/{list}/task", given, json=fields))


async def update_task(call: ActionCall) -> Json:
    """Change a task."""
    fields = _fields(call.arguments)
    if not fields:
        raise InvalidInput("Say what shall change: name, description, status, priority or due_date.", path="/name")
    answer = await call.api.send("PUT", "task/{task_id}", call.arguments, json=fields)
    return _brief(answer.json)


async def get_list_tasks(call: ActionCall) -> Json:
    """The tasks of a list."""
    return await _tasks(call, "list/{list}/task")


async def get_workspace_tasks(call: ActionCall) -> Json:
    """The tasks of a whole workspace."""
    return await _tasks(call, "team/{workspace}/task")


async def set_custom_field(call: ActionCall) -> Json:
    """Give a custom field of a task a value."""
    given = call.arguments
    field = given.get("field_id") or given.get("custom_field")
    if not field:
        raise InvalidInput("Say which field: custom_field or field_id.", path="/custom_field")
    where = {"task": given["task_id"], "field": field}
    await call.api.post("task/{task}/field/{field}", where, json={"value": given["value"]})
    return {"task_id": given["task_id"], "field_id": field}


async def _tasks(call: ActionCall, path: str) -> Json:
    given = call.arguments
    query = {f"{name}[]": _split(given[name]) for name in ("statuses", "assignees") if given.get(name)}
    answer = await call.api.get(path, given, query=query)
    tasks = answer.get("tasks", [])[: int(given.get("limit", _MOST))]
    return [_brief(task) | {"list": _part(task, "/list/name")} for task in tasks]


def _fields(given: Mapping[str, Json]) -> dict[str, Json]:
    fields = {name: given[name] for name in ("name", "description") if name in given}
    status = given.get("status") or given.get("status_dropdown")
    fields |= {"status": status} if status else {}
    fields |= {"priority": int(given["priority"])} if given.get("priority") else {}
    fields |= {"due_date": _milliseconds(given["due_date"])} if given.get("due_date") else {}
    fields |= {"tags": _split(given["tags"])} if given.get("tags") else {}
    if given.get("assignees"):
        fields["assignees"] = [_number(each) for each in _split(given["assignees"])]
    return fields


def _milliseconds(date: str) -> int:
    """Milliseconds since 1970 of what is given so, or as an ISO 8601 date, in UTC where it names no zone."""
    if date.isdigit():
        return int(date)
    try:
        moment = datetime.fromisoformat(date)
    except ValueError as error:
        raise InvalidInput("due_date must be a date such as 2026-12-01, or milliseconds.", path="/due_date") from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _number(text: str) -> int:
    if not text.isdigit():
        raise InvalidInput("assignees must be ids of people, such as 183,184.", path="/assignees")
    return int(text)


def _split(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]


def _brief(task: Mapping[str, Json]) -> dict[str, Json]:
    return {name: task.get(name) for name in _TASK} | {
        "status": _part(task, "/status/status"),
        "priority": _part(task, "/priority/priority"),
        "assignees": [each.get("username") for each in task.get("assignees", [])],
    }


def _named(thing: Mapping[str, Json]) -> dict[str, Json]:
    return {"id": thing.get("id"), "name": thing.get("name")}


def _part(task: Mapping[str, Json], pointer: str) -> Json:
    found = find(task, pointer)
    return None if found is MISSING else found
