"""Slack's own client for Python, for the methods that the emulator lacks."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from slack_sdk import WebClient

from integrations.ports import Credentials
from integrations.template import as_text
from tests.integrations.catalog.official_call import Call, Official
from tests.integrations.catalog.recorder import Asked

ADDRESS = urlsplit(WebClient.BASE_URL)


def arguments_anywhere(asked: Asked) -> Asked:
    """Slack takes a method's arguments from the query, from a form and from JSON alike (docs.slack.dev/apis/web-api)."""
    body = asked.body or []
    pairs = body.items() if isinstance(body, Mapping) else body
    given = [*asked.query, *((name, as_text(value, name)) for name, value in pairs)]
    return Asked(asked.method, asked.path, tuple(sorted(given)), None, asked.authorization)


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
    },
)
