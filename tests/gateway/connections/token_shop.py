"""A provider that sells short-lived tokens for what a customer of its own has: a client's credentials, or a password."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.parts.loopback import answer, loopback, read_request

MANIFEST = """
name: vault
title: Vault
description: Keeps things.
categories: [DEVELOPER_TOOLS]
auth:
  - key: client
    type: client_credentials
    token: {{url: "{url}/oauth/token", auth: basic}}
    scopes: [status]
    account: {{request: {{get: status}}, id: /owner, label: /owner}}
  - key: login
    type: token_exchange
    fields:
      user: {{title: User}}
      password: {{title: Password, secret: true}}
    token:
      url: "{url}/login"
      body: json
      params: {{login: "{{user}}", secret: "{{password}}"}}
      access_token: /session/token
      expires_in: /session/seconds
      error: /problem
    account: {{request: {{get: status}}, id: /owner, label: /owner}}
api:
  base_url: {url}/api/
actions:
  - name: get_status
    title: Get status
    request: {{get: status}}
    scopes: [status]
  - name: open_door
    title: Open the door
    request: {{post: door}}
    scopes: [doors]
"""


@dataclass
class TokenShop:
    """What it knows and what it has sold."""

    clock: Callable[[], datetime]
    url: str = ""
    passwords: dict[str, str] = field(default_factory=lambda: {"acme": "a-password"})
    sold: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """The questions that were answered with a token."""
    is_down: bool = False
    _good: dict[str, tuple[str, datetime]] = field(default_factory=dict[str, tuple[str, datetime]])

    @property
    def manifest(self) -> str:
        """The integration that reaches this shop."""
        return MANIFEST.format(url=self.url)

    def forget_tokens(self) -> None:
        """Take no token any more that was sold so far."""
        self._good.clear()

    def answer(self, request: bytes) -> bytes:
        """Answer one request."""
        head, _, body = request.decode().partition("\r\n\r\n")
        line, *lines = head.split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
        path = line.split()[1].partition("?")[0]
        if self.is_down:
            return _json({"problem": "maintenance"}, "503 Service Unavailable")
        match path:
            case "/oauth/token":
                return self._client_token(dict(parse_qsl(body)), headers)
            case "/login":
                return self._session(json.loads(body))
            case _:
                return self._api(headers)

    def _client_token(self, form: dict[str, str], headers: dict[str, str]) -> bytes:
        owner = next((each for each in self.passwords if headers.get("authorization") == self._basic(each)), None)
        if owner is None:
            return _json({"error": "invalid_client"}, "401 Unauthorized")
        if form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, "400 Bad Request")
        return _json({"access_token": self._sell(owner, form), "token_type": "bearer", "expires_in": 100})

    def _session(self, given: dict[str, str]) -> bytes:
        if self.passwords.get(given["login"]) != given["secret"]:
            return _json({"problem": f"no such user, or {given['secret']} is wrong"}, "400 Bad Request")
        return _json({"session": {"token": self._sell(given["login"], given), "seconds": 100}})

    def _api(self, headers: dict[str, str]) -> bytes:
        owner, until = self._good.get(headers.get("authorization", "").removeprefix("Bearer "), ("", None))
        if until is None or self.clock() >= until:
            return _json({"message": "unknown token"}, "401 Unauthorized")
        return _json({"owner": owner})

    def _sell(self, owner: str, question: dict[str, str]) -> str:
        self.sold.append(question)
        token = f"token-{len(self.sold)}"
        self._good[token] = (owner, self.clock() + timedelta(seconds=100))
        return token

    def _basic(self, owner: str) -> str:
        return f"Basic {b64encode(f'{owner}:{self.passwords[owner]}'.encode()).decode()}"


@asynccontextmanager
async def token_shop(clock: Callable[[], datetime]) -> AsyncGenerator[TokenShop]:
    """Run a shop on loopback."""
    shop = TokenShop(clock)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(shop.answer(await read_request(reader)))
            await writer.drain()

    async with loopback(handler) as served:
        shop.url = f"http://127.0.0.1:{served.port}"
        yield shop


def _json(value: Any, status: str = "200 OK") -> bytes:
    return answer(json.dumps(value).encode(), "content-type: application/json", status=status)
