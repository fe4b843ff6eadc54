"""Google Contacts beside Google's own client."""

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Official

SHOWN = "names,emailAddresses,phoneNumbers,organizations,biographies"
DETAILS = (
    "names(displayName,givenName,familyName),emailAddresses(value,type),phoneNumbers(value,type),"
    "organizations(name,title),biographies(value)"
)
PERSON = f"resourceName,{DETAILS}"
GROUP = "resourceName,name,groupType,memberCount"
ADA, FRIENDS = {"resourceName": "people/c1"}, {"resourceName": "contactGroups/g1"}
WARM = {"query": "", "readMask": "names", "fields": "results(person(resourceName))"}
SOURCE = {"type": "CONTACT", "id": "1", "etag": "#s"}
READ = {
    "etag": "%e",
    "metadata": {"sources": [SOURCE, {"type": "PROFILE", "id": "2"}]},
    "names": [{"givenName": "Ada", "familyName": "Byron", "displayName": "Ada Byron"}],
    "emailAddresses": [{"value": "ada@example.com", "type": "home"}, {"value": "ada@work.example", "type": "work"}],
}

OFFICIAL = Official(
    integration="google-contacts",
    package=PACKAGE,
    address=address_of("people", "v1"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "list_contacts": asks(
            {"pageSize": 100.0, "pageToken": "p2", "sortOrder": "FIRST_NAME_ASCENDING"},
            lambda google: (
                google.contacts.people()
                .connections()
                .list(
                    resourceName="people/me",
                    pageSize=100,
                    pageToken="p2",
                    sortOrder="FIRST_NAME_ASCENDING",
                    personFields=SHOWN,
                    fields=f"nextPageToken,totalItems,connections({PERSON})",
                )
            ),
        ),
        "search_contacts": asks(
            {"query": "ada", "pageSize": 5.0},
            lambda google: google.contacts.people().searchContacts(**WARM),
            lambda google: google.contacts.people().searchContacts(
                query="ada", pageSize=5, readMask=SHOWN, fields=f"results(person({PERSON}))"
            ),
        ),
        "get_contact": asks(
            ADA,
            lambda google: google.contacts.people().get(
                **ADA,
                personFields=f"{SHOWN},addresses,birthdays,nicknames,relations,urls,memberships",
                fields=f"{PERSON},addresses(formattedValue,type),birthdays(date,text),nicknames(value),"
                "relations(person,type),urls(value,type),"
                "memberships(contactGroupMembership(contactGroupResourceName))",
            ),
        ),
        "create_contact": asks(
            {
                "givenName": "Ada",
                "familyName": "Lovelace",
                "email": "ada@example.com",
                "phone": "+41 44 668 18 00",
                "organization": "Engines Ltd.",
                "jobTitle": "Programmer",
                "notes": "Likes numbers",
            },
            lambda google: google.contacts.people().createContact(
                personFields=SHOWN,
                fields=PERSON,
                body={
                    "names": [{"givenName": "Ada", "familyName": "Lovelace"}],
                    "emailAddresses": [{"value": "ada@example.com"}],
                    "phoneNumbers": [{"value": "+41 44 668 18 00"}],
                    "organizations": [{"name": "Engines Ltd.", "title": "Programmer"}],
                    "biographies": [{"value": "Likes numbers"}],
                },
            ),
        ),
        "update_contact": asks(
            ADA | {"familyName": "Lovelace", "email": "lovelace@example.com", "phone": "+41 44 668 18 00"},
            lambda google: google.contacts.people().get(
                **ADA, personFields=f"{SHOWN},metadata", sources=["READ_SOURCE_TYPE_CONTACT"]
            ),
            lambda google: google.contacts.people().updateContact(
                **ADA,
                updatePersonFields="names,emailAddresses,phoneNumbers",
                personFields=SHOWN,
                fields=PERSON,
                body={
                    "etag": "%e",
                    "metadata": {"sources": [SOURCE]},
                    "names": [{"givenName": "Ada", "familyName": "Lovelace"}],
                    "emailAddresses": [
                        {"value": "lovelace@example.com", "type": "home"},
                        {"value": "ada@work.example", "type": "work"},
                    ],
                    "phoneNumbers": [{"value": "+41 44 668 18 00"}],
                },
            ),
            answers=(READ, {}),
        ),
        "delete_contact": asks(ADA, lambda google: google.contacts.people().deleteContact(**ADA)),
        "list_other_contacts": asks(
            {"pageSize": 100, "pageToken": "p2"},
            lambda google: google.contacts.otherContacts().list(
                pageSize=100,
                pageToken="p2",
                readMask="names,emailAddresses,phoneNumbers",
                fields="nextPageToken,totalSize,otherContacts(resourceName,names(displayName),"
                "emailAddresses(value),phoneNumbers(value))",
            ),
        ),
        "search_other_contacts": asks(
            {"query": "bob", "pageSize": 10},
            lambda google: google.contacts.otherContacts().search(**WARM),
            lambda google: google.contacts.otherContacts().search(
                query="bob",
                pageSize=10,
                readMask="names,emailAddresses,phoneNumbers",
                fields=f"results(person({PERSON}))",
            ),
        ),
        "search_directory": asks(
            {"query": "ada", "pageSize": 25, "pageToken": "p2"},
            lambda google: google.contacts.people().searchDirectoryPeople(
                query="ada",
                pageSize=25,
                pageToken="p2",
                readMask=SHOWN,
                sources=["DIRECTORY_SOURCE_TYPE_DOMAIN_PROFILE", "DIRECTORY_SOURCE_TYPE_DOMAIN_CONTACT"],
                fields=f"nextPageToken,totalSize,people({PERSON})",
            ),
        ),
        "list_contact_groups": asks(
            {"pageSize": 100, "pageToken": "p2"},
            lambda google: google.contacts.contactGroups().list(
                pageSize=100, pageToken="p2", fields=f"nextPageToken,contactGroups({GROUP})"
            ),
        ),
        "get_contact_group": asks(
            {"groupResourceName": "contactGroups/g1", "maxMembers": 100.0},
            lambda google: google.contacts.contactGroups().get(
                **FRIENDS, maxMembers=100, fields=f"{GROUP},memberResourceNames"
            ),
        ),
        "create_contact_group": asks(
            {"name": "Friends"},
            lambda google: google.contacts.contactGroups().create(
                fields=GROUP, body={"contactGroup": {"name": "Friends"}}
            ),
        ),
        "modify_contact_group": asks(
            {"groupResourceName": "contactGroups/g1", "add": ["people/c1"], "remove": ["people/c2"]},
            lambda google: (
                google.contacts.contactGroups()
                .members()
                .modify(
                    **FRIENDS,
                    body={"resourceNamesToAdd": ["people/c1"], "resourceNamesToRemove": ["people/c2"]},
                )
            ),
        ),
        "delete_contact_group": asks(
            {"groupResourceName": "contactGroups/g1"},
            lambda google: google.contacts.contactGroups().delete(**FRIENDS),
        ),
    },
)
