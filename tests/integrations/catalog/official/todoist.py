"""Todoist's own client for Python."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
from todoist_api_python._core.endpoints import API_URL
from todoist_api_python.api import TodoistAPI

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

PAGE = ({"results": [], "next_cursor": None},)
PROJECT = {"projectId": "p1"}


def connect(address: str) -> Any:
    """The client takes no address, but a client for HTTP."""

    def to_loopback(request: httpx.Request) -> None:
        request.url = httpx.URL(address).join(request.url.raw_path.decode())
        request.headers["host"] = request.url.netloc.decode()

    return TodoistAPI("t0ken", client=httpx.Client(trust_env=False, event_hooks={"request": [to_loopback]}))


def first(pages: Iterator[Any]) -> object:
    """The client asks for nothing before its pages are read."""
    return next(pages)


OFFICIAL = Official(
    integration="todoist",
    package="todoist-api-python",
    address=API_URL.removesuffix("/api/v1"),
    credentials=Credentials("api_token", {"secret_text": "t0ken"}),
    connect=connect,
    calls={
        "list_tasks": Call(
            {"projectId": "p1", "sectionId": "s1", "label": "phone", "ids": "t1,t2", "limit": 20.0},
            lambda todoist: first(
                todoist.get_tasks(project_id="p1", section_id="s1", label="phone", ids=["t1", "t2"], limit=20)
            ),
            PAGE,
        ),
        "get_task": Call({"taskId": "t1"}, lambda todoist: todoist.get_task("t1")),
        "create_task": Call(
            {
                "content": "Call Ada",
                "description": "About the offer",
                "projectId": "p1",
                "sectionId": "s1",
                "parentId": "t0",
                "dueDate": "2026-11-30T09:00:00Z",
                "priority": 4.0,
                "labels": ["phone"],
                "assigneeId": "u1",
                "additionalFields": {"deadline_date": "2026-12-01"},
            },
            lambda todoist: todoist.add_task(
                "Call Ada",
                description="About the offer",
                project_id="p1",
                section_id="s1",
                parent_id="t0",
                due_datetime=datetime(2026, 11, 30, 9, tzinfo=UTC),
                priority=4,
                labels=["phone"],
                assignee_id="u1",
                deadline_date=date(2026, 12, 1),
            ),
        ),
        "quick_add_task": Call(
            {"text": "Call Ada tomorrow #Work", "note": "Ask for the price"},
            lambda todoist: todoist.add_task_quick("Call Ada tomorrow #Work", note="Ask for the price"),
        ),
        "update_task": Call(
            {"taskId": "t1", "content": "Call Ada", "dueDate": "2026-11-30", "priority": 1},
            lambda todoist: todoist.update_task("t1", content="Call Ada", due_date=date(2026, 11, 30), priority=1),
        ),
        "close_task": Call({"taskId": "t1"}, lambda todoist: todoist.complete_task("t1")),
        "reopen_task": Call({"taskId": "t1"}, lambda todoist: todoist.uncomplete_task("t1")),
        "move_task": Call(
            {"taskId": "t1", "sectionId": "s1"}, lambda todoist: todoist.move_task("t1", section_id="s1")
        ),
        "delete_task": Call({"taskId": "t1", "confirmDelete": True}, lambda todoist: todoist.delete_task("t1")),
        "list_completed_tasks": Call(
            {"since": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z", "filter_query": "#Work"},
            lambda todoist: first(
                todoist.get_completed_tasks_by_completion_date(
                    since=datetime(2026, 11, 1, tzinfo=UTC),
                    until=datetime(2026, 12, 1, tzinfo=UTC),
                    filter_query="#Work",
                    limit=100,
                )
            ),
            ({"items": [], "next_cursor": None},),
        ),
        "list_projects": Call({"limit": 20.0}, lambda todoist: first(todoist.get_projects(limit=20)), PAGE),
        "search_projects": Call(
            {"query": "Gard*", "limit": 20.0}, lambda todoist: first(todoist.search_projects("Gard*", limit=20)), PAGE
        ),
        "get_project": Call(PROJECT, lambda todoist: todoist.get_project("p1")),
        "create_project": Call(
            {
                "name": "Garden",
                "description": "Beds",
                "parentId": "p0",
                "color": "green",
                "viewStyle": "board",
                "additionalFields": {"is_favorite": True},
            },
            lambda todoist: todoist.add_project(
                "Garden", description="Beds", parent_id="p0", color="green", view_style="board", is_favorite=True
            ),
        ),
        "update_project": Call(
            PROJECT | {"name": "House", "viewStyle": "list"},
            lambda todoist: todoist.update_project("p1", name="House", view_style="list"),
        ),
        "archive_project": Call(PROJECT | {"confirmArchive": True}, lambda todoist: todoist.archive_project("p1")),
        "unarchive_project": Call(PROJECT, lambda todoist: todoist.unarchive_project("p1")),
        "delete_project": Call(PROJECT | {"confirmDelete": True}, lambda todoist: todoist.delete_project("p1")),
        "list_collaborators": Call(PROJECT, lambda todoist: first(todoist.get_collaborators("p1", limit=100)), PAGE),
        "list_sections": Call(
            PROJECT | {"limit": 20}, lambda todoist: first(todoist.get_sections("p1", limit=20)), PAGE
        ),
        "create_section": Call(
            PROJECT | {"name": "Now", "order": 2.0}, lambda todoist: todoist.add_section("Now", "p1", order=2)
        ),
        "update_section": Call(
            {"sectionId": "s1", "name": "Later"}, lambda todoist: todoist.update_section("s1", name="Later")
        ),
        "delete_section": Call(
            {"sectionId": "s1", "confirmDelete": True}, lambda todoist: todoist.delete_section("s1")
        ),
        "list_comments": Call(
            {"taskId": "t1", "limit": 20}, lambda todoist: first(todoist.get_comments(task_id="t1", limit=20)), PAGE
        ),
        "add_comment": Call(
            {"content": "Done", "taskId": "t1"}, lambda todoist: todoist.add_comment("Done", task_id="t1")
        ),
        "update_comment": Call(
            {"commentId": "c1", "content": "Undone"}, lambda todoist: todoist.update_comment("c1", "Undone")
        ),
        "delete_comment": Call(
            {"commentId": "c1", "confirmDelete": True}, lambda todoist: todoist.delete_comment("c1")
        ),
        "list_labels": Call({}, lambda todoist: first(todoist.get_labels(limit=100)), PAGE),
    },
)
