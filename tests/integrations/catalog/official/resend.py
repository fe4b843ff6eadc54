"""Resend's own client for Python."""

from typing import Any

import resend

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official


def connect(address: str) -> Any:
    """The client is its module."""
    resend.api_key, resend.api_url = "re_key", address
    return resend


OFFICIAL = Official(
    integration="resend",
    package="resend",
    address=resend.api_url,
    credentials=Credentials("api_key", {"secret_text": "re_key"}),
    connect=connect,
    calls={
        "send_email": Call(
            {
                "to": ["ada@example.com"],
                "from_name": "Acme, Inc.",
                "from": "hello@acme.example",
                "cc": ["bob@example.com"],
                "reply_to": "help@acme.example",
                "subject": "Hello",
                "content_type": "html",
                "content": "<p>Hi</p>",
            },
            lambda client: client.Emails.send(
                {
                    "from": '"Acme, Inc." <hello@acme.example>',
                    "to": ["ada@example.com"],
                    "cc": ["bob@example.com"],
                    "reply_to": "help@acme.example",
                    "subject": "Hello",
                    "html": "<p>Hi</p>",
                }
            ),
            answers=({"id": "e1"},),
        ),
        "get_email": Call({"id": "e1"}, lambda client: client.Emails.get("e1"), answers=({"id": "e1"},)),
        "cancel_email": Call({"id": "e1"}, lambda client: client.Emails.cancel("e1"), answers=({"id": "e1"},)),
        "list_domains": Call({}, lambda client: client.Domains.list(), answers=({"data": []},)),
        "get_domain": Call({"id": "d1"}, lambda client: client.Domains.get("d1"), answers=({"id": "d1"},)),
    },
)
