import asyncio
import io
import json
import sys
from pathlib import Path

import pytest

from gateway.kit.private_files import is_open_to_others
from tests.gateway.commands.terminal import Ended, Toolgate
from tests.parts.emulators import Emulators


@pytest.fixture
def config(tmp_path: Path, fresh_emulators: Emulators) -> Path:
    """A deployment whose GitHub is the stand-in."""
    urls = [f'"{real}" = "{here}"' for real, here in fresh_emulators.url_map("github").items()]
    file = tmp_path / "config.toml"
    file.write_text("\n".join(["[integrations.github.urls]", *urls]))
    return file


async def verify(
    toolgate: Toolgate, config: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, told: object = None
) -> Ended:
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(told)))
    command = ("integrations", "verify", "github", "--config", str(config), *arguments)
    return await asyncio.to_thread(toolgate, *command)


async def test_what_only_reads_is_tried_with_an_account_and_remembered(
    toolgate: Toolgate, config: Path, monkeypatch: pytest.MonkeyPatch, fresh_emulators: Emulators, tmp_path: Path
) -> None:
    token = (await fresh_emulators.issue_token("github", "alice"))["access_token"]
    ended = await verify(toolgate, config, monkeypatch, "--live", told={"access_token": token})
    assert "  works    get_authenticated_user\n" in ended.stdout
    assert "  works    list_branches\n" in ended.stdout  # of the first repository that the lookup finds
    assert "  skipped  get_issue: it needs issue_number\n" in ended.stdout
    assert "create_issue" not in ended.stdout.partition("GitHub: how far")[0]
    assert token not in ended.stdout + ended.stderr
    kept = json.loads((tmp_path / "data/integrations-verified.json").read_text())["github"]
    assert kept.keys() >= {"get_authenticated_user", "list_branches"}
    assert token not in json.dumps(kept)
    assert not is_open_to_others(tmp_path / "data/integrations-verified.json")

    shown = await verify(toolgate, config, monkeypatch)
    assert shown.returncode == 0
    assert f", live {kept['list_branches']}\n" in shown.stdout
    assert "create_issue" in shown.stdout


async def test_an_account_that_is_refused_fails_with_the_providers_words(
    toolgate: Toolgate, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = await verify(toolgate, config, monkeypatch, "--live", told={"access_token": "gho_nobody"})
    assert ended.returncode == 1
    assert "  fails    get_authenticated_user: " in ended.stdout


async def test_bad_input_is_told_in_a_line(toolgate: Toolgate, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, told, said in (
        (("--live",), {"token": "x"}, "standard input must be a JSON object with access_token"),
        (("--live",), [], "standard input must be a JSON object with access_token"),
        (("--live", "--auth-method", "nope"), {}, "has no auth method 'nope'; it has oauth, personal_access_token"),
        (("--live", "--input", "x"), {"access_token": "x"}, "--input x: write it as name=value"),
    ):
        ended = await verify(toolgate, config, monkeypatch, *arguments, told=told)
        assert ended.returncode == 1
        assert said in ended.stderr
        assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("broken", ['{"github": {"list_bra', "[]", '{"github": {"list_branches": 1}}', "\udcff"])
async def test_a_broken_record_is_told_in_a_line_before_anything_is_tried(
    toolgate: Toolgate, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, broken: str
) -> None:
    record = tmp_path / "data/integrations-verified.json"
    record.parent.mkdir(exist_ok=True)
    record.write_text(broken, encoding="utf-8", errors="surrogateescape")
    for arguments in ((), ("--live",)):
        ended = await verify(toolgate, config, monkeypatch, *arguments, told={"access_token": "x"})
        assert (ended.returncode, ended.stdout) == (1, "")
        assert f"{record}: is no record of what was tried" in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_what_asks_nobody_has_nothing_to_verify(toolgate: Toolgate) -> None:
    assert "there is nothing to verify" in toolgate("integrations", "verify", "datetime").stderr
    assert "there is no integration 'nope'" in toolgate("integrations", "verify", "nope").stderr
