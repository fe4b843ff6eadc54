"""Mailchimp's own client for Python."""

from hashlib import md5
from typing import Any

from mailchimp_marketing import Client

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

HASH = md5(b"ada@example.com", usedforsecurity=False).hexdigest()
PAGE: dict[str, Any] = {"count": 100, "offset": 0}
AUDIENCE = {
    "name": "News",
    "permission_reminder": "You signed up.",
    "email_type_option": False,
    "double_optin": True,
}
CONTACT = {"company": "Acme", "address1": "Am Kai 1", "city": "Hamburg", "country": "DE"}
DEFAULTS = {"from_name": "Acme", "from_email": "news@acme.example", "subject": "News", "language": "en"}
SETTINGS = {
    "subject_line": "March",
    "title": "March to all",
    "from_name": "Acme",
    "reply_to": "news@acme.example",
    "to_name": "*|FNAME|*",
}


def client() -> Any:
    """A client as anybody would make it."""
    made = Client()
    made.set_config({"api_key": "key-us21", "server": "us21"})
    return made


def connect(address: str) -> Any:
    """The client puts the name of the server into its address."""
    made = client()
    made.api_client.host = f"{address}/3.0"
    made.api_client.server = ""
    return made


def address() -> str:
    """Where it goes of its own accord."""
    made = client().api_client
    return made.host.replace("server", made.server).removesuffix("/3.0")


OFFICIAL = Official(
    integration="mailchimp",
    package="mailchimp-marketing",
    address=address(),
    credentials=Credentials("api_key", {"api_key": "key-us21", "server": "us21"}),
    connect=connect,
    calls={
        "list_audiences": Call({}, lambda client: client.lists.get_all_lists(**PAGE), ({"lists": []},)),
        "create_audience": Call(
            AUDIENCE | CONTACT | DEFAULTS,
            lambda client: client.lists.create_list(AUDIENCE | {"contact": CONTACT, "campaign_defaults": DEFAULTS}),
        ),
        "list_members": Call(
            {"list_id": "l1", "status": "subscribed"},
            lambda client: client.lists.get_list_members_info("l1", status="subscribed", **PAGE),
            ({"members": []},),
        ),
        "search_members": Call(
            {"query": "ada", "list_id": "l1"},
            lambda client: client.searchMembers.search(
                "ada",
                list_id="l1",
                exclude_fields=["exact_matches.members._links", "full_search.members._links", "_links"],
            ),
        ),
        "find_subscriber": Call(
            {"list_id": "l1", "email": "ada@example.com", "include_fields": ["id", "merge_fields.FNAME"]},
            lambda client: client.lists.get_list_member("l1", "ada@example.com", fields=["id", "merge_fields.FNAME"]),
        ),
        "add_member_to_list": Call(
            {
                "list_id": "l1",
                "email_address": "ada@example.com",
                "status_if_new": "pending",
                "first_name": "Ada",
                "vip": True,
                "skip_merge_validation": True,
            },
            lambda client: client.lists.set_list_member(
                "l1",
                "ada@example.com",
                {
                    "email_address": "ada@example.com",
                    "status_if_new": "pending",
                    "merge_fields": {"FNAME": "Ada"},
                    "vip": True,
                },
                skip_merge_validation="true",
            ),
        ),
        "update_member_in_list": Call(
            {"list_id": "l1", "email": "ada@example.com", "status": "unsubscribed"},
            lambda client: client.lists.update_list_member("l1", "ada@example.com", {"status": "unsubscribed"}),
        ),
        "archive_subscriber": Call(
            {"list_id": "l1", "subscriber_hash": HASH}, lambda client: client.lists.delete_list_member("l1", HASH)
        ),
        "unsubscribe_email": Call(
            {"list_id": "l1", "email_address": "ada@example.com", "skip_duplicate_check": True},
            lambda client: client.lists.batch_list_members(
                "l1",
                {
                    "members": [{"email_address": "ada@example.com", "status": "unsubscribed"}],
                    "update_existing": True,
                },
                skip_duplicate_check="true",
            ),
        ),
        "add_note_to_subscriber": Call(
            {"list_id": "l1", "email": "Ada@Example.com", "note": "Called"},
            lambda client: client.lists.create_list_member_note("l1", HASH, {"note": "Called"}),
        ),
        "find_tag": Call({"list_id": "l1", "name": "vi"}, lambda client: client.lists.tag_search("l1", name="vi")),
        "add_subscriber_to_tag": Call(
            {"list_id": "l1", "email": "Ada@Example.com", "tag_name": "vip"},
            lambda client: client.lists.update_list_member_tags(
                "l1", HASH, {"tags": [{"name": "vip", "status": "active"}]}
            ),
        ),
        "remove_subscriber_from_tag": Call(
            {"list_id": "l1", "email": "Ada@Example.com", "tag_name": "vip"},
            lambda client: client.lists.update_list_member_tags(
                "l1", HASH, {"tags": [{"name": "vip", "status": "inactive"}]}
            ),
        ),
        "list_campaigns": Call(
            {"status": "sent", "list_id": "l1"},
            lambda client: client.campaigns.list(
                status="sent", list_id="l1", sort_field="create_time", sort_dir="DESC", **PAGE
            ),
            ({"campaigns": []},),
        ),
        "find_campaign": Call(
            {"query": "march"}, lambda client: client.searchCampaigns.search("march"), ({"results": []},)
        ),
        "create_campaign": Call(
            SETTINGS
            | {
                "campaign_type": "regular",
                "list_id": "l1",
                "from_email": "news@acme.example",
                "content_type": "template",
                "template_id": "7",
            },
            lambda client: (
                client.campaigns.create({"type": "regular", "recipients": {"list_id": "l1"}, "settings": SETTINGS}),
                client.campaigns.set_content("c1", {"template": {"id": 7}}),
            ),
            ({"id": "c1"}, {}),
        ),
        "get_campaign": Call({"campaign_id": "c1"}, lambda client: client.campaigns.get("c1")),
        "send_campaign": Call({"campaign_id": "c1"}, lambda client: client.campaigns.send("c1")),
        "schedule_campaign": Call(
            {"campaign_id": "c1", "schedule_time": "2026-12-01T09:15:00+00:00"},
            lambda client: client.campaigns.schedule("c1", {"schedule_time": "2026-12-01T09:15:00+00:00"}),
        ),
        "send_test_email": Call(
            {"campaign_id": "c1", "test_emails": ["ada@example.com"]},
            lambda client: client.campaigns.send_test_email(
                "c1", {"test_emails": ["ada@example.com"], "send_type": "html"}
            ),
        ),
        "get_campaign_report": Call(
            {"campaign_id": "c1", "fields": "opens,clicks"},
            lambda client: client.reports.get_campaign_report("c1", fields=["opens", "clicks"]),
        ),
        "list_templates": Call({}, lambda client: client.templates.list(type="user", **PAGE), ({"templates": []},)),
        "find_customer": Call(
            {"store_id": "s1", "email_address": "ada@example.com", "count": 5, "offset": 10},
            lambda client: client.ecommerce.get_all_store_customers(
                "s1", email_address="ada@example.com", count=5, offset=10
            ),
            ({"customers": []},),
        ),
    },
)
