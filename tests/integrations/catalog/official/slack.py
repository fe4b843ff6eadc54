"""Slack's own client for Python, for the methods that the emulator lacks."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official
from tests.integrations.catalog.recorder import Asked

ADDRESS = urlsplit(WebClient.BASE_URL)


def arguments_anywhere(asked: Asked) -> Asked:
    """Slack takes a method's arguments from the query, from a form and from JSON alike (docs.slack.dev/apis/web-api).

    What is nested is JSON there too; and methods that only read may be asked by GET.
    """
    body = asked.body or []
    pairs = [*asked.query, *(body.items() if isinstance(body, Mapping) else body)]
    given = tuple(sorted((name, written(value)) for name, value in pairs))
    return Asked("POST", asked.path, given, None, asked.authorization)


def written(value: Any) -> str:
    """A value in one way, whichever way it was sent."""
    if isinstance(value, str):
        return written(json.loads(value)) if value.startswith(("{", "[")) else value
    return json.dumps(value, sort_keys=True)


def markdown(text: str) -> dict[str, str]:
    """Content as canvases have it."""
    return {"type": "markdown", "markdown": text}


OFFICIAL = Official(
    integration="slack",
    package="slack-sdk",
    address=f"{ADDRESS.scheme}://{ADDRESS.netloc}",
    credentials=Credentials("user", {"access_token": "xoxp-key"}),
    connect=lambda address: WebClient("xoxp-key", base_url=f"{address}/api/", retry_handlers=[]),
    alike=arguments_anywhere,
    calls={
        "search_messages": Call(
            {"query": "in:#general Grüße", "sort": "timestamp", "count": 5.0},
            lambda client: client.search_messages(query="in:#general Grüße", sort="timestamp", count=5),
        ),
        "list_usergroups": Call({"include_users": True}, lambda client: client.usergroups_list(include_users="true")),
        "create_usergroup": Call(
            {"name": "Marketing", "handle": "marketing", "channels": "C1,C2"},
            lambda client: client.usergroups_create(name="Marketing", handle="marketing", channels=["C1", "C2"]),
        ),
        "update_usergroup": Call(
            {"usergroup": "S1", "name": "Marketing", "description": "All of it"},
            lambda client: client.usergroups_update(usergroup="S1", name="Marketing", description="All of it"),
        ),
        "update_usergroup_users": Call(
            {"usergroup": "S1", "users": "U1,U2"},
            lambda client: client.usergroups_users_update(usergroup="S1", users=["U1", "U2"]),
        ),
        "enable_usergroup": Call({"usergroup": "S1"}, lambda client: client.usergroups_enable(usergroup="S1")),
        "disable_usergroup": Call({"usergroup": "S1"}, lambda client: client.usergroups_disable(usergroup="S1")),
        "list_canvases": Call(
            {"channel": "C1", "count": 20.0},
            lambda client: client.files_list(types="canvas", channel="C1", count=20),
            ({"ok": True, "files": []},),
        ),
        "find_canvas_sections": Call(
            {"canvas_id": "F1", "contains_text": "To do"},
            lambda client: client.canvases_sections_lookup(canvas_id="F1", criteria={"contains_text": "To do"}),
        ),
        "create_canvas": Call(
            {"title": "Plan", "markdown": "# Plan"},
            lambda client: client.canvases_create(title="Plan", document_content=markdown("# Plan")),
        ),
        "create_channel_canvas": Call(
            {"channel": "C1", "markdown": "# Plan"},
            lambda client: client.conversations_canvases_create(channel_id="C1", document_content=markdown("# Plan")),
        ),
        "edit_canvas": Call(
            {"canvas_id": "F1", "operation": "insert_after", "section_id": "temp:C:1", "markdown": "Done"},
            lambda client: client.canvases_edit(
                canvas_id="F1",
                changes=[{"operation": "insert_after", "section_id": "temp:C:1", "document_content": markdown("Done")}],
            ),
        ),
        "delete_canvas": Call({"canvas_id": "F1"}, lambda client: client.canvases_delete(canvas_id="F1")),
    },
)
