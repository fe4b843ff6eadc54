"""HubSpot's own client for Python."""

from typing import Any

import hubspot
from hubspot.crm.association_type import AssociationType

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

PAGE = {"limit": 20.0, "after": "a1", "properties": "name", "associations": "deals"}
THEIR_PAGE = {"limit": 20, "after": "a1", "properties": ["name"], "associations": ["deals"]}
ONE = {"idProperty": "email", "properties": "name", "associations": "deals"}
THEIR_ONE = {"id_property": "email", "properties": ["name"], "associations": ["deals"]}
# The client says of everything whether it was deleted; without it, it was not. It writes True as Python does.
DEFAULT = ["archived"]
TYPE_5 = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}
LINK = [{"to": {"id": "9"}, "types": [TYPE_5]}]
FILTERS = [{"filters": [{"propertyName": "email", "operator": "EQ", "value": "ada@example.com"}]}]
FROM_TO = {"fromObjectType": "contacts", "fromObjectId": "1", "toObjectType": "companies", "toObjectId": "2"}
SEARCH = Call(
    {
        "objectType": "contacts",
        "query": "ada",
        "filterGroups": FILTERS,
        "sorts": ["-createdate"],
        "properties": "email, phone",
        "limit": 20.0,
        "after": "20",
    },
    lambda client: client.crm.objects.search_api.do_search(
        "contacts",
        {
            "query": "ada",
            "filterGroups": FILTERS,
            "sorts": ["-createdate"],
            "properties": ["email", "phone"],
            "limit": 20,
            "after": "20",
        },
    ),
)


def connect(address: str) -> Any:
    """The client for the token of a private app."""
    return hubspot.Client.create(access_token="t0ken", host=address)


def api(client: Any, plural: str) -> Any:
    """Where the client has a type of objects."""
    return getattr(client.crm, plural).basic_api


def new(client: Any, plural: str, properties: dict[str, str], links: Any = None) -> object:
    """Creates an object."""
    body = {"properties": properties} | ({"associations": links} if links else {})
    return api(client, plural).create(body)


def of_a_type(plural: str, singular: str) -> dict[str, Call]:
    """The calls that every type of objects has."""
    key = f"{singular}Id"
    return {
        f"get_{singular}": Call(
            ONE | {key: "7"}, lambda client: api(client, plural).get_by_id("7", **THEIR_ONE), only_theirs=DEFAULT
        ),
        f"list_{plural}": Call(PAGE, lambda client: api(client, plural).get_page(**THEIR_PAGE), only_theirs=DEFAULT),
        f"update_{singular}": Call(
            {key: "7", "idProperty": "email", "properties": {"name": "New"}},
            lambda client: api(client, plural).update("7", {"properties": {"name": "New"}}, id_property="email"),
        ),
    }


