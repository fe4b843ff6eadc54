"""Every manifest that ships, held to what a reader and a model need of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from integrations.auth_methods import OAuth2, SecretText
from integrations.catalog import SHIPPED, Catalog
from integrations.checking import check
from integrations.integration import Action, Integration
from integrations.properties import metadata

CATALOG = Catalog()
ACTIONS = [(integration, action) for integration in CATALOG for action in integration.actions.values()]
TOOLS = ACTIONS + [(integration, lookup) for integration in CATALOG for lookup in integration.lookups.values()]
WITHOUT_REVOCATION: set[str] = {
    "airtable",
    "confluence",
    "clickup",
    "figma",
    "intercom",
    "jira-cloud",
    "mailchimp",
    "monday",
    "microsoft-onedrive",
    "microsoft-outlook",
    "microsoft-outlook-calendar",
    "microsoft-teams",
    "microsoft-todo",
    "pagerduty",
    "sentry",
    "typeform",
}
"""Providers whose documentation names no way for an app to revoke what it was given."""
OWN = {"data-transformer", "datetime", "hash-encode", "http", "kv-store", "storage"}
every_action = pytest.mark.parametrize(
    ("integration", "action"), ACTIONS, ids=[f"{integration.name}.{action.name}" for integration, action in ACTIONS]
)


def test_the_catalogue_holds_the_built_ins_and_the_first_three_providers():
    assert set(CATALOG.names()) >= OWN | {"slack", "github", "gmail"}


def test_the_checker_finds_nothing_to_complain_about():
    assert check([SHIPPED]) == []


@pytest.mark.parametrize("integration", CATALOG, ids=CATALOG.names())
def test_an_integration_says_what_it_is_and_where_that_was_read(integration: Integration):
    assert integration.manifest.description
    assert integration.manifest.categories
    assert (integration.manifest.docs_url is not None) == (integration.name not in OWN)


@every_action
def test_an_action_describes_itself_and_each_input(integration: Integration, action: Action):
    assert action.description
    assert action.description.endswith((".", ")"))
    assert 20 <= len(action.description) <= 400
    for name, schema in action.input_schema.get("properties", {}).items():
        assert schema.get("description"), f"{name} has no description"


@every_action
def test_an_action_takes_nothing_that_it_does_not_know(integration: Integration, action: Action):
    assert action.input_schema["additionalProperties"] is False
    assert action.input_schema["type"] == "object"


@every_action
def test_an_optional_input_that_has_a_default_is_not_required(integration: Integration, action: Action):
    required = action.input_schema.get("required", [])
    for name, schema in action.input_schema.get("properties", {}).items():
        assert not ("default" in schema and name in required)


@every_action
def test_hints_agree_with_each_other_and_with_the_name(integration: Integration, action: Action):
    if action.hints.read_only:
        assert not action.hints.destructive
    if re.match(r"(get|list|search|find)_", action.name):
        assert action.hints.read_only
    if re.match(r"(delete|remove|batch_delete|trash|update|send|create)_", action.name):
        assert not action.hints.read_only
    if re.match(r"(delete|batch_delete|trash)_", action.name):
        assert action.hints.destructive
    assert action.hints.open_world == (integration.name not in OWN - {"http"})


@pytest.mark.parametrize("name", sorted(set(CATALOG.names()) - OWN))
def test_every_oauth_method_has_scopes_declared_for_every_action(name: str):
    integration = CATALOG.get(name)
    for method in integration.auth:
        if not isinstance(method, OAuth2):
            continue
        for declared in integration.manifest.actions:
            tool = integration.actions[declared.name]
            assert declared.scopes is not None, f"{declared.name} says nothing about scopes"
            assert method.key in tool.scopes or method.key not in tool.auth_methods, declared.name


def test_a_built_in_needs_no_account():
    assert all(not CATALOG.get(name).auth for name in OWN)
    assert {name for name in OWN if CATALOG.get(name).uses_state} == {"kv-store", "storage"}


def test_an_account_is_named_or_at_least_tried_before_it_is_kept():
    methods = [(integration.name, method) for integration in CATALOG for method in integration.auth]
    assert [name for name, method in methods if not (method.account or method.verify)] == []
    assert [name for name, method in methods if isinstance(method, OAuth2) and not method.account] == []


def test_what_signing_in_gave_can_be_revoked_wherever_the_provider_lets_us():
    methods = [(integration.name, method) for integration in CATALOG for method in integration.auth]
    unrevoked = {name for name, method in methods if isinstance(method, OAuth2) and not method.revoke}
    assert unrevoked == WITHOUT_REVOCATION


def test_the_providers_ask_the_way_their_documentation_says():
    slack, github, gmail = (CATALOG.get(name) for name in ("slack", "github", "gmail"))
    person, bot = (oauth(slack, key) for key in ("user", "bot"))
    assert (person.authorize.scope_param, bot.authorize.scope_param) == ("user_scope", "scope")
    assert (person.token.access_token, bot.token.access_token) == ("/authed_user/access_token", "/access_token")
    assert person.authorize.pkce == "off"
    google = oauth(gmail, "oauth")
    assert google.authorize.params == {"access_type": "offline", "prompt": "consent"}
    assert google.authorize.pkce == "S256"
    assert google.revoke is not None
    assert google.revoke.account_wide
    assert oauth(github, "oauth").token.headers == {"Accept": "application/json"}
    assert isinstance(github.auth_method("personal_access_token"), SecretText)


def oauth(integration: Integration, key: str) -> OAuth2:
    method = integration.auth_method(key)
    assert isinstance(method, OAuth2)
    return method


def test_reading_mail_does_not_ask_for_the_right_to_delete_it():
    everything = "https://mail.google.com/"
    wide = {action.name for action in CATALOG.get("gmail").actions.values() if everything in action.scopes["oauth"]}
    assert wide == {"delete_message", "delete_thread", "batch_delete_messages"}


def test_a_new_slack_message_has_an_example():
    triggers: Mapping[str, Any] = metadata(CATALOG.get("slack"))["triggers"]
    assert triggers["new_message"]["sampleData"]["text"]


def test_every_input_that_names_a_thing_of_the_provider_can_be_looked_up():
    named = {
        "channel": "list_channels",
        "repository": "list_repos",
        "labelId": "list_labels",
        "labelIds": "list_labels",
    }
    for integration, action in ACTIONS:
        for name in action.input_schema.get("properties", {}).keys() & named.keys():
            if integration.name not in OWN:
                assert action.lookups.get(name) == named[name], f"{integration.name}.{action.name}: {name}"


def test_no_schema_holds_what_some_clients_cannot_read():
    for integration, tool in TOOLS:
        for schema in subschemas(tool.input_schema):
            assert not {"$ref", "anyOf", "oneOf", "allOf", "not"} & schema.keys(), f"{integration.name}.{tool.name}"
            assert isinstance(schema.get("type", "string"), str), f"{integration.name}.{tool.name}"


def subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield schema
    for child in schema.get("properties", {}).values():
        yield from subschemas(child)
    if isinstance(schema.get("items"), Mapping):
        yield from subschemas(schema["items"])
