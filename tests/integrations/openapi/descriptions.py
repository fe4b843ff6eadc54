"""Small OpenAPI documents to import."""

import json
from typing import Any

from integrations.openapi.document import read_document
from integrations.openapi.importing import Imported, Named, Wanted, import_document

Json = Any


def described(paths: Json, *, version: str = "3.1.0", **members: Json) -> Json:
    """A document of one API at https://api.acme.example/v1."""
    servers = [{"url": "https://api.acme.example/v1"}]
    return {
        "openapi": version,
        "info": {"title": "Acme", "version": "1"},
        "servers": servers,
        "paths": paths,
        **members,
    }


def imported(document: Json, wanted: Wanted | None = None, **named: Json) -> Imported:
    """What comes of it."""
    read = read_document(json.dumps(document).encode())
    return import_document(read, Named(name="acme", **named), wanted or Wanted())


def input_schema(document: Json, action: str) -> Json:
    """The inputs of one action, in the manifest's notation."""
    actions = {each["name"]: each for each in imported(document).manifest["actions"]}
    return actions[action].get("input", {})
