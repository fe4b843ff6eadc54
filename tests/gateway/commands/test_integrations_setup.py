"""What `toolgate integrations setup` tells, held to what the gateway then does."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.__main__ import app
from gateway.commands import CommandFailed
from gateway.commands.integrations_setup import GUIDE, guide
from gateway.connections.connect_methods import callback_address
from gateway.settings import IntegrationSettings, Settings
from integrations.auth_methods import OAuth2
from integrations.catalog import Catalog
from tests.gateway.commands.terminal import Toolgate

ROOT = Path(__file__).parents[3]
PUBLIC = "https://tools.example.com"
OAUTH = [each.name for each in Catalog() if any(isinstance(method, OAuth2) for method in each.auth)]


def told(name: str, **settings: Any) -> str:
    return "\n".join(guide(Catalog().get(name), Settings(public_url=PUBLIC, **settings)))


@pytest.mark.parametrize("name", OAUTH)
def test_it_tells_callback_scopes_and_settings_of_every_integration_that_connects_by_oauth(name: str) -> None:
    said = told(name)
    assert said.count(callback_address(PUBLIC, name)) >= 2
    assert f"TOOLGATE_INTEGRATIONS_{name.upper().replace('-', '_')}_CLIENT_SECRET" in said
    assert f"[integrations.{name}]" in said
    for action in Catalog().get(name).actions.values():
        for scope in {scope for scopes in action.scopes.values() for scope in scopes}:
            assert scope in said


def test_slacks_manifest_asks_for_the_scopes_of_people_and_of_the_bot_and_comes_back_to_us() -> None:
    text = told("slack").partition("App manifest:\n")[2].partition("\n\nSettings")[0]
    manifest = json.loads(text)
    assert manifest["oauth_config"]["redirect_urls"] == [f"{PUBLIC}/connect/callback/slack"]
    scopes = manifest["oauth_config"]["scopes"]
    assert "search:read" in scopes["user"]
    assert "search:read" not in scopes["bot"]
    assert "channels:manage" in scopes["bot"]
    assert manifest["features"]["bot_user"]["display_name"]


def test_the_manifest_alone_can_be_piped_to_a_file(toolgate: Toolgate) -> None:
    ended = toolgate("integrations", "setup", "slack", "--manifest", PUBLIC_URL=PUBLIC)
    assert json.loads(ended.stdout)["oauth_config"]["redirect_urls"] == [f"{PUBLIC}/connect/callback/slack"]
    refused = toolgate("integrations", "setup", "github", "--manifest")
    assert refused.returncode == 1
    assert "takes no app manifest" in refused.stderr


def test_github_gets_the_fields_of_its_form() -> None:
    said = told("github")
    assert f"Homepage URL: {PUBLIC}" in said
    assert f"Authorization callback URL: {PUBLIC}/connect/callback/github" in said


def test_google_gets_its_steps_with_the_api_and_what_testing_means() -> None:
    said = told("gmail")
    assert "https://console.cloud.google.com/apis/library/gmail.googleapis.com" in said
    assert f"Authorized redirect URIs: {PUBLIC}/connect/callback/gmail" in said
    assert "7 days" in said
    (scopes,) = re.findall("Add or remove scopes: (.*)", said)
    assert "https://www.googleapis.com/auth/gmail.send" in scopes.split()


def test_an_integration_of_two_google_apis_names_both() -> None:
    said = told("google-sheets")
    assert "https://console.cloud.google.com/apis/library/sheets.googleapis.com" in said
    assert "https://console.cloud.google.com/apis/library/drive.googleapis.com" in said


def test_an_address_of_this_machine_is_not_passed_off_as_one_for_people() -> None:
    said = "\n".join(guide(Catalog().get("slack"), Settings()))
    assert "for this machine only" in said
    assert "https addresses only" in said
    assert "for this machine only" not in told("slack")


def test_it_says_whether_an_app_is_set_and_never_shows_its_secret() -> None:
    app_of_ours = IntegrationSettings.model_validate({"client_id": "an-id", "client_secret": "a-secret-of-ours"})
    said = told("slack", integrations={"slack": app_of_ours})
    assert "client_id is set" in said
    assert "a-secret-of-ours" not in said


def test_it_runs_without_a_server_and_leaves_nothing_behind(toolgate: Toolgate, tmp_path: Path) -> None:
    before = set(tmp_path.rglob("*"))
    ended = toolgate("integrations", "setup", "gmail", PUBLIC_URL=PUBLIC)
    assert ended.returncode == 0
    assert f"{PUBLIC}/connect/callback/gmail" in ended.stdout
    assert set(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("slak", "did you mean slack?"),
        ("google", "did you mean gmail or google-calendar"),
        ("nothing-like-it", "integrations list"),
        ("http", "nothing to connect"),
    ],
)
def test_what_has_no_app_is_told_with_a_hint(name: str, hint: str) -> None:
    ended = CliRunner().invoke(app, ["integrations", "setup", name])
    assert isinstance(ended.exception, CommandFailed)
    assert hint in str(ended.exception)


def test_the_page_that_it_leads_to_has_a_part_for_each_provider() -> None:
    page = (ROOT / GUIDE).read_text()
    for heading in ("Slack", "GitHub", "Google"):
        assert re.search(rf"^## {heading}$", page, re.MULTILINE)
