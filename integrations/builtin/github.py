"""What the github manifest can't say: comma-separated lists, base64 files, refs that take two requests."""

from base64 import b64encode
from typing import cast

from integrations.action import ActionCall
from integrations.builtin.hash_encode import from_base64, to_base64
from integrations.failures import InvalidInput
from integrations.ports import Json


async def create_issue(call: ActionCall) -> Json:
    """Open an issue."""
    issue = await call.api.post("repos/{owner}/{name}/issues", _repository(call), json=_issue_fields(call))
    return _brief_issue(issue)


async def update_issue(call: ActionCall) -> Json:
    """Change the fields that are given."""
    where = {**_repository(call), "number": int(call.arguments["issue_number"])}
    answer = await call.api.send("PATCH", "repos/{owner}/{name}/issues/{number}", where, json=_issue_fields(call))
    return _brief_issue(answer.json)


async def create_branch(call: ActionCall) -> Json:
    """Look up where the source branch ends, and make a ref there."""
    where = {**_repository(call), "branch": call.arguments["source_branch"]}
    source = await call.api.get("repos/{owner}/{name}/branches/{branch}", where)
    return await _create_ref(call, f"refs/heads/{call.arguments['new_branch_name']}", sha=source["commit"]["sha"])


async def create_tag(call: ActionCall) -> Json:
    """Make the tag object, then the ref that gives it its name."""
    arguments = call.arguments
    annotated = {"tag": arguments["tag"], "message": arguments["message"], "object": arguments["sha"], "type": "commit"}
    tag = await call.api.post("repos/{owner}/{name}/git/tags", _repository(call), json=annotated)
    return await _create_ref(call, f"refs/tags/{arguments['tag']}", sha=tag["sha"])


async def get_file_contents(call: ActionCall) -> Json:
    """A file with its content, or the entries of a directory."""
    path, where = _contents_path(call)
    query = {"ref": call.arguments.get("ref")}
    found = await call.api.get(path, where, query=query)
    if isinstance(found, list):
        entries = cast("list[dict[str, Json]]", found)
        return {"entries": [{key: entry.get(key) for key in ("name", "path", "type", "size")} for entry in entries]}
    about = {key: found.get(key) for key in ("path", "type", "sha", "size", "html_url")}
    if found.get("type") != "file":
        return about
    if found.get("encoding") != "base64":  # above 1 MB the content has to be asked for by itself
        found = await call.api.get("repos/{owner}/{name}/git/blobs/{sha}", {**where, "sha": found["sha"]})
    return about | _readable(from_base64(found["content"]))


async def create_or_update_file(call: ActionCall) -> Json:
    """Commit one file."""
    path, where = _contents_path(call)
    change = {"message": call.arguments["message"], "content": b64encode(call.arguments["content"].encode()).decode()}
    change |= {name: call.arguments[name] for name in ("branch", "sha") if name in call.arguments}
    answer = await call.api.send("PUT", path, where, json=change)
    file, commit = answer.json["content"], answer.json["commit"]
    return {"path": file["path"], "sha": file["sha"], "commit": commit["sha"], "url": file.get("html_url")}


def names_in(text: str) -> list[str]:
    """The names of a comma-separated list, without the blanks around them."""
    return [name.strip() for name in text.split(",") if name.strip()]


def _repository(call: ActionCall) -> dict[str, Json]:
    owner, _, name = call.arguments["repository"].partition("/")
    if not owner or not name or "/" in name:
        raise InvalidInput("repository must be written as owner/name, such as acme/website", path="/repository")
    return {"owner": owner, "name": name}


def _issue_fields(call: ActionCall) -> dict[str, Json]:
    fields = {name: call.arguments[name] for name in ("title", "body", "state") if name in call.arguments}
    lists = {name: names_in(call.arguments[name]) for name in ("labels", "assignees") if name in call.arguments}
    return fields | lists


def _brief_issue(issue: Json) -> Json:
    brief = {key: issue.get(key) for key in ("number", "title", "state", "body")}
    author, url = issue.get("user", {}).get("login"), issue.get("html_url")
    labels = [label["name"] for label in issue.get("labels", [])]
    assignees = [person["login"] for person in issue.get("assignees", [])]
    return {**brief, "author": author, "labels": labels, "assignees": assignees, "url": url}


async def _create_ref(call: ActionCall, ref: str, *, sha: str) -> Json:
    created = await call.api.post("repos/{owner}/{name}/git/refs", _repository(call), json={"ref": ref, "sha": sha})
    return {"ref": created["ref"], "sha": sha}


def _contents_path(call: ActionCall) -> tuple[str, dict[str, Json]]:
    """The path template of a file, a placeholder for each segment: encoded slashes are not understood everywhere."""
    segments = [segment for segment in call.arguments["path"].split("/") if segment]
    names = {f"segment{index}": segment for index, segment in enumerate(segments)}
    template = "/".join(["repos/{owner}/{name}/contents", *(f"{{{name}}}" for name in names)])
    return template, {**_repository(call), **names}


def _readable(content: bytes) -> dict[str, Json]:
    try:
        return {"content": content.decode(), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return {"content": to_base64(content), "encoding": "base64"}
