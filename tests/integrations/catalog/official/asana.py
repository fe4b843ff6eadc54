"""Asana's own client for Python."""

from types import SimpleNamespace
from typing import Any

import asana

from integrations.builtin.asana import LISTED, PROJECT, WHOLE
from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

WORKSPACE = {"workspace": "1"}
ONE: tuple[dict[str, Any], ...] = ({"data": {}},)
LIST: tuple[dict[str, Any], ...] = ({"data": [], "next_page": None},)
SHORT = {"opt_fields": LISTED, "limit": 100}


def connect(address: str) -> Any:
    """The APIs that are compared, with pages as they come."""
    settings = asana.Configuration()
    settings.host = f"{address}/api/1.0"
    settings.access_token = "t0ken"
    settings.return_page_iterator = False
    client = asana.ApiClient(settings)
    return SimpleNamespace(
        tasks=asana.TasksApi(client),
        projects=asana.ProjectsApi(client),
        stories=asana.StoriesApi(client),
        users=asana.UsersApi(client),
        workspaces=asana.WorkspacesApi(client),
        typeahead=asana.TypeaheadApi(client),
    )


OFFICIAL = Official(
    integration="asana",
    package="asana",
    address=asana.Configuration().host.removesuffix("/api/1.0"),
    credentials=Credentials("personal_access_token", {"secret_text": "t0ken"}),
    connect=connect,
    calls={
        "list_tasks": Call(
            WORKSPACE | {"project": "2", "projectId": "3", "open_only": True, "limit": 20.0, "cursor": "o1"},
            lambda client: client.tasks.get_tasks(
                {"project": "3", "completed_since": "now", "opt_fields": LISTED, "limit": 20, "offset": "o1"}
            ),
            LIST,
        ),
        "list_assigned_tasks": Call(
            WORKSPACE,
            lambda client: client.tasks.get_tasks(
                SHORT | {"assignee": "me", "workspace": "1", "completed_since": "now"}
            ),
            LIST,
        ),
        "search_tasks": Call(
            WORKSPACE
            | {
                "text": "offer",
                "assignee": "me",
                "project": "2,3",
                "completed": False,
                "due_before": "2026-11-30",
                "limit": 20.0,
            },
            lambda client: client.tasks.search_tasks_for_workspace(
                "1",
                {
                    "text": "offer",
                    "assignee.any": "me",
                    "projects.any": "2,3",
                    "completed": "false",
                    "due_on.before": "2026-11-30",
                    "sort_by": "modified_at",
                    "opt_fields": LISTED,
                },
            ),
            LIST,
            # The API takes it (it answers at most 100), the client does not know it.
            only_ours=["limit"],
        ),
        "get_task": Call({"taskId": "4"}, lambda client: client.tasks.get_task("4", {"opt_fields": WHOLE}), ONE),
        "create_task": Call(
            WORKSPACE
            | {
                "name": "Call Ada",
                "workspaceId": "9",
                "project": "2",
                "projects": "2, 3",
                "assignee_dropdown": "5",
                "assignee": "ada@example.com",
                "due_on": "2026-11-30",
                "notes": "About the offer",
            },
            lambda client: client.tasks.create_task(
                {
                    "data": {
                        "workspace": "9",
                        "name": "Call Ada",
                        "projects": ["2", "3"],
                        "assignee": "ada@example.com",
                        "due_on": "2026-11-30",
                        "notes": "About the offer",
                    }
                },
                {"opt_fields": WHOLE},
            ),
            ONE,
        ),
        "update_task": Call(
            {"taskId": "4", "name": "Call Bob", "completed": True, "workspace": "1", "assignee_dropdown": "5"},
            lambda client: client.tasks.update_task(
                {"data": {"name": "Call Bob", "completed": True, "assignee": "5"}}, "4", {"opt_fields": WHOLE}
            ),
            ONE,
        ),
        "assign_task": Call(
            WORKSPACE | {"taskId": "4", "assignee": "me"},
            lambda client: client.tasks.update_task({"data": {"assignee": "me"}}, "4", {"opt_fields": WHOLE}),
            ONE,
        ),
        "delete_task": Call({"taskId": "4"}, lambda client: client.tasks.delete_task("4"), ONE),
        "list_subtasks": Call({"taskId": "4"}, lambda client: client.tasks.get_subtasks_for_task("4", SHORT), LIST),
        "create_subtask": Call(
            {"taskId": "4", "name": "Dial", "assignee": "me", "due_on": "2026-11-30", "notes": "Loudly"},
            lambda client: client.tasks.create_subtask_for_task(
                {"data": {"name": "Dial", "assignee": "me", "due_on": "2026-11-30", "notes": "Loudly"}},
                "4",
                {"opt_fields": LISTED},
            ),
            ONE,
        ),
        "add_comment": Call(
            {"taskId": "4", "text": "Done"},
            lambda client: client.stories.create_story_for_task(
                {"data": {"text": "Done"}}, "4", {"opt_fields": "text,created_at,created_by.name"}
            ),
            ONE,
        ),
        "list_stories": Call(
            {"taskId": "4"},
            lambda client: client.stories.get_stories_for_task(
                "4", {"opt_fields": "type,text,created_at,created_by.name", "limit": 100}
            ),
            LIST,
        ),
        "list_projects": Call(
            WORKSPACE | {"limit": 20},
            lambda client: client.projects.get_projects({"workspace": "1", "opt_fields": PROJECT, "limit": 20}),
            LIST,
        ),
        "get_project": Call(
            {"projectId": "2"},
            lambda client: client.projects.get_project(
                "2",
                {
                    "opt_fields": "name,notes,archived,color,owner.name,team.name,start_on,due_on,permalink_url,"
                    "modified_at"
                },
            ),
            ONE,
        ),
        "create_project": Call(
            WORKSPACE | {"name": "Garden", "notes": "Beds", "color": "light-green"},
            lambda client: client.projects.create_project(
                {"data": {"workspace": "1", "name": "Garden", "notes": "Beds", "color": "light-green"}},
                {"opt_fields": PROJECT},
            ),
            ONE,
        ),
        "search": Call(
            WORKSPACE | {"query": "Gard", "resource_type": "project", "limit": 5.0},
            lambda client: client.typeahead.typeahead_for_workspace(
                "1", "project", {"query": "Gard", "count": 5, "opt_fields": "name"}
            ),
            LIST,
        ),
        "list_workspaces": Call(
            {},
            lambda client: client.workspaces.get_workspaces({"opt_fields": "name,is_organization", "limit": 100}),
            LIST,
        ),
        "list_users": Call(
            WORKSPACE,
            lambda client: client.users.get_users({"workspace": "1", "opt_fields": "name,email", "limit": 100}),
            LIST,
        ),
    },
)
