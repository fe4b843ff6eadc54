"""What the hubspot manifest can't say: properties by the names of inputs, activities, links with or without label."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

OBJECTS: Final = "crm/v3/objects/{objectType}"

_CONTACT: Final = {
    "email": "email",
    "firstName": "firstname",
    "lastName": "lastname",
    "phone": "phone",
    "company": "company",
}
_COMPANY: Final = {"name": "name", "domain": "domain", "industry": "industry"}
_DEAL: Final = {
    "dealName": "dealname",
    "pipeline": "pipeline",
    "pipeline_dropdown": "pipeline",
    "dealStage": "dealstage",
    "deal_stage_dropdown": "dealstage",
    "amount": "amount",
    "closeDate": "closedate",
}
"""Where two inputs are one property, the latter goes before the former."""
_TICKET: Final = {
    "subject": "subject",
    "content": "content",
    "pipeline": "hs_pipeline",
    "pipelineStage": "hs_pipeline_stage",
    "priority": "hs_ticket_priority",
}

_ACTIVITIES: Final = {
    "NOTE": ("notes", None, "hs_note_body"),
    "TASK": ("tasks", "hs_task_subject", "hs_task_body"),
    "CALL": ("calls", "hs_call_title", "hs_call_body"),
    "MEETING": ("meetings", "hs_meeting_title", "hs_meeting_body"),
    "EMAIL": ("emails", "hs_email_subject", "hs_email_text"),
}
"""Kind → type of objects, property of the subject, property of the text."""

_LINKS: Final = {
    "NOTE": {"contactId": 202, "companyId": 190, "dealId": 214},
    "TASK": {"contactId": 204, "companyId": 192, "dealId": 216},
    "CALL": {"contactId": 194, "companyId": 182, "dealId": 206},
    "MEETING": {"contactId": 200, "companyId": 188, "dealId": 212},
    "EMAIL": {"contactId": 198, "companyId": 186, "dealId": 210},
}
"""Types of links from an activity, as HubSpot numbers them (AssociationType of its own clients)."""


async def create_contact(call: ActionCall) -> Json:
    """A new contact."""
    return await _created(call, "contacts", _CONTACT)


async def create_company(call: ActionCall) -> Json:
    """A new company."""
    return await _created(call, "companies", _COMPANY)


async def create_deal(call: ActionCall) -> Json:
    """A new deal."""
    return await _created(call, "deals", _DEAL)


async def create_ticket(call: ActionCall) -> Json:
    """A new ticket."""
    return await _created(call, "tickets", _TICKET)


async def update_deal(call: ActionCall) -> Json:
    """Another state of a deal."""
    given = call.arguments
    properties = {**given.get("properties", {}), **_properties(given, _DEAL)}
    if not properties:
        raise InvalidInput("Nothing to change: give a pipeline, a stage or properties.", path="/properties")
    query = {"idProperty": given.get("idProperty")}
    answer = await call.api.send(
        "PATCH", "crm/v3/objects/deals/{dealId}", given, query=query, json={"properties": properties}
    )
    return answer.json


async def search(call: ActionCall) -> Json:
    """One page of what a search finds."""
    given = call.arguments
    asked = {name: given[name] for name in ("query", "filterGroups", "sorts", "limit", "after") if name in given}
    if "properties" in given:
        asked["properties"] = [name.strip() for name in given["properties"].split(",") if name.strip()]
    found = await call.api.post(f"{OBJECTS}/search", given, json=asked)
    page = {"total": found.get("total"), "items": found.get("results", [])}
    after = found.get("paging", {}).get("next", {}).get("after")
    return page | ({"after": after} if after else {})


async def create_engagement(call: ActionCall) -> Json:
    """A new activity: an object of a type of its own for each kind."""
    given, kind = call.arguments, call.arguments["type"]
    object_type, subject, body = _ACTIVITIES[kind]
    properties = {"hs_timestamp": given.get("timestamp", str(int(call.now.timestamp() * 1000)))}
    if "body" in given:
        properties[body] = given["body"]
    if "subject" in given:
        if subject is None:
            raise InvalidInput("A note has no subject; put it into the body.", path="/subject")
        properties[subject] = given["subject"]
    if kind == "EMAIL":
        properties["hs_email_direction"] = "EMAIL"
    links = [_link(given[name], number) for name, number in _LINKS[kind].items() if name in given]
    activity: Json = {"properties": properties, "associations": links}
    return await call.api.post(OBJECTS, {"objectType": object_type}, json=activity)


async def create_association(call: ActionCall) -> Json:
    """A link between two objects; one without label has an endpoint of its own."""
    given = call.arguments
    if "associationTypeId" not in given:
        path = "crm/v4/objects/{fromObjectType}/{fromObjectId}/associations/default/{toObjectType}/{toObjectId}"
        return (await call.api.send("PUT", path, given)).json
    path = "crm/v4/objects/{fromObjectType}/{fromObjectId}/associations/{toObjectType}/{toObjectId}"
    kind = _kind(given["associationCategory"], int(given["associationTypeId"]))
    return (await call.api.send("PUT", path, given, json=[kind])).json


async def _created(call: ActionCall, object_type: str, names: Mapping[str, str]) -> Json:
    given = call.arguments
    new = {"properties": {**given.get("additionalProperties", {}), **_properties(given, names)}}
    if "associations" in given:
        new["associations"] = given["associations"]
    return await call.api.post(OBJECTS, {"objectType": object_type}, json=new)


def _properties(given: Mapping[str, Json], names: Mapping[str, str]) -> dict[str, Json]:
    return {theirs: given[name] for name, theirs in names.items() if name in given}


def _link(to: str, number: int) -> Json:
    return {"to": {"id": to}, "types": [_kind("HUBSPOT_DEFINED", number)]}


def _kind(category: str, number: int) -> Json:
    return {"associationCategory": category, "associationTypeId": number}
