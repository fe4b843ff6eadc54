from typing import Any

from integrations.integration import Integration
from integrations.openapi.differing import ChangedTool, difference
from integrations.openapi.importing import as_manifest
from tests.integrations.openapi.descriptions import described, imported


def integration(paths: Any) -> Integration:
    return Integration(as_manifest(imported(described(paths)).manifest))


OLD = {
    "/a": {"get": {"operationId": "a", "summary": "See a"}},
    "/b": {"get": {"operationId": "b", "summary": "See b"}},
    "/c": {"get": {"operationId": "c", "summary": "See c"}},
}


def test_an_update_names_what_comes_goes_and_changes():
    parameter = {"name": "x", "in": "query", "schema": {"type": "string"}}
    new = {
        "/a": {"get": {"operationId": "a", "summary": "See a better"}},
        "/b": {"get": {"operationId": "b", "summary": "See b", "parameters": [parameter]}},
        "/d": {"get": {"operationId": "d", "summary": "See d"}},
    }
    found = difference(integration(OLD), integration(new))
    assert (found.added, found.removed) == (["d"], ["c"])
    assert found.changed == [ChangedTool("a", ["description"]), ChangedTool("b", ["input", "request"])]
    assert not found.is_empty


def test_the_same_document_changes_nothing():
    assert difference(integration(OLD), integration(OLD)).is_empty
