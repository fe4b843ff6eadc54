"""What the pipedrive manifest can't say: ids that callers write as text and the API takes as numbers."""

from collections.abc import Mapping
from typing import Final

from integrations.action import ActionCall
from integrations.ports import Json

LIMIT: Final = 100
_DEAL: Final = {"pipeline": "pipeline_id", "stage": "stage_id", "person": "person_id", "org": "org_id"}
_LEAD: Final = {"org_id": "organization_id"}
_NUMBERS: Final = frozenset({"deal_id", "person_id", "org_id", "organization_id", "pipeline_id", "stage_id"})
_FOUND: Final = ("id", "subject", "type", "done", "due_date", "due_time", "deal_id", "person_id", "org_id", "owner_id")


async def create_deal(call: ActionCall) -> Json:
    """A new deal."""
    return await _created(call, "api/v2/deals", _body(call.arguments, _DEAL))


async def update_deal(call: ActionCall) -> Json:
    """Another state of a deal."""
    return await _changed(call, "api/v2/deals/{deal_id}", _body(call.arguments, _DEAL, without="deal_id"))


async def create_person(call: ActionCall) -> Json:
    """A new contact."""
    return await _created(call, "api/v2/persons", _person(call.arguments))


async def update_person(call: ActionCall) -> Json:
    """Other ways to reach a contact."""
    return await _changed(call, "api/v2/persons/{person_id}", _person(call.arguments))


async def create_organization(call: ActionCall) -> Json:
    """A new organization."""
    return await _created(call, "api/v2/organizations", _organization(call.arguments))


async def update_organization(call: ActionCall) -> Json:
    """Another name or address of an organization."""
    return await _changed(call, "api/v2/organizations/{org_id}", _organization(call.arguments))


async def create_lead(call: ActionCall) -> Json:
    """A new lead; leads are known to the first version of the API only."""
    return await _created(call, "v1/leads", _body(call.arguments, _LEAD))


async def create_activity(call: ActionCall) -> Json:
    """A new activity; whom it is with are its participants, the contact first."""
    activity = _body(call.arguments, {})
    if "person_id" in activity:
        activity["participants"] = [{"person_id": activity.pop("person_id"), "primary": True}]
    return await _created(call, "api/v2/activities", activity)


async def update_activity(call: ActionCall) -> Json:
    """Another state of an activity."""
    return await _changed(call, "api/v2/activities/{activity_id}", _body(call.arguments, {}, without="activity_id"))


async def find_activity(call: ActionCall) -> Json:
    """The newest activities. The API tells no kinds apart, so that is done here."""
    given = call.arguments
    done = {"true": True, "1": True, "false": False, "0": False}.get(given.get("done", ""))
    asked: dict[str, Json] = {"owner_id": given.get("user_id"), "done": done, "limit": LIMIT}
    found = await call.api.get("api/v2/activities", query=asked | {"sort_by": "id", "sort_direction": "desc"})
    activities = [each for each in found.get("data") or () if given.get("type") in {None, each.get("type")}]
    return {"activities": [{name: each.get(name) for name in _FOUND} for each in activities]}


async def create_note(call: ActionCall) -> Json:
    """A new note."""
    return await _created(call, "v1/notes", _body(call.arguments, {}))


async def _created(call: ActionCall, path: str, body: Mapping[str, Json]) -> Json:
    answer = await call.api.post(path, json=body)
    return answer["data"] if answer else None


async def _changed(call: ActionCall, path: str, body: Mapping[str, Json]) -> Json:
    answer: Json = (await call.api.send("PATCH", path, call.arguments, json=body)).json
    return answer["data"] if answer else None


def _body(given: Mapping[str, Json], renamed: Mapping[str, str], *, without: str = "") -> dict[str, Json]:
    """The members of a body: under the API's names, ids as numbers."""
    named = {renamed.get(name, name): value for name, value in given.items() if name != without}
    return {name: int(value) if name in _NUMBERS else value for name, value in named.items()}


def _person(given: Mapping[str, Json]) -> dict[str, Json]:
    person = {"name": given["name"]} if "name" in given else {}
    for name in ("email", "phone"):
        if name in given:
            person[f"{name}s"] = [{"value": given[name], "primary": True, "label": "work"}]
    return person | ({"org_id": int(given["org"])} if "org" in given else {})


def _organization(given: Mapping[str, Json]) -> dict[str, Json]:
    named = {"name": given["name"]} if "name" in given else {}
    return named | ({"address": {"value": given["address"]}} if "address" in given else {})
