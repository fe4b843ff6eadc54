from base64 import b64encode

import pytest

from integrations.failures import CredentialsRejected, InvalidInput
from integrations.integration import Integration
from integrations.loading import load
from integrations.ports import Credentials, HttpRequest, Json
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query

MANIFEST = """
name: acme
title: Acme
auth:
  - {{key: main, {auth}}}
api:
  base_url: {base_url}
  headers: {{X-Version: "2"}}
  query: {{lang: en}}
actions:
  - name: act
    title: Act
    scopes: []
    input:
      id: {{type: string}}
      title: {{type: string, optional: true}}
      labels: {{type: array, optional: true}}
      draft: {{type: boolean, optional: true}}
      size: {{type: integer, optional: true, default: 10}}
    request: {request}
"""


def acme(
    request: str, *, auth: str = "type: secret_text", base_url: str = "https://api.example.com/v1/"
) -> Integration:
    return Integration(load(MANIFEST.format(request=request, auth=auth, base_url=base_url), "acme.yaml"))


async def sent(integration: Integration, arguments: dict[str, Json], using: Credentials | None = None) -> HttpRequest:
    http = RecordedHttp([json_response({"ok": True})])
    opened = using or credentials("main", secret_text="s3cret-value")
    await integration.actions["act"].run(arguments, opened, ports(http))
    return http.request


async def test_json_input_sends_everything_that_the_path_does_not_use():
    request = await sent(acme("{post: 'things/{id}', json: input}"), {"id": "a/b", "title": "T", "labels": ["x"]})
    assert (request.method, request.url) == ("POST", "https://api.example.com/v1/things/a%2Fb?lang=en")
    assert sent_json(request) == {"title": "T", "labels": ["x"], "size": 10}
    assert request.headers["Content-Type"] == "application/json"


async def test_a_whole_number_is_sent_as_an_integer_even_if_a_client_wrote_it_as_a_float():
    request = await sent(acme("{post: things, json: [size, labels]}"), {"id": "1", "size": 12.0, "labels": [1.5, 2.0]})
    assert request.body == b'{"size":12,"labels":[1.5,2.0]}'


async def test_a_list_of_names_sends_those_and_nothing_else():
    request = await sent(
        acme("{get: things, query: [title, labels, draft]}"), {"id": "1", "labels": ["x", "y"], "draft": True}
    )
    assert sent_query(request) == {"labels": ["x", "y"], "draft": ["true"], "lang": ["en"]}
    assert request.body is None


async def test_a_mapping_renames_nests_and_adds_literals():
    request = await sent(
        acme("{post: things, json: {fields: {name: '{title}', ref: 'T-{id}'}, kind: task, gone: {only: '{draft}'}}}"),
        {"id": "7", "title": "Hi"},
    )
    assert sent_json(request) == {"fields": {"name": "Hi", "ref": "T-7"}, "kind": "task"}


async def test_a_form_is_form_encoded():
    request = await sent(acme("{post: things, form: {t: '{title}', n: 5}}"), {"id": "7", "title": "a b&c=ü"})
    assert request.body == b"t=a%20b%26c%3D%C3%BC&n=5"
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


async def test_what_stands_in_the_query_is_not_sent_in_the_body_again():
    request = await sent(acme("{post: things, query: [draft], json: input}"), {"id": "1", "draft": False})
    assert sent_json(request) == {"id": "1", "size": 10}
    assert sent_query(request)["draft"] == ["false"]


async def test_a_header_takes_an_input_and_is_left_out_without_it():
    integration = acme("{get: things, headers: {If-Match: '\"{title}\"'}}")
    assert (await sent(integration, {"id": "1", "title": "v1"})).headers["If-Match"] == '"v1"'
    assert "If-Match" not in (await sent(integration, {"id": "1"})).headers


async def test_an_input_cannot_split_a_header():
    with pytest.raises(InvalidInput) as caught:
        await sent(acme("{get: things, headers: {If-Match: '{title}'}}"), {"id": "1", "title": "a\r\nX-Evil: 1"})
    assert caught.value.path == "/title"


