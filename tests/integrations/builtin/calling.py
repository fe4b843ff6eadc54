"""Calling built-in actions the way the engine does, with state in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs

from integrations.action import Ports
from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.ports import Http, HttpRequest, HttpResponse, Json, StoredFile

CATALOG = Catalog()
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class NoHttp:
    """For actions that send nothing."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        raise AssertionError(f"{request.url} was asked for")


@dataclass
class MemoryState:
    """The state of one namespace."""

    values: dict[str, Json] = field(default_factory=dict[str, Json])
    files: dict[str, StoredFile] = field(default_factory=dict[str, StoredFile])

    async def get(self, key: str) -> Json | None:
        return self.values.get(key)

    async def put(self, key: str, value: Json) -> None:
        self.values[key] = value

    async def delete(self, key: str) -> bool:
        return self.values.pop(key, None) is not None

    async def add_to_list(self, key: str, value: Json) -> list[Json]:
        self.values[key] = [*self._list(key), value]
        return self.values[key]

    async def remove_from_list(self, key: str, value: Json) -> list[Json]:
        self.values[key] = [element for element in self._list(key) if element != value]
        return self.values[key]

    async def read_file(self, path: str) -> StoredFile | None:
        return self.files.get(path)

    async def write_file(self, path: str, content: bytes, *, content_type: str) -> StoredFile:
        self.files[path] = StoredFile(path, len(content), content_type, NOW, content)
        return self.files[path]

    async def delete_file(self, path: str) -> bool:
        return self.files.pop(path, None) is not None

    async def list_files(self, prefix: str) -> list[StoredFile]:
        return [file for path, file in sorted(self.files.items()) if path.startswith(prefix)]

    async def download_url(self, path: str, *, expires_in_seconds: int) -> str | None:
        return f"https://files.example/{path}?for={expires_in_seconds}" if path in self.files else None

    def _list(self, key: str) -> list[Json]:
        found = self.values.get(key, [])
        if not isinstance(found, list):
            raise InvalidInput(f"{key} holds no list", path="/key")
        return found


@dataclass
class BuiltIn:
    """One built-in integration, ready to call."""

    name: str
    http: Http = field(default_factory=NoHttp)
    state: MemoryState = field(default_factory=MemoryState)
    now: datetime = NOW

    async def run(self, action: str, **arguments: Any) -> Any:
        """The output. Arguments that the schema refuses raise `jsonschema_rs.ValidationError`."""
        declared = CATALOG.get(self.name).actions[action]
        jsonschema_rs.validate(dict(declared.input_schema), arguments)
        ports = Ports(http=self.http, state=self.state, now=lambda: self.now)
        return (await declared.run(arguments, None, ports)).output
