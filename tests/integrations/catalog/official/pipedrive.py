"""Pipedrive's own client, for Node."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_VALUE: Final = {"amount": 1000, "currency": "USD"}
_ABOUT: Final = {"deal_id": "5", "person_id": "3", "org_id": "4"}

OFFICIAL = Official(
    integration="pipedrive",
    package="pipedrive",
    credentials=Credentials("api_token", {"secret_text": "token1"}),
    calls={
        "create_deal": Call(
            {
                "title": "Big",
                "value": 1000.0,
                "currency": "USD",
                "pipeline": "1",
                "stage": "2",
                "person": "3",
                "org": "4",
            }
        ),
        "get_deal": Call({"deal_id": "5"}),
        "list_deals": Call(
            {
                "status": "open",
                "pipeline_id": "1",
                "stage_id": "2",
                "person_id": "3",
                "org_id": "4",
                "owner_id": "6",
                "updated_since": "2026-11-01T00:00:00Z",
            }
        ),
        "find_deal": Call({"term": "Big"}),
        "update_deal": Call({"deal_id": "5", "title": "Bigger", "value": 2000, "stage": "3", "status": "won"}),
        "delete_deal": Call({"deal_id": "5"}),
        "create_person": Call({"name": "Ada", "email": "ada@example.com", "phone": "+15550100", "org": "4"}),
        "get_person": Call({"person_id": "3"}),
        "find_person": Call({"term": "Ada"}),
        "list_persons": Call({"org_id": "4", "owner_id": "6"}),
        "update_person": Call({"person_id": "3", "name": "Ada L."}),
        "create_organization": Call({"name": "Acme", "address": "1 Main St"}),
        "get_organization": Call({"org_id": "4"}),
        "find_organization": Call({"term": "Acme"}),
        "list_organizations": Call({"owner_id": "6"}),
        "update_organization": Call({"org_id": "4", "name": "Acme, Inc."}),
        "create_lead": Call(
            {
                "title": "Maybe",
                "person_id": "3",
                "org_id": "4",
                "value": _VALUE,
                "expected_close_date": "2026-12-31",
            }
        ),
        "get_lead": Call({"lead_id": "l1"}),
        "list_leads": Call({"person_id": "3", "organization_id": "4", "owner_id": "6"}),
        "update_lead": Call({"lead_id": "l1", "title": "Likely", "value": _VALUE}),
        "create_activity": Call(
            {
                "subject": "Call Ada",
                "type": "call",
                "due_date": "2026-11-30",
                **_ABOUT,
                "note": "About the offer",
            }
        ),
        "get_activity": Call({"activity_id": "7"}),
        "find_activity": Call({"type": "call", "done": "false", "user_id": "6"}),
        "update_activity": Call({"activity_id": "7", "subject": "Call Ada again", "done": True}),
        "delete_activity": Call({"activity_id": "7"}),
        "create_note": Call({"content": "Wants a quote", **_ABOUT}),
        "get_note": Call({"note_id": "8"}),
        "find_notes": Call(_ABOUT),
        "delete_note": Call({"note_id": "8"}),
        "list_users": Call({}),
        "list_stages": Call({"pipeline_id": "1"}),
        "list_pipelines": Call({}),
    },
)
