"""What the asana manifest can't say: inputs that go before others, and pages by a cursor of Asana's."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

LISTED: Final = "name,completed,assignee.name,due_on,permalink_url"
"""What is asked for of each task of a list."""

WHOLE: Final = (
    "name,notes,completed,completed_at,assignee.name,assignee.email,due_on,due_at,start_on,projects.name,"
    "parent.name,tags.name,num_subtasks,custom_fields.name,custom_fields.display_value,"
    "permalink_url,created_at,modified_at"
)
"""What is asked for of one task."""

PROJECT: Final = "name,archived,owner.name,due_on,permalink_url"


async def list_tasks(call: ActionCall) -> Json:
    """One page of the tasks of a project."""
    given = call.arguments
    query = {
        "project": given.get("projectId", given["project"]),
        "completed_since": "now" if given["open_only"] else None,
        "opt_fields": given.get("opt_fields", LISTED),
    }
    return await _page(call, "tasks", query)


async def get_task(call: ActionCall) -> Json:
    """One task."""
    return (await call.api.get("tasks/{taskId}", call.arguments, query={"opt_fields": WHOLE}))["data"]


async def create_task(call: ActionCall) -> Json:
    """A new task."""
    given = call.arguments
    projects = [gid.strip() for gid in given.get("projects", given.get("project", "")).split(",") if gid]
    task = _task(given) | {"workspace": _workspace(given)} | ({"projects": projects} if projects else {})
    return (await call.api.post("tasks", query={"opt_fields": WHOLE}, json={"data": task}))["data"]


async def update_task(call: ActionCall) -> Json:
    """Another state of a task."""
    return await _changed(call, _task(call.arguments))


async def assign_task(call: ActionCall) -> Json:
    """Another person for a task."""
    task = _task(call.arguments)
    if "assignee" not in task:
        raise InvalidInput("Name somebody: assignee or assignee_dropdown.", path="/assignee")
    return await _changed(call, task)


async def list_projects(call: ActionCall) -> Json:
    """One page of the projects of a workspace."""
    return await _page(call, "projects", {"workspace": _workspace(call.arguments), "opt_fields": PROJECT})


async def create_project(call: ActionCall) -> Json:
    """A new project."""
    given = call.arguments
    project = {name: given[name] for name in ("name", "notes", "color") if name in given}
    project["workspace"] = _workspace(given)
    return (await call.api.post("projects", query={"opt_fields": PROJECT}, json={"data": project}))["data"]


async def search(call: ActionCall) -> Json:
    """What Asana's search field suggests."""
    given = call.arguments
    query = {"resource_type": given["resource_type"], "query": given["query"], "count": given["limit"]}
    where = {"workspace": _workspace(given)}
    found = await call.api.get("workspaces/{workspace}/typeahead", where, query=query | {"opt_fields": "name"})
    return {"items": found.get("data", [])}


async def _page(call: ActionCall, path: str, query: Mapping[str, Json]) -> Json:
    here = {"limit": call.arguments["limit"], "offset": call.arguments.get("cursor")}
    found = await call.api.get(path, query={**query, **here})
    page = {"items": found.get("data", [])}
    return page | ({"next_cursor": found["next_page"]["offset"]} if found.get("next_page") else {})


async def _changed(call: ActionCall, task: Mapping[str, Json]) -> Json:
    query = {"opt_fields": WHOLE}
    return (await call.api.send("PUT", "tasks/{taskId}", call.arguments, query=query, json={"data": task})).json["data"]


def _task(given: Mapping[str, Json]) -> dict[str, Json]:
    task = {name: given[name] for name in ("name", "completed", "due_on", "notes") if name in given}
    assignee = given.get("assignee", given.get("assignee_dropdown"))
    return task | ({"assignee": assignee} if assignee is not None else {})


def _workspace(given: Mapping[str, Json]) -> Json:
    return given.get("workspaceId", given["workspace"])
