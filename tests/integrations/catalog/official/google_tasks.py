"""Google Tasks beside Google's own client."""

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Official

TASK = "id,title,notes,status,due,completed,parent,position,updated,webViewLink"
LIST = "id,title,updated"
DUE = "2026-12-01T00:00:00.000Z"

OFFICIAL = Official(
    integration="google-tasks",
    package=PACKAGE,
    address=address_of("tasks", "v1"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "list_task_lists": asks(
            {"maxResults": 100, "pageToken": "p2"},
            lambda google: google.tasks.tasklists().list(
                maxResults=100, pageToken="p2", fields=f"nextPageToken,items({LIST})"
            ),
        ),
        "get_task_list": asks(
            {"taskListId": "l/1"}, lambda google: google.tasks.tasklists().get(tasklist="l/1", fields=LIST)
        ),
        "create_task_list": asks(
            {"title": "Garden"}, lambda google: google.tasks.tasklists().insert(body={"title": "Garden"}, fields=LIST)
        ),
        "update_task_list": asks(
            {"taskListId": "l1", "title": "House"},
            lambda google: google.tasks.tasklists().patch(tasklist="l1", body={"title": "House"}, fields=LIST),
        ),
        "delete_task_list": asks({"taskListId": "l1"}, lambda google: google.tasks.tasklists().delete(tasklist="l1")),
        "list_tasks": asks(
            {
                "taskListId": "@default",
                "maxResults": 50.0,
                "showCompleted": True,
                "showHidden": False,
                "dueMin": "2026-11-01T00:00:00Z",
                "dueMax": "2026-12-01T00:00:00Z",
                "pageToken": "p2",
            },
            lambda google: google.tasks.tasks().list(
                tasklist="@default",
                maxResults=50,
                showCompleted=True,
                showHidden=False,
                dueMin="2026-11-01T00:00:00Z",
                dueMax="2026-12-01T00:00:00Z",
                pageToken="p2",
                fields=f"nextPageToken,items({TASK})",
            ),
        ),
        "get_task": asks(
            {"taskListId": "l1", "taskId": "t1"},
            lambda google: google.tasks.tasks().get(tasklist="l1", task="t1", fields=TASK),
        ),
        "create_task": asks(
            {"taskListId": "l1", "title": "Sow", "notes": "Beans", "due": DUE, "parent": "t1", "previous": "t2"},
            lambda google: google.tasks.tasks().insert(
                tasklist="l1",
                parent="t1",
                previous="t2",
                body={"title": "Sow", "notes": "Beans", "due": DUE},
                fields=TASK,
            ),
        ),
        "update_task": asks(
            {"taskListId": "l1", "taskId": "t1", "title": "Water", "notes": "", "due": DUE, "status": "needsAction"},
            lambda google: google.tasks.tasks().patch(
                tasklist="l1",
                task="t1",
                body={"title": "Water", "notes": "", "due": DUE, "status": "needsAction"},
                fields=TASK,
            ),
        ),
        "complete_task": asks(
            {"taskListId": "l1", "taskId": "t1"},
            lambda google: google.tasks.tasks().patch(
                tasklist="l1", task="t1", body={"status": "completed"}, fields=TASK
            ),
        ),
        "move_task": asks(
            {"taskListId": "l1", "taskId": "t1", "parent": "t2", "previous": "t3", "destinationTaskListId": "l2"},
            lambda google: google.tasks.tasks().move(
                tasklist="l1", task="t1", parent="t2", previous="t3", destinationTasklist="l2", fields=TASK
            ),
        ),
        "delete_task": asks(
            {"taskListId": "l1", "taskId": "t1"}, lambda google: google.tasks.tasks().delete(tasklist="l1", task="t1")
        ),
        "clear_completed_tasks": asks({"taskListId": "l1"}, lambda google: google.tasks.tasks().clear(tasklist="l1")),
    },
)
