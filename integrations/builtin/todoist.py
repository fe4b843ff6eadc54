"""What the todoist manifest can't say: dates in either form, pages by a cursor of Todoist's, one of two inputs."""

from collections.abc import Iterable, Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

_NAMES: Final = {
    "projectId": "project_id",
    "sectionId": "section_id",
    "parentId": "parent_id",
    "taskId": "task_id",
    "dueString": "due_string",
    "assigneeId": "assignee_id",
    "viewStyle": "view_style",
}
"""Inputs that Todoist calls otherwise."""

_TASK: Final = (
    *("id", "content", "description", "project_id", "section_id", "parent_id", "labels", "priority"),
    *("due", "deadline", "responsible_uid", "checked", "completed_at", "added_at"),
)
_PROJECT: Final = ("id", "name", "description", "parent_id", "color", "view_style", "is_archived", "is_shared")
_SECTION: Final = ("id", "name", "project_id", "section_order", "is_archived")
_COMMENT: Final = ("id", "content", "item_id", "project_id", "posted_uid", "posted_at", "file_attachment")


async def list_tasks(call: ActionCall) -> Json:
    """Open tasks; what a filter finds is another list of the API's, which takes nothing else."""
    given = call.arguments
    if "filter" not in given:
        return await _page(call, "tasks", _named(given), kept=_TASK)
    if others := given.keys() & {"projectId", "sectionId", "label", "ids"}:
        raise InvalidInput("A filter stands alone: say it all in the filter.", path=f"/{min(others)}")
    named = {name: value for name, value in given.items() if name != "filter"}
    return await _page(call, "tasks/filter", {"query": given["filter"], **named}, kept=_TASK)


async def create_task(call: ActionCall) -> Json:
    """A new task."""
    return _brief(await call.api.post("tasks", json=_fields(call.arguments)), _TASK)


async def update_task(call: ActionCall) -> Json:
    """Another state of a task."""
    fields = _fields(call.arguments, without="taskId")
    return _brief(await call.api.post("tasks/{taskId}", call.arguments, json=fields), _TASK)


async def list_projects(call: ActionCall) -> Json:
    """One page of projects."""
    return await _page(call, "projects", call.arguments, kept=_PROJECT)


async def search_projects(call: ActionCall) -> Json:
    """One page of projects of a name."""
    return await _page(call, "projects/search", call.arguments, kept=_PROJECT)


async def create_project(call: ActionCall) -> Json:
    """A new project."""
    return _brief(await call.api.post("projects", json=_fields(call.arguments)), _PROJECT)


async def update_project(call: ActionCall) -> Json:
    """Another state of a project."""
    fields = _fields(call.arguments, without="projectId")
    return _brief(await call.api.post("projects/{projectId}", call.arguments, json=fields), _PROJECT)


async def list_sections(call: ActionCall) -> Json:
    """One page of sections."""
    return await _page(call, "sections", _named(call.arguments), kept=_SECTION)


async def list_comments(call: ActionCall) -> Json:
    """One page of comments."""
    _about_one_thing(call.arguments)
    return await _page(call, "comments", _named(call.arguments), kept=_COMMENT)


async def add_comment(call: ActionCall) -> Json:
    """A new comment."""
    _about_one_thing(call.arguments)
    return _brief(await call.api.post("comments", json=_named(call.arguments)), _COMMENT)


async def _page(call: ActionCall, path: str, query: Mapping[str, Json], *, kept: Iterable[str]) -> Json:
    found = await call.api.get(path, query=query)
    page: dict[str, Json] = {"items": [_brief(item, kept) for item in found.get("results", ())]}
    return page | ({"next_cursor": found["next_cursor"]} if found.get("next_cursor") else {})


def _fields(given: Mapping[str, Json], *, without: str = "") -> dict[str, Json]:
    """The members of a body: the inputs, and the additional fields that are none of them."""
    named = _named({name: value for name, value in given.items() if name not in {without, "additionalFields"}})
    if "dueDate" in named:
        date = named.pop("dueDate")
        named["due_datetime" if "T" in date else "due_date"] = date
    return {**given.get("additionalFields", {}), **named}


def _named(given: Mapping[str, Json]) -> dict[str, Json]:
    return {_NAMES.get(name, name): value for name, value in given.items()}


def _brief(found: Mapping[str, Json], kept: Iterable[str]) -> Json:
    """The members that say something: the rest is order, state of the apps, or nothing."""
    return {name: found[name] for name in kept if found.get(name) not in (None, "", [])}


def _about_one_thing(given: Mapping[str, Json]) -> None:
    if ("taskId" in given) == ("projectId" in given):
        raise InvalidInput("Name a task or a project: taskId or projectId.", path="/taskId")
