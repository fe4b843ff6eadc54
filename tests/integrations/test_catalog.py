from pathlib import Path

import pytest

from integrations.auth_methods import OAuth2
from integrations.catalog import SHIPPED, Catalog
from integrations.problems import ManifestInvalid


def test_everything_that_ships_is_listed_by_name_without_being_parsed():
    assert list(Catalog().names()) == sorted(path.stem for path in SHIPPED.glob("*.yaml"))


def test_an_integration_is_found_by_its_name_and_parsed_once():
    catalog = Catalog()
    assert catalog.get("slack").title == "Slack"
    assert catalog.get("slack") is catalog.get("slack")
    assert "slack" in catalog
    assert len([*catalog]) == len(catalog)


def test_an_unknown_name_is_a_key_error():
    assert "nothing" not in Catalog()
    with pytest.raises(KeyError):
        Catalog().get("nothing")


def test_further_manifests_come_by_file_and_by_folder(tmp_path: Path):
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "beta.yaml").write_text("name: beta\ntitle: Beta")
    (tmp_path / "acme.yaml").write_text("name: acme\ntitle: Acme")
    catalog = Catalog(None, further=[tmp_path / "acme.yaml", tmp_path / "more"])
    assert catalog.names() == ("acme", "beta")
    assert catalog.get("beta").title == "Beta"


def test_a_further_manifest_takes_the_place_of_a_shipped_one(tmp_path: Path):
    (tmp_path / "slack.yaml").write_text("name: slack\ntitle: Our Slack")
    catalog = Catalog(further=[tmp_path])
    assert catalog.get("slack").title == "Our Slack"
    assert len(catalog) == len(Catalog())


def test_a_faulty_further_manifest_stops_the_start_with_its_line(tmp_path: Path):
    (tmp_path / "acme.yaml").write_text("name: acme\ntitle: Acme\ntitel: x")
    with pytest.raises(ManifestInvalid, match=r"acme\.yaml:3: titel is not a key"):
        Catalog(further=[tmp_path])


def test_a_shipped_file_must_have_its_integrations_name(tmp_path: Path):
    (tmp_path / "acme.yaml").write_text("name: other\ntitle: Other")
    with pytest.raises(ManifestInvalid, match=r"must be called other\.yaml"):
        Catalog(tmp_path).get("acme")


@pytest.mark.parametrize("name", [each for each in Catalog().names() if Catalog().get(each).manifest.scope_titles])
def test_every_scope_that_is_asked_for_is_told_in_words(name: str):
    integration = Catalog().get(name)
    asked = {
        scope
        for each in (*integration.actions.values(), *integration.lookups.values())
        for scopes in each.scopes.values()
        for scope in scopes
    }
    asked |= {scope for method in integration.auth if isinstance(method, OAuth2) for scope in method.scopes}
    assert asked == set(integration.manifest.scope_titles)
