"""What the linear manifest can't say: priorities that callers write as text, and statuses that they know by name."""

import re
from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ISSUE: Final = "id identifier title url priorityLabel state { name } assignee { name }"
_CREATE_ISSUE: Final = (
    f"mutation($input: IssueCreateInput!) {{ issueCreate(input: $input) {{ success issue {{ {_ISSUE} }} }} }}"
)
_UPDATE_ISSUE: Final = (
    "mutation($id: String!, $input: IssueUpdateInput!) "
    f"{{ issueUpdate(id: $id, input: $input) {{ success issue {{ {_ISSUE} }} }} }}"
)
_PROJECT: Final = "id name url description status { name }"
_CREATE_PROJECT: Final = (
    f"mutation($input: ProjectCreateInput!) {{ projectCreate(input: $input) {{ success project {{ {_PROJECT} }} }} }}"
)
_UPDATE_PROJECT: Final = (
    "mutation($id: String!, $input: ProjectUpdateInput!) "
    f"{{ projectUpdate(id: $id, input: $input) {{ success project {{ {_PROJECT} }} }} }}"
)
_STATUSES: Final = "query { projectStatuses(first: 100) { nodes { id name type } } }"


async def create_issue(call: ActionCall) -> Json:
    """A new issue."""
    given = call.arguments
    issue = {"teamId": given["team"]} | _issue(given, assignee=given.get("assignee"), state=given.get("status"))
    if "project" in given:
        issue["projectId"] = given["project"]
    if "label" in given:
        issue["labelIds"] = [given["label"]]
    return (await _asked(call, _CREATE_ISSUE, {"input": issue}))["issueCreate"]["issue"]


async def update_issue(call: ActionCall) -> Json:
    """Another state of an issue. A label is added to those that are there; the team only helps to choose."""
    given = call.arguments
    assignee = given.get("assignee_dropdown") or given.get("assignee")
    issue = _issue(given, assignee=assignee, state=given.get("status_dropdown") or given.get("status"))
    if "label_dropdown" in given:
        issue["addedLabelIds"] = [given["label_dropdown"]]
    return (await _asked(call, _UPDATE_ISSUE, {"id": given["issue_id"], "input": issue}))["issueUpdate"]["issue"]


async def create_project(call: ActionCall) -> Json:
    """A new project."""
    if "team" not in call.arguments:
        raise InvalidInput("A project belongs to a team: give the team's id, as list_teams does.", path="/team")
    project = {"teamIds": [call.arguments["team"]]} | await _project(call)
    return (await _asked(call, _CREATE_PROJECT, {"input": project}))["projectCreate"]["project"]


async def update_project(call: ActionCall) -> Json:
    """Another state of a project."""
    project = call.arguments.get("project") or call.arguments.get("project_id")
    if not project:
        raise InvalidInput("Give project or project_id.", path="/project_id")
    changed = {"id": project, "input": await _project(call)}
    return (await _asked(call, _UPDATE_PROJECT, changed))["projectUpdate"]["project"]


async def _asked(call: ActionCall, document: str, variables: Mapping[str, Json] | None = None) -> Json:
    return (await call.api.post("graphql", json={"query": document, "variables": variables or {}}))["data"]


def _issue(given: Mapping[str, Json], *, assignee: str | None, state: str | None) -> dict[str, Json]:
    issue: dict[str, Json] = {name: given[name] for name in ("title", "description") if name in given}
    if "priority" in given:
        issue["priority"] = int(given["priority"])
    if assignee:
        issue["assigneeId"] = assignee
    if state:
        issue["stateId"] = state
    return issue


async def _project(call: ActionCall) -> dict[str, Json]:
    given = call.arguments
    project: dict[str, Json] = {name: given[name] for name in ("name", "description") if name in given}
    if "state" in given:
        project["statusId"] = await _status(call, given["state"])
    return project


async def _status(call: ActionCall, wanted: str) -> str:
    """The id of a project status that is given by id, name or type."""
    if _UUID.fullmatch(wanted):
        return wanted
    statuses: list[dict[str, str]] = (await _asked(call, _STATUSES))["projectStatuses"]["nodes"]
    for status in statuses:
        if wanted.casefold() in {status["name"].casefold(), status["type"].casefold()}:
            return status["id"]
    names = ", ".join(status["name"] for status in statuses)
    raise InvalidInput(f"There is no project status {wanted!r}. There are: {names}.", path="/state")
