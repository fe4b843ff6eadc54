import pytest

from integrations.integration import Integration
from integrations.loading import load
from integrations.ports import Json
from integrations.properties import auth_fields, connection_type, metadata, property_type, summary

ACME = Integration(
    load(
        """
name: acme
title: Acme
description: Makes things.
logo: https://acme.example/logo.svg
categories: [SALES_AND_CRM]
auth:
  - key: oauth
    title: Acme account
    type: oauth2
    authorize: {url: "https://acme.example/authorize", pkce: "off"}
    token: {url: "https://acme.example/token"}
    scopes: [basic]
  - {key: api_key, type: secret_text, inputs: {region: {title: Region, enum: [eu, us], default: eu}}}
  - {key: keys, type: custom, fields: {id: {title: ID}, key: {title: Key, secret: true, optional: true}}}
api: {base_url: "https://api.acme.example/"}
options:
  list_labels:
    {title: L, request: {get: "{repository}"}, value: /id, label: /name, depends_on: [repository], scopes: []}
actions:
  - name: create_thing
    title: Create a thing
    description: Creates one.
    scopes: []
    input:
      repository: {type: string, description: Where}
      labels: {type: array, items: {type: string}, options: list_labels, optional: true}
      size: {type: string, title: The size, enum: [s, m], default: s, optional: true}
    request: {post: "{repository}", json: input}
triggers:
  - {name: thing_created, title: Thing created, type: POLLING, sample: {id: 1}, input: {kind: {type: string}}}
""",
        "acme.yaml",
    )
)


def test_metadata_has_everything_about_an_integration():
    assert metadata(ACME) == {
        "name": "acme",
        "displayName": "Acme",
        "description": "Makes things.",
        "logoUrl": "https://acme.example/logo.svg",
        "categories": ["SALES_AND_CRM"],
        "auth": {
            "type": ["OAUTH2", "SECRET_TEXT", "CUSTOM_AUTH"],
            "oauth2": {
                "authUrl": "https://acme.example/authorize",
                "tokenUrl": "https://acme.example/token",
                "scopes": ["basic"],
                "pkce": False,
            },
        },
        "authOptions": [
            {
                "key": "oauth",
                "type": "OAUTH2",
                "displayName": "Acme account",
                "description": "",
                "oauth2": {
                    "authUrl": "https://acme.example/authorize",
                    "tokenUrl": "https://acme.example/token",
                    "scopes": ["basic"],
                    "pkce": False,
                },
            },
            {
                "key": "api_key",
                "type": "SECRET_TEXT",
                "displayName": "Api key",
                "description": "",
                "props": {
                    "region": {
                        "type": "STATIC_DROPDOWN",
                        "displayName": "Region",
                        "description": "",
                        "required": True,
                        "secret": False,
                        "defaultValue": "eu",
                        "options": {"options": [{"label": "eu", "value": "eu"}, {"label": "us", "value": "us"}]},
                    }
                },
            },
            {
                "key": "keys",
                "type": "CUSTOM_AUTH",
                "displayName": "Keys",
                "description": "",
                "props": {
                    "id": {
                        "type": "SHORT_TEXT",
                        "displayName": "ID",
                        "description": "",
                        "required": True,
                        "secret": False,
                    },
                    "key": {
                        "type": "SHORT_TEXT",
                        "displayName": "Key",
                        "description": "",
                        "required": False,
                        "secret": True,
                    },
                },
            },
        ],
        "actions": {
            "create_thing": {
                "displayName": "Create a thing",
                "description": "Creates one.",
                "props": {
                    "repository": {
                        "type": "SHORT_TEXT",
                        "displayName": "Repository",
                        "description": "Where",
                        "required": True,
                    },
                    "labels": {
                        "type": "MULTI_SELECT_DROPDOWN",
                        "displayName": "Labels",
                        "description": "",
                        "required": False,
                        "refreshers": ["repository"],
                    },
                    "size": {
                        "type": "STATIC_DROPDOWN",
                        "displayName": "The size",
                        "description": "",
                        "required": False,
                        "defaultValue": "s",
                        "options": {"options": [{"label": "s", "value": "s"}, {"label": "m", "value": "m"}]},
                    },
                },
            }
        },
        "triggers": {
            "thing_created": {
                "displayName": "Thing created",
                "description": "",
                "type": "POLLING",
                "props": {"kind": {"type": "SHORT_TEXT", "displayName": "Kind", "description": "", "required": True}},
                "sampleData": {"id": 1},
            }
        },
    }


def test_a_summary_counts_instead():
    row = summary(ACME)
    assert (row["actionCount"], row["triggerCount"]) == (1, 1)
    assert row["auth"] == {"type": ["OAUTH2", "SECRET_TEXT", "CUSTOM_AUTH"]}
    assert not {"actions", "triggers"} & row.keys()


def test_an_integration_without_auth_has_null_for_it():
    bare = Integration(load("name: x\ntitle: X", "x.yaml"))
    assert metadata(bare)["auth"] is None
    assert summary(bare)["auth"] is None
    assert (metadata(bare)["description"], metadata(bare)["logoUrl"]) == ("", "")


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "SHORT_TEXT"),
        ({"type": ["string", "null"]}, "SHORT_TEXT"),
        ({"type": "string", "contentEncoding": "base64"}, "FILE"),
        ({"type": "integer"}, "NUMBER"),
        ({"type": "number"}, "NUMBER"),
        ({"type": "boolean"}, "CHECKBOX"),
        ({"type": "array", "items": {"type": "string"}}, "ARRAY"),
        ({"type": "array", "items": {"enum": ["a"]}}, "STATIC_MULTI_SELECT_DROPDOWN"),
        ({"type": "array"}, "ARRAY"),
        ({"type": "object"}, "OBJECT"),
        ({"type": "string", "enum": ["a"]}, "STATIC_DROPDOWN"),
        ({"type": ["string", "integer"]}, "JSON"),
        ({"anyOf": [{"type": "string"}]}, "JSON"),
        ({}, "JSON"),
    ],
)
def test_a_schema_has_its_property_type(schema: dict[str, Json], kind: str):
    assert property_type(schema) == kind


def test_a_lookup_or_a_long_text_changes_the_type():
    assert property_type({"type": "string"}, has_lookup=True) == "DROPDOWN"
    assert property_type({"type": "array"}, has_lookup=True) == "MULTI_SELECT_DROPDOWN"
    assert property_type({"type": "string"}, is_long=True) == "LONG_TEXT"


def test_the_form_of_an_auth_method_asks_for_its_inputs_and_its_secret():
    oauth, api_key, keys = ACME.auth
    assert [*auth_fields(oauth)] == []
    assert [*auth_fields(api_key)] == ["region", "secret_text"]
    assert [*auth_fields(keys)] == ["id", "key"]
    assert [connection_type(method) for method in ACME.auth] == ["OAUTH2", "SECRET_TEXT", "CUSTOM_AUTH"]
