"""What the microsoft-todo manifest can't say: times with their zones, names to search for, and files."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.answers import shaped
from integrations.builtin.mail_files import given_file
from integrations.builtin.microsoft_times import moment
from integrations.failures import InvalidInput
from integrations.manifest import Output
from integrations.ports import Json

MAX_FILE: Final = 3 * 1024 * 1024 - 1
"""Larger ones would need an upload session."""

_LISTS: Final = "me/todo/lists"
_TASKS: Final = "me/todo/lists/{task_list_id}/tasks"
_TASK: Final = "me/todo/lists/{task_list_id}/tasks/{task_id}"
_TIMES: Final = {
    "due_date_time": "dueDateTime",
    "reminder_date_time": "reminderDateTime",
    "start_date_time": "startDateTime",
}
_BRIEF: Final = Output(
    shape={
        "id": "/id",
        "title": "/title",
        "status": "/status",
        "importance": "/importance",
        "due": "/dueDateTime/dateTime",
        "reminder": "/reminderDateTime/dateTime",
        "body": "/body/content",
        "categories": "/categories",
    }
)
_LIST: Final = Output(shape={"id": "/id", "name": "/displayName", "shared": "/isShared", "kind": "/wellknownListName"})
_MOST_FOUND: Final = 50


async def create_task(call: ActionCall) -> Json:
    """Put a task on a list."""
    return shaped(await call.api.post(_TASKS, call.arguments, json=_task(call.arguments)), _BRIEF)


async def update_task(call: ActionCall) -> Json:
    """Change what is given of a task."""
    answer = await call.api.send("PATCH", _TASK, call.arguments, json=_task(call.arguments))
    return shaped(answer.json, _BRIEF)


async def find_task_by_title(call: ActionCall) -> Json:
    """Tasks of a list by what they are called."""
    return await _found(call, _TASKS, ("title", call.arguments["title"]), _BRIEF)


async def find_task_list_by_name(call: ActionCall) -> Json:
    """Lists by what they are called."""
    return await _found(call, _LISTS, ("displayName", call.arguments["name"]), _LIST)


async def add_attachment(call: ActionCall) -> Json:
    """Put a file on a task."""
    given = call.arguments
    file = await given_file(call, given["file"], "/file", max_bytes=MAX_FILE)
    if len(file.content) > MAX_FILE:
        raise InvalidInput("The file must have less than 3 MB.", path="/file")
    attached: Json = {
        "@odata.type": "#microsoft.graph.taskFileAttachment",
        "name": given.get("filename") or file.name,
        "contentType": file.media_type,
        "contentBytes": b64encode(file.content).decode(),
    }
    made = await call.api.post(f"{_TASK}/attachments", given, json=attached)
    return {name: made.get(name) for name in ("id", "name", "contentType", "size")}


async def _found(call: ActionCall, path: str, sought: tuple[str, str], output: Output) -> Json:
    name, words = sought
    # Inside an OData literal a quote is written twice; unescaped it would end the literal.
    literal = "'" + words.replace("'", "''") + "'"
    match call.arguments["match_type"]:
        case "exact":
            condition = f"{name} eq {literal}"
        case "startsWith":
            condition = f"startsWith({name},{literal})"
        case _:
            condition = f"contains({name},{literal})"
    found = await call.api.get(path, call.arguments, query={"$filter": condition, "$top": _MOST_FOUND})
    return [shaped(each, output) for each in found.get("value", [])]


def _task(given: Mapping[str, Json]) -> dict[str, Json]:
    task = {name: given[name] for name in ("title", "importance", "status") if name in given}
    if "body_content" in given:
        task["body"] = {"contentType": "text", "content": given["body_content"]}
    if "categories" in given:
        task["categories"] = [each.strip() for each in given["categories"].split(",") if each.strip()]
    if "reminder_date_time" in given:
        task["isReminderOn"] = True
    times = {
        sent: moment(given[name], given["timezone"], pointer=f"/{name}")
        for name, sent in _TIMES.items()
        if name in given
    }
    return task | times
