from collections.abc import Callable
from pathlib import Path

import pytest

from integrations.catalog import SHIPPED, manifest_files
from integrations.checking import check

Check = Callable[[str], list[tuple[int, str]]]

GOOD = """\
name: acme
title: Acme
auth:
  - key: main
    type: oauth2
    authorize: {url: "https://acme.example/authorize"}
    token: {url: "https://acme.example/token"}
    account: {request: {get: me}, id: /id, label: /name}
  - {key: key, type: secret_text}
api:
  base_url: https://api.acme.example/
options:
  list_things:
    title: List things
    request: {get: "{kind}/things", query: {q: "{search}"}}
    value: /id
    label: /name
    depends_on: [kind]
    scopes: [things:read]
actions:
  - name: get_thing
    title: Get a thing
    description: Returns one thing.
    scopes: {main: [things:read]}
    input:
      kind: {type: string, description: Its kind}
      id: {type: string, description: Its id, options: list_things}
    request: {get: "{kind}/things/{id}"}
triggers:
  - {name: new, title: New thing}
"""


@pytest.fixture
def checked(tmp_path: Path) -> Check:
    def check_text(text: str) -> list[tuple[int, str]]:
        (tmp_path / "acme.yaml").write_text(text)
        return [(problem.line, problem.message) for problem in check([tmp_path / "acme.yaml"])]

    return check_text


def test_a_good_manifest_has_no_problems(checked: Check):
    assert checked(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("name: acme", "name: other", 1, "must be called other.yaml"),
        ("options: list_things", "options: list_thing", 27, "no option lookup 'list_thing'"),
        ("{kind}/things/{id}", "{kind}/things/{name}", 28, "uses {name}, which is not an input"),
        ("{kind}/things/{id}", "{kind}/things", 27, "sends the input id nowhere"),
        (", description: Its kind", "", 26, "the input kind has no description"),
        ("    description: Returns one thing.\n", "", 21, "has no description"),
        ("    scopes: {main: [things:read]}\n", "", 21, "`scopes` is missing"),
        ("scopes: {main:", "scopes: {min:", 24, "no auth method 'min'"),
        ("scopes: {main: [things:read]}", "scopes: {}", 24, "scopes for the auth method 'main' are missing"),
        ("scopes: {main:", "auth_methods: [other]\n    scopes: {main:", 24, "no auth method 'other'"),
        ("description: Its kind}", "description: K, optional: true}", 28, "stands in the path, so the input can't be optional"),
        ("{type: string, description: Its kind}", "{type: string, description: K, minLength: a}", 25, "not a usable JSON Schema"),
        ("{type: string, description: Its kind}", "{type: string, description: K, pattern: '('}", 25, "not a usable JSON Schema"),
        ("{type: string, description: Its kind}", "{type: string, description: K, pattern: '(?=a)'}", 25, "not a usable JSON Schema"),
        ("name: get_thing", "name: get/thing", 21, "a name holds letters"),
        ("name: get_thing", f"name: {'g' * 60}", 21, "has 66 characters; 64 is the most"),
        ('query: {q: "{search}"}', 'query: {q: "{term}"}', 15, "{term}, which `depends_on` does not name"),
        ('"{kind}/things", query', '"{kind}/{search}", query', 15, "{search} may be absent"),
        ("depends_on: [kind]", "depends_on: [kind, owner]", 27, "depends on the input owner"),
        ("    scopes: [things:read]\n", "", 13, "`scopes` is missing"),
        (", options: list_things", "", 13, "no input uses this lookup"),
        ("    account: {request: {get: me}, id: /id, label: /name}\n", "", 4, "`account` is missing"),
        ("type: secret_text}", "type: secret_text, send: {headers: {X-Key: '{token}'}}}", 9, "nothing fills {token}"),
        ("{key: key, type: secret_text}", "{key: main, type: secret_text}", 9, "the key 'main' is there twice"),
        ("{key: key, type: secret_text}", "{key: key, type: custom, fields: {a: {title: A}}}", 9, "custom needs `send`"),
        ("https://api.acme.example/", "https://{sub}.acme.example/", 11, "nothing fills {sub}"),
        ("https://acme.example/token", "https://{sub}.acme.example/token", 7, "nothing fills {sub}"),
        ("https://api.acme.example/", "http://api.acme.example/", 11, "must be https"),
        ("https://api.acme.example/", "http://127.0.0.1.acme.example/", 11, "must be https"),
        ("https://acme.example/authorize", "http://acme.example/authorize", 6, "must be https"),
        ("acme.example/token\"}", "acme.example/token\"}\n    refresh: {url: http://acme.example/}", 8, "must be https"),
        (
            "type: secret_text}",
            "type: client_credentials, token: {url: http://acme.example/}}",
            9,
            "must be https",
        ),
        ("type: secret_text}", "type: secret_text, send: {headers: {'X Key': a}}}", 9, "is not a header name"),
        ("    depends_on: [kind]\n", "    depends_on: [kind]\n    base_url: http://acme.example/\n", 19, "must be https"),
        ('/{id}"}', '/{id}"}\n    base_url: http://acme.example/', 29, "must be https"),
        ("type: secret_text}", "type: secret_text, field: {title: T, pattern: '(?!a)b'}}", 9, "must do without look-around"),
        ("https://api.acme.example/", "https://api.acme.example/?v=1", 11, "must not hold a query"),
        ("api:\n  base_url: https://api.acme.example/\n", "", 1, "api: is missing"),
        ("{name: new, title: New thing}", "{name: new, title: N}\n  - {name: new, title: N}", 31, "two of this name"),
        ('request: {get: "{kind}/things/{id}"}', 'request: {get: "{kind}/things/{id}", headers: {Host: x}}', 28, "header 'Host' can't be set"),
        ('request: {get: "{kind}/things/{id}"}', "code: no.such.module:run", 28, "can't be imported"),
        ('request: {get: "{kind}/things/{id}"}', "code: integrations.loading:load", 28, "not an async function"),
        ('request: {get: "{kind}/things/{id}"}', "code: integrations.options:lookup_options", 28, "exactly one argument"),
        ('request: {get: "{kind}/things/{id}"}', "code: integrations.options:nothing", 28, "can't be imported"),
    ],
)  # fmt: skip
def test_a_fault_is_found_at_its_line(checked: Check, old: str, new: str, line: int, message: str):
    assert GOOD.count(old) == 1
    found = checked(GOOD.replace(old, new))
    assert any(at == line and message in text for at, text in found), found