OFFICIAL = Official(
    integration="hubspot",
    package="hubspot-api-client",
    address="https://api.hubapi.com",
    credentials=Credentials("private_app", {"secret_text": "t0ken"}),
    connect=connect,
    calls={
        **of_a_type("contacts", "contact"),
        **of_a_type("companies", "company"),
        **of_a_type("deals", "deal"),
        **of_a_type("tickets", "ticket"),
        "create_contact": Call(
            {
                "email": "ada@example.com",
                "firstName": "Ada",
                "lastName": "Lovelace",
                "phone": "+15550100",
                "company": "Acme",
                "additionalProperties": {"lifecyclestage": "lead"},
                "associations": LINK,
            },
            lambda client: new(
                client,
                "contacts",
                {
                    "email": "ada@example.com",
                    "firstname": "Ada",
                    "lastname": "Lovelace",
                    "phone": "+15550100",
                    "company": "Acme",
                    "lifecyclestage": "lead",
                },
                LINK,
            ),
        ),
        "create_company": Call(
            {"name": "Acme", "domain": "acme.example", "industry": "COMPUTER_SOFTWARE"},
            lambda client: new(
                client, "companies", {"name": "Acme", "domain": "acme.example", "industry": "COMPUTER_SOFTWARE"}
            ),
        ),
        "create_deal": Call(
            {
                "dealName": "Big",
                "pipeline_dropdown": "p1",
                "pipeline": "p0",
                "dealStage": "s1",
                "amount": "1500",
                "closeDate": "2026-11-30",
            },
            lambda client: new(
                client,
                "deals",
                {
                    "dealname": "Big",
                    "pipeline": "p1",
                    "dealstage": "s1",
                    "amount": "1500",
                    "closedate": "2026-11-30",
                },
            ),
        ),
        "update_deal": Call(
            {"dealId": "7", "deal_stage_dropdown": "s2", "properties": {"amount": "2000"}},
            lambda client: api(client, "deals").update("7", {"properties": {"amount": "2000", "dealstage": "s2"}}),
        ),
        "create_ticket": Call(
            {"subject": "Broken", "content": "It is", "pipeline": "0", "pipelineStage": "1", "priority": "HIGH"},
            lambda client: new(
                client,
                "tickets",
                {
                    "subject": "Broken",
                    "content": "It is",
                    "hs_pipeline": "0",
                    "hs_pipeline_stage": "1",
                    "hs_ticket_priority": "HIGH",
                },
            ),
        ),
        "search_crm": SEARCH,
        "search_crm_objects": SEARCH,
        "create_crm_object": Call(
            {"objectType": "products", "properties": {"name": "Tea"}, "associations": LINK},
            lambda client: client.crm.objects.basic_api.create(
                "products", {"properties": {"name": "Tea"}, "associations": LINK}
            ),
        ),
        "get_crm_object": Call(
            ONE | {"objectType": "2-1", "objectId": "7", "propertiesWithHistory": "price", "archived": True},
            lambda client: client.crm.objects.basic_api.get_by_id(
                "2-1", "7", **THEIR_ONE, properties_with_history=["price"], archived="true"
            ),
        ),
        "list_crm_objects": Call(
            PAGE | {"objectType": "2-1", "archived": True},
            lambda client: client.crm.objects.basic_api.get_page("2-1", **THEIR_PAGE, archived="true"),
        ),
        "update_crm_object": Call(
            {"objectType": "2-1", "objectId": "7", "properties": {"price": "4"}},
            lambda client: client.crm.objects.basic_api.update("2-1", "7", {"properties": {"price": "4"}}),
        ),
        "delete_crm_object": Call(
            {"objectType": "2-1", "objectId": "7"}, lambda client: client.crm.objects.basic_api.archive("2-1", "7")
        ),
        "list_properties": Call(
            {"objectType": "contacts", "archived": True},
            lambda client: client.crm.properties.core_api.get_all("contacts", archived="true"),
        ),
        "get_property": Call(
            {"objectType": "contacts", "propertyName": "lifecyclestage"},
            lambda client: client.crm.properties.core_api.get_by_name("contacts", "lifecyclestage"),
            only_theirs=DEFAULT,
        ),
        "create_engagement": Call(
            {
                "type": "CALL",
                "contactId": "1",
                "companyId": "2",
                "dealId": "3",
                "subject": "Ada",
                "body": "Wants a quote",
                "timestamp": "1764489600000",
            },
            lambda client: client.crm.objects.calls.basic_api.create(
                {
                    "properties": {
                        "hs_timestamp": "1764489600000",
                        "hs_call_title": "Ada",
                        "hs_call_body": "Wants a quote",
                    },
                    "associations": [
                        {
                            "to": {"id": to},
                            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}],
                        }
                        for to, number in (
                            ("1", AssociationType.CALL_TO_CONTACT),
                            ("2", AssociationType.CALL_TO_COMPANY),
                            ("3", AssociationType.CALL_TO_DEAL),
                        )
                    ],
                }
            ),
        ),
        "list_associations": Call(
            {"fromObjectType": "contacts", "fromObjectId": "1", "toObjectType": "deals", "limit": 20.0, "after": "a1"},
            lambda client: client.crm.associations.v4.basic_api.get_page(
                "contacts", "1", "deals", limit=20, after="a1"
            ),
        ),
        "create_association": Call(
            FROM_TO | {"associationTypeId": 5.0},
            lambda client: client.crm.associations.v4.basic_api.create("contacts", "1", "companies", "2", [TYPE_5]),
        ),
        "remove_association": Call(
            FROM_TO,
            lambda client: client.crm.associations.v4.basic_api.archive("contacts", "1", "companies", "2"),
        ),
        "list_association_labels": Call(
            {"fromObjectType": "contacts", "toObjectType": "companies"},
            lambda client: client.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies"),
        ),
        "list_pipelines": Call(
            {"objectType": "deals"}, lambda client: client.crm.pipelines.pipelines_api.get_all("deals")
        ),
        "list_owners": Call(
            {"email": "ada@example.com"},
            lambda client: client.crm.owners.owners_api.get_page(email="ada@example.com", limit=100),
            only_theirs=DEFAULT,
        ),
    },
)
