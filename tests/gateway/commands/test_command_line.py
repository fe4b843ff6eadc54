import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import __version__
from gateway.__main__ import app
from gateway.commands.check_config import MASK
from tests.gateway.commands.terminal import Toolgate

ROOT = Path(__file__).parents[3]
CANARY = "c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4ry"


@pytest.mark.parametrize(
    "command",
    [[], ["serve"], ["demo"], ["migrate"], ["check-config"], ["doctor"], ["keys", "create"], ["integrations", "check"]],
)
def test_every_command_explains_itself(command: list[str]) -> None:
    shown = CliRunner().invoke(app, [*command, "--help"])
    assert shown.exit_code == 0
    assert "Usage: " in shown.output


def test_the_version_is_the_packages() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"toolgate {__version__}\n"


def test_help_loads_neither_web_server_nor_database_nor_rules() -> None:
    program = "import sys, gateway.__main__; print(*(sorted(sys.modules)))"
    command = [sys.executable, "-c", program]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "typer" in loaded
    heavy = {"uvicorn", "starlette", "sqlalchemy", "pydantic", "mcp", "aiohttp", "gateway.settings", "integrations"}
    assert heavy.isdisjoint(loaded)


def test_a_mistake_in_the_settings_is_one_line_on_standard_error(toolgate: Toolgate) -> None:
    for command in (["check-config"], ["serve"], ["migrate"], ["keys", "list"], ["keys", "rotate"]):
        ended = toolgate(*command, PROT="8080")
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert ended.stderr == "toolgate: TOOLGATE_PROT: there is no such setting; did you mean TOOLGATE_PORT?\n"


def test_a_database_that_cannot_be_reached_is_one_line_without_its_password(toolgate: Toolgate) -> None:
    ended = toolgate("migrate", DATABASE_URL=f"postgresql+asyncpg://toolgate:{CANARY}@127.0.0.1:1/x")
    assert ended.returncode == 1
    assert ended.stderr.startswith("toolgate: the database can't be used: ")
    assert ended.stderr.count("\n") == 1
    assert CANARY not in ended.stderr


def test_check_config_shows_what_would_hold_and_masks_every_secret(toolgate: Toolgate, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        f'service_key = "{CANARY}"\n[integrations.slack]\nclient_id = "id"\nclient_secret = "{CANARY}"\n'
        'urls = {"https://slack.com/api/" = "http://127.0.0.1:4601/api/"}'
    )
    ended = toolgate("check-config", DATABASE_URL=f"postgresql+asyncpg://u:{CANARY}@db/x", LOG_LEVEL="debug")
    assert ended.returncode == 0
    lines = ended.stdout.splitlines()
    assert "log_level = debug" in lines
    assert f"service_key = {MASK}" in lines
    assert "database_url = postgresql+asyncpg://u:***@db/x" in lines
    assert "integrations.slack.client_id = id" in lines
    assert "integrations.slack.urls = https://slack.com/api/ → http://127.0.0.1:4601/api/" in lines
    assert CANARY not in ended.stdout
    assert not (tmp_path / "data").exists()


def test_the_integrations_that_ship_are_listed_and_without_fault() -> None:
    listed = CliRunner().invoke(app, ["integrations", "list"]).output
    assert {"slack", "github", "gmail", "kv-store"} <= {line.split()[0] for line in listed.splitlines()}
    checked = CliRunner().invoke(app, ["integrations", "check", str(ROOT / "integrations/catalog")])
    assert (checked.exit_code, checked.output) == (0, "no problems found\n")


def test_a_faulty_manifest_is_named_with_file_and_line(tmp_path: Path) -> None:
    manifest = tmp_path / "broken.yaml"
    manifest.write_text("name: broken\ntitle: Broken\nactoins: []\n")
    checked = CliRunner().invoke(app, ["integrations", "check", str(manifest)])
    assert checked.exit_code == 1
    assert f"{manifest}:3: " in checked.output


def test_the_folder_of_the_deployment_is_checked_and_its_integrations_are_listed(
    toolgate: Toolgate, tmp_path: Path
) -> None:
    broken, settings = tmp_path / "broken.yaml", {"INTEGRATIONS_DIR": str(tmp_path)}
    broken.write_text("name: broken\ntitle: Broken\nactoins: []\n")
    checked = toolgate("integrations", "check", **settings)
    assert (checked.returncode, checked.stdout) == (1, f"{broken}:3: actoins is not a key that belongs here\n")
    for command in (["check-config"], ["integrations", "list"], ["integrations", "setup", "slack"]):
        assert toolgate(*command, **settings).stderr.startswith(f"toolgate: integrations_dir: {broken}:3: actoins")
    broken.write_text("name: broken\ntitle: No longer broken\n")
    assert toolgate("integrations", "check", **settings).stdout == "no problems found\n"
    assert "No longer broken (0 actions)" in toolgate("integrations", "list", **settings).stdout
    assert f"integrations_dir = {tmp_path}" in toolgate("check-config", **settings).stdout


def test_without_a_path_and_a_folder_of_its_own_there_is_nothing_to_check(toolgate: Toolgate) -> None:
    ended = toolgate("integrations", "check")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "toolgate: name a manifest or a folder of them, or set integrations_dir\n"


def test_a_folder_without_manifests_is_not_called_faultless(toolgate: Toolgate, tmp_path: Path) -> None:
    ended = toolgate("integrations", "check", str(tmp_path))
    assert ended.returncode == 1
    assert ended.stderr == f"toolgate: {tmp_path}: no manifest (*.yaml) here; name a file or its folder\n"
