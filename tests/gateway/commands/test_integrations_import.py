import json
from pathlib import Path

import pytest

from integrations.checking import check
from integrations.loading import load_file
from tests.gateway.commands.terminal import Toolgate
from tests.integrations.openapi.descriptions import described


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document of three operations, one of which can't be a tool."""
    cookie = {"name": "sid", "in": "cookie", "required": True, "schema": {"type": "string"}}
    paths = {
        "/pets": {"get": {"operationId": "listPets", "summary": "List pets", "tags": ["pets"]}},
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"operationId": "getPet", "summary": "Get a pet", "tags": ["pets"]},
        },
        "/me": {"get": {"operationId": "me", "parameters": [cookie]}},
    }
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(described(paths, security=[{"token": []}], components={"securitySchemes": schemes})))
    return file


def test_a_document_is_shown_and_kept_as_a_manifest_without_fault(toolgate: Toolgate, document: Path) -> None:
    ended = toolgate("integrations", "import", str(document), "--name", "acme", "--save", str(document.parent))
    assert ended.returncode == 0
    assert "  list_pets " in ended.stdout
    assert "2 tools, about " in ended.stdout
    assert "connected by: token (secret_text)" in ended.stdout
    assert "left out: me: it needs the cookie sid" in ended.stdout
    assert check([document.parent / "acme.yaml"]) == []


@pytest.mark.parametrize("text", ["12e3", "1e+3", "0x1f", "on", "null", "2026-11-21", "1_000", "<<"])
def test_a_text_stays_one(toolgate: Toolgate, tmp_path: Path, text: str) -> None:
    choice = {"name": "commit", "in": "query", "schema": {"type": "string", "enum": [text], "default": text}}
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(described({"/x": {"get": {"operationId": "x", "parameters": [choice]}}})))
    assert toolgate("integrations", "import", str(file), "--name", "acme", "--save", str(tmp_path)).returncode == 0
    [action] = load_file(tmp_path / "acme.yaml").actions
    schema = action.input["commit"].json_schema
    assert (schema["enum"], schema["default"]) == ([text], text)


def test_an_update_tells_what_differs(toolgate: Toolgate, document: Path) -> None:
    command = ("integrations", "import", str(document), "--name", "acme", "--save", str(document.parent))
    toolgate(*command, "--operation", "listPets")
    assert "added: get_pet\n" in toolgate(*command).stdout
    assert "nothing changes\n" in toolgate(*command).stdout
    document.write_text(document.read_text().replace("Get a pet", "Look at a pet"))
    assert "changed: get_pet (description)\n" in toolgate(*command, "--tag", "pets").stdout


def test_where_the_secrets_of_a_sign_in_would_go_is_shown(toolgate: Toolgate, tmp_path: Path) -> None:
    flow = {"authorizationUrl": "https://acme.example/a", "tokenUrl": "https://elsewhere.example/t", "scopes": {}}
    schemes = {"login": {"type": "oauth2", "flows": {"authorizationCode": flow}}}
    file = tmp_path / "openapi.json"
    components = {"securitySchemes": schemes}
    file.write_text(json.dumps(described({"/me": {"get": {}}}, security=[{"login": []}], components=components)))
    shown = toolgate("integrations", "import", str(file), "--name", "acme").stdout
    assert "login asks for tokens at: https://elsewhere.example/t\n" in shown


def test_without_a_place_nothing_is_kept(toolgate: Toolgate, document: Path) -> None:
    before = sorted(document.parent.iterdir())
    assert toolgate("integrations", "import", str(document), "--name", "acme").returncode == 0
    assert sorted(document.parent.iterdir()) == before


@pytest.mark.parametrize(
    ("source", "arguments", "said"),
    [
        ("nothing.json", ("--name", "acme"), "nothing.json: can't be read: No such file or directory"),
        ("https://127.0.0.1:1/openapi.json", ("--name", "acme"), "https://127.0.0.1:1/openapi.json: "),
        ("openapi.json", ("--name", "Acme!"), "--name Acme!: lower-case letters"),
        ("openapi.json", ("--name", "acme", "--tag", "birds"), "no operation matches"),
        ("openapi.json", ("--name", "acme", "--base-url", "ftp://x"), "is no https address; give `baseUrl`"),
    ],
)
@pytest.mark.usefixtures("document")
def test_what_can_not_be_imported_is_told_in_a_line(
    toolgate: Toolgate, source: str, arguments: tuple[str, ...], said: str
) -> None:
    ended = toolgate("integrations", "import", source, *arguments)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
