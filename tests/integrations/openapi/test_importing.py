import pytest

from integrations.integration import Integration
from integrations.openapi.document import DocumentRefused
from integrations.openapi.importing import Wanted, as_manifest
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json, sent_query
from tests.integrations.openapi.descriptions import described, imported, input_schema

PETS = {
    "/pets": {
        "get": {
            "operationId": "listPets",
            "summary": "List pets",
            "description": "All of them, <b>newest</b> first. See [the guide](https://acme.example/guide).",
            "tags": ["pets"],
            "parameters": [
                {
                    "name": "limit",
                    "in": "query",
                    "schema": {"type": "integer", "maximum": 100},
                    "description": "How many",
                },
                {"name": "filter[kind]", "in": "query", "schema": {"type": "string"}},
                {"name": "tags", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                {
                    "name": "sort",
                    "in": "query",
                    "explode": False,
                    "schema": {"type": "array", "items": {"type": "string"}},
                },
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
            ],
        },
        "post": {
            "operationId": "createPet",
            "tags": ["pets"],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
            },
        },
    },
    "/owners/{owner-id}/pets/{pet}": {
        "parameters": [{"name": "owner-id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "delete": {"parameters": [{"name": "pet", "in": "path", "required": True, "schema": {"type": "integer"}}]},
    },
}
SCHEMAS = {
    "Pet": {
        "type": "object",
        "required": ["name", "id"],
        "properties": {
            "id": {"type": "integer", "readOnly": True},
            "name": {"type": "string", "nullable": True, "minLength": 1, "example": "Rex"},
            "parent": {"$ref": "#/components/schemas/Pet"},
        },
    }
}
DOCUMENT = described(PETS, components={"schemas": SCHEMAS})


async def sent(action: str, /, **arguments: object) -> RecordedHttp:
    """What an imported action sends."""
    http = RecordedHttp([json_response({})])
    await Integration(as_manifest(imported(DOCUMENT).manifest)).actions[action].run(arguments, None, ports(http))
    return http


async def test_a_call_goes_where_the_document_says():
    http = await sent("list_pets", limit=5, filter_kind="dog", tags=["a", "b"], sort="name,age", X_Trace="t1")
    assert http.request.url.startswith("https://api.acme.example/v1/pets?")
    assert sent_query(http.request) == {
        "limit": ["5"],
        "filter[kind]": ["dog"],
        "tags": ["a", "b"],
        "sort": ["name,age"],
    }
    assert http.request.headers["X-Trace"] == "t1"
    http = await sent("create_pet", name="Rex", parent={"name": "Max"})
    assert (http.request.method, sent_json(http.request)) == ("POST", {"name": "Rex", "parent": {"name": "Max"}})


async def test_a_path_parameter_stays_one_segment():
    http = await sent("delete_owners_owner_id_pets_pet", owner_id="../../admin", pet=7)
    assert http.request.url == "https://api.acme.example/v1/owners/..%2F..%2Fadmin/pets/7"


def test_words_are_made_fit_for_a_model():
    [first, *_] = imported(DOCUMENT).manifest["actions"]
    assert first["title"] == "List pets"
    assert first["description"] == "List pets. All of them, newest first. See the guide."


def test_who_writes_decides_the_inputs():
    inputs = input_schema(DOCUMENT, "create_pet")
    assert inputs.keys() == {"name", "parent"}
    assert inputs["name"] == {
        "type": ["string", "null"],
        "minLength": 1,
        "examples": ["Rex"],
        "description": "The name.",
    }
    assert inputs["parent"]["optional"] is True


def test_a_schema_that_holds_itself_ends_where_it_comes_back():
    assert input_schema(DOCUMENT, "create_pet")["parent"]["type"] == "object"
    assert "properties" not in input_schema(DOCUMENT, "create_pet")["parent"]


def test_hints_follow_from_the_method():
    actions = Integration(as_manifest(imported(DOCUMENT).manifest)).actions
    assert actions["list_pets"].hints.read_only
    assert actions["delete_owners_owner_id_pets_pet"].hints.destructive


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (Wanted(), ["list_pets", "create_pet", "delete_owners_owner_id_pets_pet"]),
        (Wanted(tags=frozenset({"pets"})), ["list_pets", "create_pet"]),
        (Wanted(operations=frozenset({"createPet"})), ["create_pet"]),
        (Wanted(operations=frozenset({"get /pets"})), ["list_pets"]),
        (Wanted(paths=("/owners/*",)), ["delete_owners_owner_id_pets_pet"]),
    ],
)
def test_operations_are_chosen_by_tag_id_or_path(wanted: Wanted, names: list[str]):
    assert [tool.action for tool in imported(DOCUMENT, wanted).tools] == names


def test_a_choice_of_nothing_is_told():
    with pytest.raises(DocumentRefused, match="no operation matches"):
        imported(DOCUMENT, Wanted(tags=frozenset({"birds"})))


def test_names_stay_whatever_else_is_chosen_and_fit_a_tool():
    long = "a" * 80
    paths = {f"/{name}": {"get": {"operationId": name}} for name in (long, long + "b", "get.It", "get/it")}
    all_of_them = [tool.action for tool in imported(described(paths)).tools]
    assert len(set(all_of_them)) == 4
    assert all(len(f"acme__{name}") <= 64 for name in all_of_them)
    alone = imported(described(paths), Wanted(operations=frozenset({long}))).tools[0].action
    assert alone == all_of_them[0]


