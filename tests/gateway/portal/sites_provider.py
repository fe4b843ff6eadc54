"""A provider whose tokens open several sites, and that says which ones only to whoever asks with the token.

It answers at Atlassian's paths too.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.parts.loopback import answer, loopback, read_request

MANIFEST = """
name: harbor
title: Harbor
description: Keeps ships.
categories: [DEVELOPER_TOOLS]
auth:
  - key: main
    type: oauth2
    authorize: {{url: "{url}/authorize"}}
    token: {{url: "{url}/token"}}
    inputs: {{site: {{title: Site, pattern: "[a-z]+", suffix: .harbor.example, optional: true}}}}
    keep_from_request:
      base_url: {url}/
      request: {{get: sites}}
      items: /sites
      where: {{/url: "https://{{site}}.harbor.example"}}
      label: /url
      values: {{site_id: /id}}
    base_url: {url}/api/{{site_id}}/
    account: {{request: {{get: me}}, id: /id, label: /name}}
api:
  base_url: {url}/api/
actions:
  - name: where
    title: Where am I
    request: {{get: where}}
    scopes: []
"""


@dataclass
class SitesProvider:
    """Everybody approves at once; `sites` are those that every token opens."""

    url: str = ""
    sites: list[str] = field(default_factory=lambda: ["north"])
    is_down: bool = False
    """Whether it tells no sites."""

    @property
    def manifest(self) -> str:
        """The integration that reaches this provider."""
        return MANIFEST.format(url=self.url)

    def answer(self, request: bytes) -> bytes:
        """Answer one request."""
        head = request.decode().partition("\r\n\r\n")[0]
        target = urlsplit(head.split()[1])
        match target.path.split("/"):
            case [_, "authorize"]:
                asked = {name: values[0] for name, values in parse_qs(target.query).items()}
                back = f"{asked['redirect_uri']}?{urlencode({'code': 'c1', 'state': asked['state']})}"
                return answer(b"", f"location: {back}", status="302 Found")
            case [_, "token"] | [_, "oauth", "token"]:
                return _json({"access_token": "a-token", "token_type": "bearer"})
            case path if "authorization: bearer a-token" in head.lower():
                return self._api(path)
            case _:
                return _json({"message": "who are you?"}, "401 Unauthorized")

    def _api(self, path: list[str]) -> bytes:
        match path:
            case [_, "sites"]:
                return _json({"sites": self._listed("harbor.example")}, "503 Oh" if self.is_down else "200 OK")
            case [_, "api", site_id, "where"]:
                return _json({"site": site_id})
            case [_, "oauth", "token", "accessible-resources"]:
                return _json(self._listed("atlassian.net"))
            case [_, "ex", "jira" | "confluence", "south-1", *_, "myself" | "current"]:
                return _json({"accountId": "ada", "displayName": "Ada of the south"})
            case [*_, "me"]:
                return _json({"id": "ada", "name": "Ada"})
            case _:
                return _json({"message": "there is nothing here"}, "404 Not Found")

    def _listed(self, domain: str) -> list[dict[str, str]]:
        return [{"id": f"{name}-1", "url": f"https://{name}.{domain}"} for name in self.sites]


@asynccontextmanager
async def sites_provider() -> AsyncGenerator[SitesProvider]:
    """Run the provider on loopback."""
    provider = SitesProvider()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(provider.answer(await read_request(reader)))
            await writer.drain()

    async with loopback(handler) as served:
        provider.url = f"http://127.0.0.1:{served.port}"
        yield provider


def _json(value: object, status: str = "200 OK") -> bytes:
    return answer(json.dumps(value).encode(), "content-type: application/json", status=status)
