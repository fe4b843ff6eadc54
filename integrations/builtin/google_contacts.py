"""What the google-contacts manifest can't say: contacts written in plain words, and a search that is warmed up."""

from collections.abc import Mapping
from typing import Final, cast

from integrations.action import ActionCall
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json

PERSON: Final = (
    "resourceName,names(displayName,givenName,familyName),emailAddresses(value,type),phoneNumbers(value,type),"
    "organizations(name,title),biographies(value)"
)
"""What is handed on of a contact; the manifest's requests name the same."""

SHOWN: Final = "names,emailAddresses,phoneNumbers,organizations,biographies"
PLAIN: Final = {
    "givenName": ("names", "givenName"),
    "familyName": ("names", "familyName"),
    "email": ("emailAddresses", "value"),
    "phone": ("phoneNumbers", "value"),
    "organization": ("organizations", "name"),
    "jobTitle": ("organizations", "title"),
    "notes": ("biographies", "value"),
}
"""Our input → Google's list of a person's, and the member of its elements."""

DERIVED: Final = frozenset(
    {"displayName", "displayNameLastFirst", "unstructuredName", "formattedType", "canonicalForm"}
)
"""What Google makes of the rest: sent back, it would contradict what has changed."""


async def search_contacts(call: ActionCall) -> Json:
    """Contacts by the beginnings of their words."""
    return await _search(call, "people:searchContacts", SHOWN)


async def search_other_contacts(call: ActionCall) -> Json:
    """People who were written to, but never saved as contacts."""
    return await _search(call, "otherContacts:search", "names,emailAddresses,phoneNumbers")


async def create_contact(call: ActionCall) -> Json:
    """Save a new contact."""
    query = {"personFields": SHOWN, "fields": PERSON}
    return await call.api.post("people:createContact", query=query, json=_merged(call.arguments, {}))


async def update_contact(call: ActionCall) -> Json:
    """Change what is given of a contact; other addresses and numbers of theirs stay."""
    where = {"person": call.arguments["resourceName"].removeprefix("people/")}
    query = {"personFields": f"{SHOWN},metadata", "sources": "READ_SOURCE_TYPE_CONTACT"}
    person = await call.api.get("people/{person}", where, query=query)
    changed = _merged(call.arguments, person)
    if not changed:
        raise InvalidInput(f"Give at least one of {', '.join(PLAIN)}.")
    sources = [source for source in person.get("metadata", {}).get("sources", []) if source.get("type") == "CONTACT"]
    if not sources:
        raise NotFound("That person is not one of the account's contacts, so nothing can be changed.")
    # Google refuses the change where the contact is no longer the one that was read, which the source's etag tells.
    body = changed | {"etag": person.get("etag"), "metadata": {"sources": sources}}
    query = {"updatePersonFields": ",".join(changed), "personFields": SHOWN, "fields": PERSON}
    return (await call.api.send("PATCH", "people/{person}:updateContact", where, query=query, json=body)).json


async def _search(call: ActionCall, path: str, mask: str) -> Json:
    """Search after an empty search, which Google asks for: its index would answer with what it had before."""
    await call.api.get(path, query={"query": "", "readMask": "names", "fields": "results(person(resourceName))"})
    query = {"query": call.arguments["query"], "pageSize": int(call.arguments.get("pageSize", 10)), "readMask": mask}
    found = await call.api.get(path, query=query | {"fields": f"results(person({PERSON}))"})
    return {"contacts": [result["person"] for result in found.get("results", [])]}


def _merged(arguments: Mapping[str, Json], person: Mapping[str, Json]) -> dict[str, Json]:
    """The lists of a person that `arguments` change, each with its first element changed and the others as they are."""
    changed: dict[str, list[dict[str, Json]]] = {}
    for name, (kind, member) in PLAIN.items():
        if name in arguments:
            elements = changed.setdefault(kind, [_writable(each) for each in person.get(kind, [])] or [{}])
            elements[0][member] = arguments[name]
    return cast("dict[str, Json]", changed)


def _writable(element: Mapping[str, Json]) -> dict[str, Json]:
    return {name: value for name, value in element.items() if name not in DERIVED}
