import re
from pathlib import Path

import pytest

from integrations.auth_methods import OAuth2
from integrations.checking import check_manifest
from integrations.integration import Integration
from integrations.loading import load, parse
from integrations.manifest import Category, Manifest
from integrations.problems import ManifestInvalid
from integrations.requests import RequestTemplate
from integrations.yaml_source import read_yaml

DOCS = Path(__file__).parents[2] / "docs" / "manifest.md"


def test_the_example_of_the_docs_passes_the_checker():
    example = re.search(r"## An example\n+```yaml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert example is not None
    source = read_yaml(example[1], "docs/manifest.md")
    assert check_manifest(source, parse(source)) == []


def test_the_docs_name_every_key_of_the_format():
    words = set(re.findall(r"[\w]+", DOCS.read_text()))
    keys = {field.alias or name for name, field in Manifest.model_fields.items()}
    keys |= {field.alias or name for name, field in RequestTemplate.model_fields.items()}
    keys |= {*OAuth2.model_fields, *Category.__args__}
    assert keys <= words


def test_the_second_auth_method_of_slack_differs_in_what_it_takes_from_the_answer():
    slack = load(
        """
name: slack
title: Slack
auth:
  - key: user
    type: oauth2
    authorize: {url: "https://slack.com/oauth/v2/authorize", scope_param: user_scope, scope_separator: ","}
    token: {url: "https://slack.com/api/oauth.v2.access", access_token: /authed_user/access_token}
  - key: bot
    type: oauth2
    authorize: {url: "https://slack.com/oauth/v2/authorize", scope_separator: ","}
    token: {url: "https://slack.com/api/oauth.v2.access"}
""",
        "slack.yaml",
    )
    user, bot = slack.auth
    assert isinstance(user, OAuth2)
    assert isinstance(bot, OAuth2)
    assert (user.authorize.scope_param, user.token.access_token) == ("user_scope", "/authed_user/access_token")
    assert (bot.authorize.scope_param, bot.token.access_token) == ("scope", "/access_token")


@pytest.mark.parametrize(
    "auth",
    [
        "{key: a, type: secret_text}",
        "{key: a, type: secret_text, field: {title: Token, secret: true, help_url: 'https://example.com/tokens'}}",
        "{key: a, type: secret_text, send: {headers: {X-Api-Key: '{secret_text}'}}}",
        "{key: a, type: secret_text, send: {query: {api_key: '{secret_text}'}}}",
        "{key: a, type: basic, username: {title: E-mail}, inputs: {subdomain: {title: Subdomain, pattern: '[a-z]+'}}}",
        "{key: a, type: custom, fields: {id: {title: ID, enum: [a, b], default: a}}, send: {headers: {X-Id: '{id}'}}}",
        "{key: a, type: client_credentials, token: {url: 'https://{tenant}.example.com/t', auth: basic}}",
        "{key: a, type: token_exchange, fields: {user: {title: User}}, token: {url: 'https://example.com/login', "
        "body: json, params: {login: '{user}'}, access_token: /data/token, lifetime_seconds: 3600}}",
    ],
)
def test_every_kind_of_credential_can_be_expressed(auth: str):
    assert load(f"name: x\ntitle: X\nauth: [{auth}]", "x.yaml").auth[0].key == "a"


@pytest.mark.parametrize(
    ("request_yaml", "message"),
    [
        ("{json: input}", "exactly one of get, post"),
        ("{get: a, post: b}", "exactly one of get, post"),
        ("{post: a, json: input, form: input}", "a request has one body"),
        ("{get: /a}", "no leading '/'"),
        ("{get: 'a?b=c'}", "no '?'"),
        ("{get: 'https://example.com'}", "no host"),
        ("{get: a, query: all}", "query"),
    ],
)
def test_a_request_that_says_too_much_or_too_little_is_refused(request_yaml: str, message: str):
    text = f"name: x\ntitle: X\nactions: [{{name: a, title: A, request: {request_yaml}}}]"
    with pytest.raises(ManifestInvalid) as caught:
        load(text, "x.yaml")
    assert message in str(caught.value)


def test_input_schemas_are_closed_at_every_listed_level_and_free_of_extra_keys():
    integration = Integration(
        load(
            """
name: x
title: X
actions:
  - name: a
    title: A
    code: integrations.builtin.hash_encode:hash
    input:
      text: {type: string, description: T, multiline: true}
      where: {type: object, description: W, optional: true, properties: {city: {type: string}}}
      many: {type: array, description: M, optional: true, items: {type: object, properties: {n: {type: integer}}}}
      free: {type: object, description: F, optional: true}
      count: {type: integer, description: C, optional: true, default: 3, segments: any}
""",
            "x.yaml",
        )
    )
    action = integration.actions["a"]
    assert action.input_schema == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "T"},
            "where": {
                "type": "object",
                "description": "W",
                "properties": {"city": {"type": "string"}},
                "additionalProperties": False,
            },
            "many": {
                "type": "array",
                "description": "M",
                "items": {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": False},
            },
            "free": {"type": "object", "description": "F"},
            "count": {"type": "integer", "description": "C", "default": 3},
        },
        "required": ["text"],
        "additionalProperties": False,
    }
    assert action.defaults == {"count": 3}


def test_a_full_schema_is_closed_too_but_not_where_combinators_list_more():
    integration = Integration(
        load(
            """
name: x
title: X
actions:
  - name: a
    title: A
    code: m:f
    schema:
      type: object
      required: [a]
      properties:
        a: {type: object, properties: {b: {type: string}}, allOf: [{properties: {c: {type: string}}}]}
""",
            "x.yaml",
        )
    )
    schema = integration.actions["a"].input_schema
    assert schema["additionalProperties"] is False
    assert "additionalProperties" not in schema["properties"]["a"]


@pytest.mark.parametrize(
    ("action", "read_only", "destructive", "idempotent", "open_world"),
    [
        ("request: {get: a}", True, False, True, True),
        ("request: {post: a}", False, False, False, True),
        ("request: {put: a}", False, False, True, True),
        ("request: {delete: a}", False, True, True, True),
        ("request: {post: a}, hints: {read_only: true}", True, False, True, True),
        ("request: {get: a}, hints: {read_only: false, destructive: true}", False, True, True, True),
        ("code: m:f", False, False, False, False),
        ("code: m:f, hints: {read_only: true, open_world: true}", True, False, True, True),
    ],
)
def test_hints_follow_from_the_method_unless_the_author_says_otherwise(
    action: str, read_only: bool, destructive: bool, idempotent: bool, open_world: bool
):
    text = f"name: x\ntitle: X\napi: {{base_url: 'https://e.com'}}\nactions: [{{name: a, title: A, {action}}}]"
    hints = Integration(load(text, "x.yaml")).actions["a"].hints
    assert (hints.read_only, hints.destructive, hints.idempotent, hints.open_world) == (
        read_only,
        destructive,
        idempotent,
        open_world,
    )
