"""Which changes of an own integration concern the accounts that are connected to it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.changes import ChangeFeed
from gateway.tenancy.catalogs import Catalogs
from integrations.catalog import Catalog
from storage.records import OwnIntegration

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
KEY = {"key": "token", "type": "secret_text"}
TOOL = {"name": "search", "inputSchema": {"type": "object"}}
SERVER: dict[str, Any] = {
    "name": "custom-notes",
    "title": "Notes",
    "auth": [KEY],
    "mcp": {"url": "https://notes.example.com/mcp", "tools": [TOOL]},
}


def row(manifest: dict[str, Any]) -> OwnIntegration:
    return OwnIntegration(
        id="i", organization_id="o", name="custom-notes", manifest=manifest, created_at=NOW, updated_at=NOW
    )


@pytest.mark.parametrize(
    ("changes", "concerns"),
    [
        ({}, False),
        ({"title": "Our notes"}, False),
        ({"mcp": {**SERVER["mcp"], "tools": [TOOL, {**TOOL, "name": "write"}]}}, False),
        ({"mcp": {**SERVER["mcp"], "withheld": ["search"]}}, False),
        ({"auth": [{**KEY, "key": "other"}]}, True),
        ({"auth": []}, True),
    ],
)
def test_approving_and_withholding_tools_concerns_no_account_and_another_way_to_connect_does(
    changes: dict[str, Any], concerns: bool
) -> None:
    feed, heard = ChangeFeed(), list[tuple[str, str]]()
    catalogs = Catalogs(Catalog(shipped=None), changes=feed)
    catalogs.replaced(row(SERVER))
    feed.subscribe(heard.extend)
    catalogs.replaced(row({**SERVER, **changes}))
    needs = [("own_integration_needs", "o/custom-notes")] if concerns else []
    assert heard == [("own_integrations", "o"), *needs]


def test_a_new_integration_concerns_no_account() -> None:
    feed, heard = ChangeFeed(), list[tuple[str, str]]()
    feed.subscribe(heard.extend)
    Catalogs(Catalog(shipped=None), changes=feed).replaced(row(SERVER))
    assert heard == [("own_integrations", "o")]
