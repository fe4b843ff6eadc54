"""What the jira-cloud manifest can't say: fields by name or id, a status that is reached by a transition, files.

The second version of the API takes and gives text as text; the third has documents in its place.
"""

import re
from collections.abc import Mapping
from typing import Final, cast

from integrations.action import ActionCall
from integrations.builtin.mail_files import given_file
from integrations.failures import InvalidInput
from integrations.form_data import FormFile, form_data
from integrations.ports import Json

ISSUE: Final = "rest/api/2/issue/{issue_key}"
MAX_FILE: Final = 10 * 1024 * 1024
_LISTED: Final = ("summary", "status", "issuetype", "priority", "assignee", "updated")


async def list_issues(call: ActionCall) -> Json:
    """The issues of a project, of one status or of all."""
    given = call.arguments
    jql = f"project = {_quoted(given['project'])}"
    if "status" in given:
        jql += f" AND status = {_quoted(given['status'])}"
    asked = {"jql": f"{jql} ORDER BY updated DESC", "maxResults": given["max_results"], "fields": list(_LISTED)}
    found = await call.api.post("rest/api/2/search/jql", json=asked)
    return [_brief(issue) for issue in found.get("issues", ())]


async def create_issue(call: ActionCall) -> Json:
    """A new issue."""
    given = call.arguments
    fields = {"project": _by(given["project"], "key"), "issuetype": _by(given["issue_type"], "name")}
    created = await call.api.post("rest/api/2/issue", json={"fields": fields | _fields(given)})
    return {name: created.get(name) for name in ("id", "key")}


async def update_issue(call: ActionCall) -> Json:
    """Other fields of an issue, then another status."""
    given = call.arguments
    fields = _fields({**given, "assignee": given.get("assignee_dropdown", given.get("assignee"))})
    status = given.get("status_dropdown", given.get("status"))
    if not fields and status is None:
        raise InvalidInput("Nothing to change: give a field or a status.")
    # Found out first: an issue must not be changed by half because there is no such status.
    transition = None if status is None else await _transition(call, status)
    if fields:
        await call.api.send("PUT", ISSUE, given, json={"fields": fields})
    if transition is not None:
        await call.api.post(f"{ISSUE}/transitions", given, json={"transition": {"id": transition}})
    return {"issue": given["issue_key"], "fields": sorted(fields), "status": status}


async def assign_issue(call: ActionCall) -> Json:
    """Another person for an issue."""
    given = call.arguments
    account = given.get("assignee_dropdown", given.get("account_id"))
    if account is None:
        raise InvalidInput("Name somebody: assignee_dropdown or account_id.", path="/account_id")
    await call.api.send("PUT", f"{ISSUE}/assignee", given, json={"accountId": account})
    return {"issue": given["issue_key"], "account_id": account}


async def add_attachment(call: ActionCall) -> Json:
    """A file from an address, on an issue."""
    given = call.arguments
    if not given["url"].startswith(("http://", "https://")):
        raise InvalidInput("The url must be an http(s) address.", path="/url")
    file = await given_file(call, given["url"], "/url", max_bytes=MAX_FILE)
    content, headers = form_data([], [("file", FormFile(given["filename"], file.media_type, file.content))])
    # Without this header Jira takes a form for one that another site has made a browser send.
    headers["X-Atlassian-Token"] = "no-check"
    answer = await call.api.send("POST", f"{ISSUE}/attachments", given, content=content, headers=headers)
    attached = cast("list[dict[str, Json]]", answer.json or [])
    return [{name: each.get(name) for name in ("id", "filename", "size", "mimeType")} for each in attached]


async def _transition(call: ActionCall, status: str) -> Json:
    """Id of the transition that leads to a status, which is named by what it is called or by the transition."""
    found = await call.api.get(f"{ISSUE}/transitions", call.arguments)
    transitions: list[Json] = found.get("transitions", [])
    for each in transitions:
        if status.casefold() in {each["to"]["name"].casefold(), each["name"].casefold(), each["id"]}:
            return each["id"]
    reachable = ", ".join(sorted({each["to"]["name"] for each in transitions})) or "none"
    raise InvalidInput(f"This issue can't be moved to {status!r} now. It can be moved to: {reachable}.", path="/status")


def _fields(given: Mapping[str, Json]) -> dict[str, Json]:
    fields = {name: given[name] for name in ("summary", "description") if name in given}
    if given.get("assignee") is not None:
        fields["assignee"] = {"accountId": given["assignee"]}
    if "labels" in given:
        fields["labels"] = [label.strip() for label in given["labels"].split(",") if label.strip()]
    if "priority" in given:
        fields["priority"] = _by(given["priority"], "name")
    return fields


def _by(named: str, what: str) -> Json:
    """What is named by an id, or otherwise."""
    return {"id": named} if re.fullmatch("[0-9]+", named) else {what: named}


def _quoted(text: str) -> str:
    """`text` as a literal of JQL."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _brief(issue: Mapping[str, Json]) -> Json:
    fields: Json = issue.get("fields", {})
    return {
        "key": issue.get("key"),
        "id": issue.get("id"),
        "summary": fields.get("summary"),
        "status": _named(fields.get("status"), "name"),
        "type": _named(fields.get("issuetype"), "name"),
        "priority": _named(fields.get("priority"), "name"),
        "assignee": _named(fields.get("assignee"), "displayName"),
        "updated": fields.get("updated"),
    }


def _named(value: Mapping[str, Json] | None, by: str) -> Json:
    return value.get(by) if value else None