def sending(file: str, request: str) -> str:
    """The good manifest with one more input, and this request."""
    more = f"      file: {{{file}, description: The file}}\n    request: {{post: things, query: [kind, id], {request}}}"
    return GOOD.replace('    request: {get: "{kind}/things/{id}"}', more)


@pytest.mark.parametrize(
    ("file", "request_", "line", "message"),
    [
        ("file: one", "files: [file]", 0, ""),
        ("file: many", "form: {a: b}, files: {'file[]': '{file}'}", 0, ""),
        ("file: one", "content: '{file}'", 0, ""),
        ("type: string", "content: '{file}'", 0, ""),
        ("file: many", "content: '{file}'", 29, "neither a file nor text"),
        ("type: object", "content: '{file}'", 29, "neither a file nor text"),
        ("type: string", "files: [file]", 29, "`files` sends file, which is no file"),
        ("file: one", "json: [file]", 28, "is a file, but not among `files`"),
        ("file: one", "files: [file], json: input", 29, "a request has one body"),
        ("file: one", "content: '{file}', form: input", 29, "a request has one body"),
        ("file: one", "content: 'x {file}'", 29, "must match"),
        ("file: two", "files: [file]", 28, "must be 'one' or 'many'"),
        ("file: one, type: string", "files: [file]", 28, "a file has its own schema"),
    ],
)
def test_files_stand_where_they_can_be_sent(checked: Check, file: str, request_: str, line: int, message: str):
    found = checked(sending(file, request_))
    assert (found == []) is (message == ""), found
    assert not message or any(at == line and message in text for at, text in found), found