def test_a_body_that_is_no_object_is_one_input():
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"type": "array", "items": {"type": "string"}}}},
    }
    document = described({"/all": {"put": {"operationId": "putAll", "requestBody": body}}})
    [action] = imported(document).manifest["actions"]
    assert action["input"]["body"]["type"] == "array"
    assert action["request"] == {"put": "all", "json": "{body}"}


async def test_a_form_is_sent_as_one():
    schema = {
        "type": "object",
        "properties": {"card": {"type": "object", "properties": {"number": {"type": "string"}}}},
    }
    body = {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    document = described({"/charges": {"post": {"operationId": "charge", "requestBody": body}}})
    http = RecordedHttp([json_response({})])
    action = Integration(as_manifest(imported(document).manifest)).actions["charge"]
    await action.run({"card": {"number": "42"}}, None, ports(http))
    assert http.request.body == b"card%5Bnumber%5D=42"


def test_what_cannot_be_an_action_is_left_out_with_its_reason():
    upload = {"required": True, "content": {"multipart/form-data": {"schema": {"type": "object"}}}}
    cookie = {"name": "session", "in": "cookie", "required": True, "schema": {"type": "string"}}
    paths = {
        "/files": {"post": {"operationId": "upload", "requestBody": upload}},
        "/me": {"get": {"operationId": "me", "parameters": [cookie]}},
        "/odd/{id}": {"get": {"operationId": "odd"}},
        "/fine": {"get": {"operationId": "fine"}},
    }
    found = imported(described(paths))
    assert [tool.action for tool in found.tools] == ["fine"]
    assert dict(found.left_out) == {
        "upload": "its form has no listed fields",
        "me": "it needs the cookie session",
        "odd": "the path names id, which no parameter describes",
    }


SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    "app": {"type": "apiKey", "in": "query", "name": "app"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "login": {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": "https://acme.example/authorize",
                "tokenUrl": "https://acme.example/token",
                "scopes": {"pets:read": "See your pets"},
            }
        },
    },
}


def secured(*requirements: dict[str, list[str]]) -> dict[str, object]:
    return described(
        {"/pets": {"get": {"operationId": "pets", "security": list(requirements)}}, "/open": {"get": {"security": []}}},
        components={"securitySchemes": SCHEMES},
    )


def test_security_schemes_become_ways_to_connect():
    manifest = as_manifest(imported(secured({"token": []}, {"basic": []}, {"login": ["pets:read"]})).manifest)
    assert [(method.key, method.type) for method in manifest.auth] == [
        ("token", "secret_text"),
        ("basic", "basic"),
        ("login", "oauth2"),
    ]
    assert manifest.scope_titles == {"pets:read": "See your pets"}
    assert Integration(manifest).actions["pets"].scopes == {"login": ("pets:read",)}


async def test_keys_that_are_needed_together_are_fields_of_one_connection():
    integration = Integration(as_manifest(imported(secured({"key": [], "app": []})).manifest))
    http = RecordedHttp([json_response({})])
    account = credentials("key_and_app", key="k1", app="a1")
    await integration.actions["pets"].run({}, account, ports(http))
    assert http.request.headers["X-Key"] == "k1"
    assert sent_query(http.request) == {"app": ["a1"]}


def test_a_scheme_that_cannot_be_connected_is_told():
    assert imported(secured({"cookie": []})).left_out == [
        ("security", "cookie: a key in the cookie can't be sent; give `auth` yourself")
    ]


def test_ones_own_auth_replaces_the_documents():
    own = [{"key": "mine", "type": "secret_text", "send": {"headers": {"X-Mine": "{secret_text}"}}}]
    found = imported(secured({"cookie": []}), auth=own)
    assert found.left_out == []
    assert [method.key for method in as_manifest(found.manifest).auth] == ["mine"]


@pytest.mark.parametrize(
    ("servers", "found_at", "given", "base_url"),
    [
        (
            [{"url": "https://{region}.acme.example", "variables": {"region": {"default": "eu"}}}],
            None,
            None,
            "https://eu.acme.example/",
        ),
        ([{"url": "/v2"}], "https://acme.example/docs/openapi.json", None, "https://acme.example/v2/"),
        ([{"url": "javascript:alert(1)"}], None, "https://acme.example", "https://acme.example/"),
    ],
)
def test_the_api_is_where_the_first_server_is(servers: object, found_at: str, given: str, base_url: str):
    found = imported({**DOCUMENT, "servers": servers}, found_at=found_at, base_url=given)
    assert found.manifest["api"] == {"base_url": base_url}


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "file:///etc/passwd", "/v1", "https://u:p@acme.example", "https://a.example/?x=1", "//"],
)
def test_a_server_that_is_no_plain_address_is_refused(url: str):
    with pytest.raises(DocumentRefused, match="give `baseUrl`"):
        imported({**DOCUMENT, "servers": [{"url": url}]})


def test_an_operation_of_another_server_gets_no_credential_of_this_one():
    here, there = [{"url": "https://api.acme.example/v1/"}], [{"url": "https://evil.example/"}]
    paths = {
        "/same": {"get": {"operationId": "same", "servers": here}},
        "/operation": {"get": {"operationId": "operation", "servers": there}},
        "/path": {"servers": there, "get": {"operationId": "path"}},
    }
    found = imported(described(paths))
    assert [tool.action for tool in found.tools] == ["same"]
    told = "it is at https://evil.example, not where the others are; import it by itself, with that as `baseUrl`"
    assert found.left_out == [("operation", told), ("path", told)]


def test_the_size_of_each_tool_is_told():
    found = imported(DOCUMENT)
    assert all(10 < tool.tokens < 500 for tool in found.tools)
    assert found.tokens == sum(tool.tokens for tool in found.tools)
