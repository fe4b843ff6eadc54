"""python-gitlab, which GitLab's documentation names for Python; GitLab has none of its own."""

from dataclasses import replace
from typing import Any

import gitlab
from gitlab.const import DEFAULT_URL

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official
from tests.integrations.catalog.recorder import Asked

PROJECT = {"projectId": "acme/web"}


def connect(address: str) -> Any:
    client = gitlab.Gitlab(address, oauth_token="gl-token")
    client.session.trust_env = False
    return client


def alike(asked: Asked) -> Asked:
    """True and false are written as Python does; GitLab takes that too."""
    written = {"True": "true", "False": "false"}
    return replace(asked, query=tuple((name, written.get(value, value)) for name, value in asked.query))


def project(client: Any) -> Any:
    """The project without asking for it first."""
    return client.projects.get("acme/web", lazy=True)


OFFICIAL = Official(
    integration="gitlab",
    package="python-gitlab",
    is_providers_own=False,
    address=DEFAULT_URL,
    credentials=Credentials("oauth", {"access_token": "gl-token"}),
    connect=connect,
    alike=alike,
    calls={
        "list_projects": Call(
            {"membership": True, "search": "web", "per_page": 50, "page": 2},
            lambda client: client.projects.list(membership=True, search="web", simple=True, per_page=50, page=2),
            answers=([],),
        ),
        "get_file": Call(
            {**PROJECT, "filePath": "src/main.py", "ref": "dev"},
            lambda client: project(client).files.get("src/main.py", ref="dev"),
        ),
        "create_branch": Call(
            {**PROJECT, "branch": "fix/typo", "ref": "main"},
            lambda client: project(client).branches.create({"branch": "fix/typo", "ref": "main"}),
        ),
        "list_issues": Call(
            {**PROJECT, "state": "opened", "labels": "bug,ui", "search": "slow", "per_page": 50, "page": 2},
            lambda client: project(client).issues.list(
                state="opened", labels=["bug", "ui"], search="slow", per_page=50, page=2
            ),
            answers=([],),
        ),
        "get_issue": Call({**PROJECT, "issueIid": 7}, lambda client: project(client).issues.get(7)),
        "create_issue": Call(
            {**PROJECT, "title": "Slow", "description": "Very", "labels": "bug,ui", "milestone_id": "3"},
            lambda client: project(client).issues.create(
                {"title": "Slow", "description": "Very", "labels": "bug,ui", "milestone_id": "3"}
            ),
        ),
        "update_issue": Call(
            {**PROJECT, "issueIid": 7, "title": "Fast", "state_event": "close", "labels": "done"},
            lambda client: project(client).issues.update(
                7, {"title": "Fast", "state_event": "close", "labels": "done"}
            ),
        ),
        "create_issue_note": Call(
            {**PROJECT, "issueIid": 7, "body": "Seen"},
            lambda client: project(client).issues.get(7, lazy=True).notes.create({"body": "Seen"}),
        ),
        "list_merge_requests": Call(
            {**PROJECT, "state": "merged", "per_page": 50, "page": 2},
            lambda client: project(client).mergerequests.list(state="merged", per_page=50, page=2),
            answers=([],),
        ),
        "get_merge_request": Call(
            {**PROJECT, "mergeRequestIid": 9}, lambda client: project(client).mergerequests.get(9)
        ),
        "create_merge_request": Call(
            {**PROJECT, "source_branch": "fix/typo", "target_branch": "main", "title": "Fix", "description": "One"},
            lambda client: project(client).mergerequests.create(
                {"source_branch": "fix/typo", "target_branch": "main", "title": "Fix", "description": "One"}
            ),
        ),
        "list_pipelines": Call(
            {**PROJECT, "ref": "main", "status": "failed", "per_page": 50},
            lambda client: project(client).pipelines.list(ref="main", status="failed", per_page=50, page=1),
            answers=([],),
            only_theirs=("page",),
        ),
        "trigger_pipeline": Call(
            {**PROJECT, "ref": "main", "variables": [{"key": "DEPLOY", "value": "1"}]},
            lambda client: project(client).pipelines.create(
                {"ref": "main", "variables": [{"key": "DEPLOY", "value": "1"}]}
            ),
        ),
    },
)
