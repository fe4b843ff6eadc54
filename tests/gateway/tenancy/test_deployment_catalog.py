from pathlib import Path

import pytest

from gateway.settings import Settings, SettingsError, load_settings
from gateway.tenancy.deployment_catalog import deployment_catalog, problems_in
from gateway.wiring import open_gateway
from integrations.catalog import Catalog

MANIFEST = """\
name: postal
title: Postal
api: {base_url: "https://api.postal.example/"}
auth:
  - {key: key, type: secret_text, account: {request: {get: me}, id: /id, label: /name}}
actions:
  - name: send
    title: Send
    description: Sends a letter.
    input: {text: {type: string, description: The letter}}
    request: {post: letters, json: input}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "integrations"
    found.mkdir()
    (found / "postal.yaml").write_text(MANIFEST)
    return found


def settings(folder: Path, **variables: str) -> Settings:
    environ = {"TOOLGATE_INTEGRATIONS_DIR": str(folder), "TOOLGATE_DATA_DIR": str(folder.parent / "data"), **variables}
    return load_settings(environ=environ, integrations=Catalog().names())


def refusal(folder: Path) -> str:
    with pytest.raises(SettingsError) as refused:
        deployment_catalog(settings(folder))
    return str(refused.value)


def test_an_operators_manifests_stand_beside_those_that_ship(folder: Path) -> None:
    catalog = deployment_catalog(settings(folder))
    assert catalog.get("postal").actions.keys() == {"send"}
    assert len(catalog) == len(Catalog()) + 1
    assert deployment_catalog(Settings()).names() == Catalog().names()


def test_files_of_other_kinds_are_none_of_our_business(folder: Path) -> None:
    (folder / "README.md").write_text("# Ours\n")
    assert problems_in(folder) == []


async def test_the_gateway_has_them_from_its_start(folder: Path) -> None:
    async with open_gateway(settings(folder)) as gateway:
        assert "postal" in gateway.catalogs.of("any-organization")


async def test_a_fault_stops_the_start_before_anything_is_made(folder: Path) -> None:
    (folder / "postal.yaml").write_text(MANIFEST.replace("title: Send", "titel: Send"))
    with pytest.raises(SettingsError, match=r"postal\.yaml:8: "):
        async with open_gateway(settings(folder)):
            pass
    assert not (folder.parent / "data").exists()


def test_they_are_configured_like_those_that_ship(folder: Path) -> None:
    found = settings(folder, TOOLGATE_INTEGRATIONS_POSTAL_CLIENT_ID="app-1")
    assert found.integrations["postal"].client_id == "app-1"
    config = folder.parent / "config.toml"
    config.write_text(f'integrations_dir = "{folder}"\n[integrations.postal]\nclient_id = "app-2"\n')
    read = load_settings(config=config, environ={}, integrations=[])
    assert read.integrations["postal"].client_id == "app-2"
    with pytest.raises(SettingsError, match="did you mean postal"):
        config.write_text(f'integrations_dir = "{folder}"\n[integrations.postl]\nclient_id = "app-2"\n')
        load_settings(config=config, environ={}, integrations=[])


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("postal.yaml", MANIFEST.replace("title: Postal\n", ""), "postal.yaml:1: title is missing"),
        (
            "postal.yaml",
            MANIFEST.replace("    description: Sends a letter.\n", ""),
            "postal.yaml:7: action send: has no",
        ),
        ("postal.yaml", MANIFEST.replace("request: {post: letters, json: input}", "code: nowhere:run"), ":11: code: "),
        ("mail.yaml", MANIFEST, "mail.yaml:1: name: the file of 'postal' must be called postal.yaml"),
        (
            "github.yaml",
            MANIFEST.replace("postal", "github"),
            "github.yaml:1: name: 'github' is taken by an integration",
        ),
        ("custom-a.yaml", MANIFEST.replace("postal", "custom-a"), "custom-a.yaml:1: names that begin with 'custom-'"),
        ("letters.yml", MANIFEST.replace("postal", "letters"), "letters.yml:1: the file must be called letters.yaml"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(folder: Path, name: str, text: str, said: str) -> None:
    (folder / name).write_text(text)
    assert said in refusal(folder)


def test_many_problems_are_told_in_short(folder: Path) -> None:
    (folder / "postal.yaml").write_text("name: postal\na: 1\nb: 2\nc: 3\nd: 4\n")
    assert "; and 2 more (`toolgate integrations check` lists them)" in refusal(folder)


@pytest.mark.parametrize("name", ["absent", "integrations/postal.yaml"])
def test_a_setting_that_names_no_folder_is_refused(folder: Path, name: str) -> None:
    assert "name a folder that can be read" in refusal(folder.parent / name)


def test_code_may_be_of_any_module_that_can_be_imported(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_letters.py").write_text("async def send(call):\n    return {'sent': call.arguments['text']}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = MANIFEST.replace("request: {post: letters, json: input}", "code: our_letters:send")
    (folder / "postal.yaml").write_text(text)
    assert problems_in(folder) == []
