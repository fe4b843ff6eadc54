"""Linear's schema, as its own client carries it."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.graphql_call import BySchema

_ISSUE: Final = {"issue_id": "ENG-123"}
_PAGE: Final = {"limit": 10, "cursor": "c1"}

SCHEMA = BySchema(
    integration="linear",
    package="@linear/sdk",
    types="dist/index-*.d.mts",
    origin="https://api.linear.app",
    credentials=Credentials("api_key", {"secret_text": "lin_api_1"}),
    calls={
        "search_issues": (("query searchIssues",), {"query": "crash", "team": "t1", **_PAGE}),
        "list_issues": (("query issues",), {"filter": {"state": {"type": {"eq": "started"}}}, **_PAGE}),
        "get_issue": (("query issue",), _ISSUE),
        "create_issue": (
            ("mutation issueCreate",),
            {
                "team": "t1",
                "title": "Crash",
                "description": "At start",
                "assignee": "u1",
                "label": "l1",
                "priority": "2",
                "status": "s1",
                "project": "p1",
            },
        ),
        "update_issue": (
            ("mutation issueUpdate",),
            {
                **_ISSUE,
                "team": "t1",
                "title": "Crash",
                "description": "At start",
                "assignee_dropdown": "u1",
                "status": "s1",
                "label_dropdown": "l1",
                "priority": "1",
            },
        ),
        "delete_issue": (("mutation issueDelete",), _ISSUE),
        "archive_issue": (("mutation issueArchive",), _ISSUE),
        "create_comment": (("mutation commentCreate",), {**_ISSUE, "body": "Fixed"}),
        "create_project": (
            ("query projectStatuses", "mutation projectCreate"),
            {"team": "t1", "name": "Launch", "description": "Soon", "state": "text"},
        ),
        "update_project": (
            ("mutation projectUpdate",),
            {"project_id": "p1", "name": "Launch", "state": "00000000-0000-4000-8000-000000000000"},
        ),
        "get_project": (("query project",), {"project_id": "p1"}),
        "list_projects": (("query projects",), _PAGE),
        "list_teams": (("query teams",), _PAGE),
        "list_users": (("query users",), _PAGE),
        "list_workflow_states": (("query workflowStates",), {"team": "t1"}),
        "list_labels": (("query issueLabels",), _PAGE),
        "list_cycles": (("query cycles",), {"team": "t1"}),
        "get_me": (("query viewer",), {}),
    },
)
