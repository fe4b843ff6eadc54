"""MCP as bytes over HTTP: for what no well-behaved client sends, and to see exactly what comes back."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx2

MODERN = "2026-07-28"
_BOTH = "application/json, text/event-stream"


@dataclass
class Wire:
    """Talks to one MCP endpoint with one token."""

    client: httpx2.AsyncClient
    url: str
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    async def post(self, content: Any, /, **headers: str) -> httpx2.Response:
        """POST anything: bytes as they are, everything else as JSON."""
        sent = content if isinstance(content, bytes) else json.dumps(content).encode()
        return await self.client.post(self.url, content=sent, headers=self._headers(headers))

    async def modern(
        self, method: str, params: dict[str, Any] | None = None, /, *, capabilities: Any = None, **headers: str
    ) -> httpx2.Response:
        """One request of a 2026-07-28 client."""
        meta = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": capabilities or {},
        }
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**(params or {}), "_meta": meta}}
        named = {"Mcp-Name": params["name"]} if params and method == "tools/call" else {}
        sent = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method, "Accept": _BOTH, **named, **headers}
        return await self.post(body, **sent)

    async def bare(self, method: str, params: dict[str, Any] | None = None, /, **headers: str) -> httpx2.Response:
        """One request of a client that knows no era: only Content-Type and Authorization (contract 4.18)."""
        return await self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}, **headers)

    async def call(self, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result of a tool call, as a modern client gets it."""
        answer = await self.modern("tools/call", {"name": name, "arguments": arguments or {}})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    async def tool_names(self) -> list[str]:
        """The names of the tool list, as a modern client gets it."""
        answer = await self.modern("tools/list")
        assert answer.status_code == 200, answer.text
        return [tool["name"] for tool in answer.json()["result"]["tools"]]

    def _headers(self, more: dict[str, str]) -> dict[str, str]:
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {"Content-Type": "application/json", **bearer, **self.headers, **more}
