"""Microsoft's own client for Python, for tasks."""

from typing import TYPE_CHECKING

from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.importance import Importance
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.task_file_attachment import TaskFileAttachment
from msgraph.generated.models.task_status import TaskStatus
from msgraph.generated.models.todo_task import TodoTask
from msgraph.generated.models.todo_task_list import TodoTaskList
from msgraph.graph_service_client import GraphServiceClient

from tests.integrations.catalog.microsoft_client import (
    asks,
    having,
    of_graph,
)

if TYPE_CHECKING:  # these parts of the client warn of themselves when they are loaded
    from msgraph.generated.users.item.todo.lists.item.tasks.item.todo_task_item_request_builder import (
        TodoTaskItemRequestBuilder,
    )
    from msgraph.generated.users.item.todo.lists.item.tasks.tasks_request_builder import TasksRequestBuilder

LIST = {"task_list_id": "l1"}
TASK = {"task_list_id": "l1", "task_id": "t1"}
NONE = ({"value": []},)


def tasks(client: GraphServiceClient) -> "TasksRequestBuilder":
    return client.me.todo.lists.by_todo_task_list_id("l1").tasks


def task(client: GraphServiceClient) -> "TodoTaskItemRequestBuilder":
    return tasks(client).by_todo_task_id("t1")


def at(moment: str) -> DateTimeTimeZone:
    return DateTimeTimeZone(date_time=moment, time_zone="Europe/Berlin")


OFFICIAL = of_graph(
    "microsoft-todo",
    {
        "list_task_lists": asks(
            {"max_items": 50},
            lambda client: client.me.todo.lists.get(having(client.me.todo.lists, top=50)),
            answers=NONE,
        ),
        "find_task_list_by_name": asks(
            {"name": "Ada's", "match_type": "startsWith"},
            lambda client: client.me.todo.lists.get(
                having(client.me.todo.lists, filter="startsWith(displayName,'Ada''s')", top=50)
            ),
            answers=NONE,
        ),
        "create_task_list": asks(
            {"displayName": "Groceries"},
            lambda client: client.me.todo.lists.post(TodoTaskList(display_name="Groceries")),
        ),
        "update_task_list": asks(
            {**LIST, "displayName": "Food"},
            lambda client: client.me.todo.lists.by_todo_task_list_id("l1").patch(TodoTaskList(display_name="Food")),
        ),
        "list_tasks": asks(
            {**LIST, "filter": "status ne 'completed'", "max_items": 50},
            lambda client: tasks(client).get(having(tasks(client), filter="status ne 'completed'", top=50)),
            answers=NONE,
        ),
        "find_task_by_title": asks(
            {**LIST, "title": "Milk"},
            lambda client: tasks(client).get(having(tasks(client), filter="contains(title,'Milk')", top=50)),
            answers=NONE,
        ),
        "get_task": asks(TASK, lambda client: task(client).get()),
        "create_task": asks(
            {
                **LIST,
                "title": "Milk",
                "body_content": "Two bottles",
                "importance": "high",
                "status": "notStarted",
                "due_date_time": "2026-12-01",
                "reminder_date_time": "2026-12-01T09:00:00",
                "start_date_time": "2026-11-30",
                "categories": "Work, Home",
                "timezone": "Europe/Berlin",
            },
            lambda client: tasks(client).post(
                TodoTask(
                    title="Milk",
                    body=ItemBody(content_type=BodyType.Text, content="Two bottles"),
                    importance=Importance.High,
                    status=TaskStatus.NotStarted,
                    due_date_time=at("2026-12-01T00:00:00"),
                    reminder_date_time=at("2026-12-01T09:00:00"),
                    is_reminder_on=True,
                    start_date_time=at("2026-11-30T00:00:00"),
                    categories=["Work", "Home"],
                )
            ),
        ),
        "update_task": asks(
            {**TASK, "title": "Oat milk", "categories": ""},
            lambda client: task(client).patch(TodoTask(title="Oat milk", categories=[])),
        ),
        "complete_task": asks(TASK, lambda client: task(client).patch(TodoTask(status=TaskStatus.Completed))),
        "delete_task": asks(TASK, lambda client: task(client).delete()),
        "add_attachment": asks(
            {**TASK, "file": "data:text/plain;base64,bWlsaw==", "filename": "list.txt"},
            lambda client: task(client).attachments.post(
                TaskFileAttachment(name="list.txt", content_type="text/plain", content_bytes=b"milk")
            ),
        ),
    },
)
