"""Salesforce's own client, for Node."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_MADE: Final = ({"id": "003A", "success": True, "errors": []},)
_RECORD: Final = {"object": "Account", "record_id": "001A"}

OFFICIAL = Official(
    integration="salesforce",
    package="@jsforce/jsforce-node",
    credentials=Credentials(
        "oauth", {"access_token": "token1", "instance_url": "https://acme.my.salesforce.com", "domain": "login"}
    ),
    calls={
        "list_objects": Call({}, answers=({"sobjects": []},)),
        "describe_object": Call({"object": "Account"}, answers=({"fields": [], "childRelationships": []},)),
        "run_query": Call({"query": "SELECT Id FROM Account LIMIT 5"}, answers=({"records": [], "done": True},)),
        "find_record": Call(
            {"object": "Contact", "field": "LastName", "search_value": "O'Neil \\ Co"},
            answers=({"records": [], "done": True},),
        ),
        "find_records_by_query": Call(
            {"object": "Account", "where_clause": "Industry = 'Energy'"}, answers=({"records": [], "done": True},)
        ),
        "get_record": Call(_RECORD, answers=({"Id": "001A"},)),
        "create_record": Call({"object": "Account", "data": {"Name": "Acme"}}, answers=_MADE),
        "update_record": Call({**_RECORD, "data": {"BillingCity": "Paris"}}),
        "delete_record": Call(_RECORD),
        "create_contact": Call(
            {
                "LastName": "Lovelace",
                "FirstName": "Ada",
                "Email": "ada@example.com",
                "other_fields": {"Department": "R&D"},
            },
            answers=_MADE,
        ),
        "update_contact": Call({"contact_id": "003A", "Phone": "+15550100"}),
        "create_lead": Call({"LastName": "Lovelace", "Company": "Acme", "LeadSource": "Web"}, answers=_MADE),
        "update_lead": Call({"lead_id": "00QA", "Company": "Acme", "other_fields": {"Rating": "Hot"}}),
        "add_contact_to_campaign": Call({"campaign_id": "701A", "contact_id": "003A", "status": "Sent"}, answers=_MADE),
        "add_lead_to_campaign": Call({"campaign_id": "701A", "lead_id": "00QA", "status": "Sent"}, answers=_MADE),
        "create_opportunity": Call(
            {"Name": "Deal", "CloseDate": "2026-12-31", "StageName": "Prospecting", "Amount": 1000}, answers=_MADE
        ),
        "delete_opportunity": Call({"opportunity_id": "006A"}),
        "create_case": Call({"Subject": "Broken", "Priority": "High"}, answers=_MADE),
        "create_task": Call(
            {"Subject": "Call", "OwnerId": "005A", "Status": "Not Started", "Priority": "Normal", "WhoId": "003A"},
            answers=_MADE,
        ),
        "create_note": Call(
            {"object": "Account", "parent_id": "001A", "Title": "Plan", "Body": "All of it"},
            answers=({"Id": "001A"}, *_MADE),
        ),
    },
)