def test_files_need_inputs_of_their_own(checked: Check):
    schema = "{type: object, properties: {file: {type: string, description: F}}}"
    written = sending("file: one", "content: '{file}'").splitlines()
    start = written.index("    input:")
    text = "\n".join(
        [*written[:start], f"    schema: {schema}", '    request: {post: a, content: "{file}"}', *written[-2:]]
    )
    assert "which `schema` can't have" in str(checked(text))


def test_a_kept_host_must_be_held_to_listed_ones(checked: Check):
    text = GOOD.replace("https://api.acme.example/", '"{instance_url}/api/"').replace(
        'token"}\n', 'token"}\n    keep: {instance_url: /url}\n'
    )
    text = text.replace("  - {key: key, type: secret_text}\n", "")
    assert [message for _, message in checked(text)] == [
        "base_url: the provider's answer decides the host, so `api.hosts` must say which ones are allowed"
    ]
    assert checked(text.replace("options:\n", '  hosts: ["*.acme.example"]\noptions:\n', 1)) == []


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("https://{site}/token", True),
        ("{site}/token", True),
        ("https://login.{site}/token", True),
        ("https://{site}.com/token", True),
        ("https://{site}.acme.example/token", False),
        ("https://acme.example/{site}/token", False),
    ],
)
def test_the_apps_secret_goes_to_no_host_that_a_person_names(checked: Check, address: str, is_open: bool):
    text = GOOD.replace("https://acme.example/token", address).replace(
        "    account:", "    inputs: {site: {title: Site}}\n    account:", 1
    )
    text = text.replace("  - {key: key, type: secret_text}\n", "")
    message = "token: a value decides the host, so `api.hosts` must say which ones are allowed"
    assert [message for _, message in checked(text)] == ([message] if is_open else [])
    assert checked(text.replace("options:\n", '  hosts: ["*.acme.example"]\noptions:\n', 1)) == []


def test_two_actions_must_not_share_a_tool_name(checked: Check):
    action = GOOD[GOOD.index("  - name: get_thing") : GOOD.index("triggers:")]
    found = checked(GOOD.replace("triggers:", action.replace("get_thing", "get thing") + "triggers:"))
    assert found == [(29, "action get thing: its tool name acme__get_thing is that of action get_thing too")]


def test_paging_owns_its_inputs(checked: Check):
    text = GOOD.replace("id: {type", "cursor: {type").replace("things/{id}", "things/{cursor}")
    text = text.replace("triggers:", "    paging: {style: page, items: /items, param: page}\ntriggers:")
    assert checked(text) == [(27, "get_thing: the input cursor is one that paging adds")]


def test_a_full_schema_is_checked_like_the_shorthand(checked: Check):
    schema = "schema: {type: object, additionalProperties: true, properties: {a: {type: string}}}"
    text = GOOD[: GOOD.index("    input:")] + f"    {schema}\n    request: {{get: a}}\n"
    text = text.replace(GOOD[GOOD.index("options:\n") : GOOD.index("actions:")], "")
    assert [message for _, message in checked(text)] == [
        "get_thing: inputs are closed; additionalProperties can't be opened",
        "get_thing: the input a has no description",
        "get_thing: the request sends the input a nowhere",
    ]


def test_faults_of_the_format_are_problems_too(checked: Check):
    assert checked("name: acme\ntitle: Acme\nactoins: []") == [(3, "actoins is not a key that belongs here")]
    assert checked("name: [") == [(2, "not valid YAML: did not find expected node content")]


def test_two_files_cannot_have_the_same_integration(tmp_path: Path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "acme.yaml").write_text(GOOD)
    (problem,) = check([tmp_path / "one", tmp_path / "two"])
    assert problem.file == str(tmp_path / "two" / "acme.yaml")
    assert problem.message == f"name: 'acme' is taken by {tmp_path / 'one' / 'acme.yaml'}"


def test_a_problem_prints_as_editors_expect(tmp_path: Path):
    assert str(check([tmp_path / "gone.yaml"])[0]).startswith(f"{tmp_path / 'gone.yaml'}:1: can't be read")


@pytest.mark.parametrize("path", manifest_files([SHIPPED]), ids=lambda path: path.stem)
def test_every_shipped_manifest_passes_the_checker(path: Path):
    assert check([path]) == []
