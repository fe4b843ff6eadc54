"""The product's typed client builds inputs from models of its own: what they let through, our schemas have to take."""

from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import pytest
from weavz_sdk.integrations import INTEGRATION_ACTION_INPUT_MAP, validate_action_input

from integrations.catalog import Catalog

CATALOG = Catalog()
OURS = {(integration.name, action) for integration in CATALOG for action in integration.actions}
THEIRS = {
    (name, action): model
    for (name, _, action), model in ((key.partition("."), model) for key, model in INTEGRATION_ACTION_INPUT_MAP.items())
    if name in CATALOG and action != "custom_api_call"
}
"""Without the action that can do everything: it can't be allowed or refused by what it does."""

PEOPLE = "contacts are another Google API; they belong to an integration of their own"
PGP = "the keys are in another service of AWS; whoever wants it decrypts what read-file returns"
ADDRESSES = "an address with its secret in it needs no account; `http` can send there"
BULKY = "files, mail, reports and bulk loads, which nobody could try here; any request can be sent instead"
FILES = "files of Sentry's own making: screenshots, dumps and source maps, which its command line moves better"
EVENTS = "an app's own subscriptions, which need a token of the account's and not of a person's"
NOT_OFFERED = {
    ("amazon-s3", "decrypt-pgp-file"): PGP,
    ("gmail", "get_contacts"): PEOPLE,
    ("gmail", "get_people"): PEOPLE,
    ("gmail", "search_people"): PEOPLE,
    ("discord", "send_webhook_message"): ADDRESSES,
    ("salesforce", "add_file_to_record"): BULKY,
    ("salesforce", "create_attachment"): BULKY,
    ("salesforce", "export_report"): BULKY,
    ("salesforce", "get_record_attachments"): BULKY,
    ("salesforce", "run_report"): BULKY,
    ("salesforce", "send_email"): BULKY,
    ("salesforce", "upsert_by_external_id"): BULKY,
    ("salesforce", "upsert_by_external_id_bulk"): BULKY,
    ("sentry", "download_event_attachment"): FILES,
    ("sentry", "get_event_attachment"): FILES,
    ("sentry", "list_event_attachments"): FILES,
    ("sentry", "upload_release_file"): FILES,
    ("zoom", "create_event_subscription"): EVENTS,
    ("zoom", "delete_event_subscription"): EVENTS,
    ("zoom", "list_event_subscriptions"): EVENTS,
    ("zoom", "subscribe_event_subscription"): EVENTS,
}

INPUTS_NOT_OFFERED = {"gitlab": {"instanceUrl"}}
"""Who connects says whose GitLab it is: where a credential goes is not for a model to choose."""

PATTERNED = {
    "^[0-9]+$": "42",
    "^[0-9]+( *, *[0-9]+)*$": "42,43",
    "^[A-Z]{3}$": "USD",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "2026-11-30",
    "^#[0-9a-f]{6}$": "#ffffff",
    "^[0-9a-f]{40}$": "0" * 40,
    "^[^:\\s]+$": "tada",
    "^[A-Za-z]{3}$": "usd",
}


def test_the_clients_actions_are_offered_or_left_out_for_a_reason(capsys: pytest.CaptureFixture[str]):
    assert THEIRS.keys() - OURS == NOT_OFFERED.keys()
    with capsys.disabled():
        for name in CATALOG.names():
            theirs = [key for key in THEIRS if key[0] == name]
            print(f"\n  {name}: {len([key for key in theirs if key in OURS])} of {len(theirs)} actions", end="")


@pytest.mark.parametrize("key", sorted(THEIRS.keys() & OURS), ids=".".join)
def test_what_the_typed_client_sends_is_accepted(key: tuple[str, str]):
    schema = dict(CATALOG.get(key[0]).actions[key[1]].input_schema)
    required: set[str] = set(schema.get("required", []))
    names = {field.alias or name for name, field in THEIRS[key].model_fields.items()}
    names -= INPUTS_NOT_OFFERED.get(key[0], set())
    needed = {field.alias or name for name, field in THEIRS[key].model_fields.items() if field.is_required()}
    assert names <= schema.get("properties", {}).keys(), "an input of the client's is unknown here"
    assert required <= needed, "an input that the client may leave out is required here"
    for chosen in (needed, names):
        given = {name: sample(schema["properties"][name]) for name in chosen}
        jsonschema_rs.validate(schema, sent_by_the_client(*key, given))


def sent_by_the_client(name: str, action: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What `execute_typed` puts on the wire: numbers as floats, absent inputs left out."""
    return validate_action_input(name, action, dict(given)).model_dump(by_alias=True, exclude_none=True)


def sample(schema: Mapping[str, Any]) -> Any:
    """A value that `schema` accepts."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "string":
            return PATTERNED.get(schema.get("pattern", ""), "public_channel")
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return [sample(schema.get("items", {}))]
        case "object" if "properties" in schema:
            return {name: sample(child) for name, child in schema["properties"].items()}
        case _:
            return {"any": "thing"}