@pytest.mark.parametrize(
    ("auth", "values", "headers", "query"),
    [
        ("type: secret_text", {"secret_text": "k"}, {"Authorization": "Bearer k"}, {}),
        (
            "type: secret_text, send: {headers: {X-Api-Key: '{secret_text}'}}",
            {"secret_text": "k"},
            {"X-Api-Key": "k"},
            {},
        ),
        ("type: secret_text, send: {query: {key: '{secret_text}'}}", {"secret_text": "a&b"}, {}, {"key": ["a&b"]}),
        (
            "type: basic",
            {"username": "ann", "password": "pä:ss"},
            {"Authorization": "Basic " + b64encode("ann:pä:ss".encode()).decode()},
            {},
        ),
        (
            "type: secret_text, send: {basic: {username: '{secret_text}'}}",
            {"secret_text": "k"},
            {"Authorization": "Basic " + b64encode(b"k:").decode()},
            {},
        ),
        (
            "type: custom, fields: {a: {title: A}, b: {title: B}}, send: {headers: {X-A: '{a}', X-B: 'Key {b}'}}",
            {"a": "1", "b": "2"},
            {"X-A": "1", "X-B": "Key 2"},
            {},
        ),
        (
            "type: oauth2, authorize: {url: 'https://e.com/a'}, token: {url: 'https://e.com/t'}",
            {"access_token": "t"},
            {"Authorization": "Bearer t"},
            {},
        ),
        (
            "type: client_credentials, token: {url: 'https://e.com/t'}",
            {"client_id": "i", "client_secret": "s", "access_token": "t"},
            {"Authorization": "Bearer t"},
            {},
        ),
        (
            "type: token_exchange, fields: {u: {title: U}}, token: {url: 'https://e.com/t'}",
            {"u": "i", "access_token": "t"},
            {"Authorization": "Bearer t"},
            {},
        ),
    ],
)
async def test_every_kind_of_credential_is_carried_its_way(
    auth: str, values: dict[str, str], headers: dict[str, str], query: dict[str, list[str]]
):
    request = await sent(acme("{get: things}", auth=auth), {"id": "1"}, credentials("main", **values))
    assert request.headers == {"Accept": "application/json", "User-Agent": "Toolgate", "X-Version": "2"} | headers
    assert sent_query(request) == {"lang": ["en"]} | query


async def test_two_auth_methods_carry_their_own_credential():
    manifest = MANIFEST.format(request="{get: a}", auth="type: secret_text", base_url="https://e.com/").replace(
        "api:\n",
        "  - {key: other, type: secret_text, base_url: 'https://o.e.com/', send: {headers: {X-Key: '{secret_text}'}}}\napi:\n",
    )
    request = await sent(Integration(load(manifest, "x")), {"id": "1"}, credentials("other", secret_text="k"))
    assert request.url == "https://o.e.com/a?lang=en"
    assert request.headers["X-Key"] == "k"
    assert "Authorization" not in request.headers


async def test_the_credential_wins_over_a_header_and_a_query_parameter_of_the_same_name():
    integration = acme("{get: things, headers: {authorization: 'Bearer {title}'}}")
    request = await sent(integration, {"id": "1", "title": "mine"})
    assert [value for name, value in request.headers.items() if name.lower() == "authorization"] == [
        "Bearer s3cret-value"
    ]


async def test_values_of_the_connection_fill_the_base_address():
    integration = acme(
        "{get: 'x/{id}'}", auth="type: secret_text, inputs: {sub: {title: S}}", base_url="https://{sub}.e.com/a/"
    )
    request = await sent(integration, {"id": "1"}, credentials("main", secret_text="k", sub="acme"))
    assert request.url == "https://acme.e.com/a/x/1?lang=en"


async def test_an_action_may_have_an_address_of_its_own_for_which_the_credential_holds_too():
    text = MANIFEST.format(request="{get: x}", auth="type: secret_text", base_url="https://api.example.com/v1/")
    elsewhere = Integration(load(text + "    base_url: https://files.example.com/v2/\n", "acme.yaml"))
    request = await sent(elsewhere, {"id": "1"})
    assert request.url == "https://files.example.com/v2/x?lang=en"
    assert request.headers["Authorization"] == "Bearer s3cret-value"


@pytest.mark.parametrize("values", [{"secret_text": "k"}, {"secret_text": "k", "sub": "evil.test/"}, {"sub": "acme"}])
async def test_a_connection_whose_values_do_not_fit_has_to_be_made_anew(values: dict[str, str]):
    integration = acme(
        "{get: x}", auth="type: secret_text, inputs: {sub: {title: S}}", base_url="https://{sub}.e.com/a/"
    )
    with pytest.raises(CredentialsRejected):
        await sent(integration, {"id": "1"}, credentials("main", **values))


@pytest.mark.parametrize("secret", ["a\r\nX-Evil: 1", "a\x00"])
async def test_a_credential_that_would_split_the_header_is_not_sent(secret: str):
    with pytest.raises(CredentialsRejected) as caught:
        await sent(acme("{get: x}"), {"id": "1"}, credentials("main", secret_text=secret))
    assert secret not in caught.value.message


@pytest.mark.parametrize("value", ["\ud800", 2**70])
async def test_what_json_cannot_hold_is_the_callers_fault(value: Json):
    with pytest.raises(InvalidInput):
        await sent(acme("{post: x, json: input}"), {"id": "1", "title": value})


async def test_time_and_size_limits_go_with_every_request():
    text = MANIFEST.format(request="{get: x}", auth="type: secret_text", base_url="https://e.com/")
    limited = text.replace("api:\n", "api:\n  timeout_seconds: 5\n") + "    output: {max_bytes: 1000}\n"
    request = await sent(Integration(load(limited, "acme.yaml")), {"id": "1"})
    assert (request.timeout_seconds, request.max_response_bytes) == (5, 1000)


def test_neither_credentials_nor_targets_show_in_a_repr():
    from integrations.target import target_of

    integration = acme("{get: x}")
    opened = credentials("main", secret_text="s3cret-value")
    assert integration.manifest.api
    target = target_of(integration.manifest.api, integration.auth[0], opened)
    assert "s3cret-value" not in repr(opened) + repr(target)
