"""The record of who agrees with each action, and the pages that show it, are what the tests of today say."""

import pytest

from gateway.commands.integration_pages import pages
from integrations.catalog import Catalog
from integrations.standing import RECORD
from tests.integrations.catalog.proofs import PAGES, proofs, record

AGAIN = "write it anew: .venv/bin/python -m tests.integrations.catalog.proofs"
CATALOG = Catalog()


def test_the_record_is_of_these_tests():
    assert RECORD.read_text() == record(), AGAIN


def test_nothing_is_proven_that_is_not_offered():
    offered = {(integration.name, action) for integration in CATALOG for action in integration.actions}
    assert {(proof.integration, proof.action) for proof in proofs()} <= offered


@pytest.mark.parametrize(("name", "text"), [pytest.param(name, text, id=name) for name, text in pages()])
def test_a_page_is_made_from_its_manifest(name: str, text: str):
    assert (PAGES / name).read_text() == text, AGAIN


def test_no_page_is_left_of_an_integration_that_is_gone():
    by_hand = {"writing.md"}
    assert {page.name for page in PAGES.glob("*.md")} - by_hand == {name for name, _ in pages()}
