"""Freshworks' own client, for Node."""

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

PAGE = {"limit": 50, "page": 2, "updated_since": "2026-11-01T00:00:00Z"}

OFFICIAL = Official(
    integration="freshdesk",
    package="@freshworks/freshdesk",
    credentials=Credentials("api_key", {"api_key": "fd-key", "subdomain": "acme"}),
    calls={
        # The client pages neither tickets nor what a search finds.
        "list_tickets": Call(PAGE, answers=([],), only_ours=("per_page", "page")),
        "search_tickets": Call({"query": "status:2"}, answers=({"results": []},), only_ours=("page",)),
        "get_ticket": Call({"ticket_id": 7, "include_conversations": True}),
        "create_ticket": Call(
            {
                "subject": "Help",
                "description": "It smokes",
                "requester_email": "ada@example.com",
                "status": "2",
                "priority": "3",
                "tags": ["fire"],
            }
        ),
        "update_ticket": Call({"ticket_id": 7, "status": "4", "priority": "1", "responder_id": 9, "tags": ["done"]}),
        "reply_to_ticket": Call({"ticket_id": 7, "body": "On our way"}),
        "add_note": Call({"ticket_id": 7, "body": "Bring water", "private_note": True}),
        "list_contacts": Call({**PAGE, "email": "ada@example.com"}, answers=([],), only_ours=("page",)),
    },
)
