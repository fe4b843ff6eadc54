"""Signing in, as a program and a browser do it over HTTP: from a bare endpoint to the result of the first tool call."""

import base64
import hashlib
import html
import re
import secrets
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx2

from benchmarks.inbox import Inbox
from benchmarks.load import UnexpectedAnswer, mcp_message

CALLBACK: Final = "http://127.0.0.1:3999/callback"
"""Where the program would listen; the browser's last page names it, which is where this ends."""
_TIMEOUT_SECONDS: Final = 30
_QUOTED = re.compile(r'(\w+)="([^"]*)"')
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
_FORM = re.compile(r'<form method="post" action="([^"]*)".*?</form>', re.DOTALL)
_ONWARD = re.compile(r'http-equiv="refresh" content="0;url=([^"]*)"')
_STYLE = re.compile(r'rel="stylesheet" href="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Tool:
    """The tool that is called in the end, and a text that its good result contains."""

    name: str
    arguments: Mapping[str, Any]
    expected: str


@dataclass(slots=True)
class Browser:
    """A person's browser, at an address of its own, and the mailbox that the person reads."""

    http: httpx2.AsyncClient
    inbox: Inbox
    email: str
    _has_style: bool = field(default=False, init=False)

    async def allow(self, address: str) -> str:
        """Sign in where nobody is signed in yet, allow what is asked; returns where the browser is sent in the end."""
        page = await self._open(address)
        if 'value="continue"' in page:
            page = await self._send(page, 'value="continue"')
        else:
            page = await self._send(page, 'value="send"', email=self.email)
            page = await self._send(page, 'value="code"', code=await self.inbox.code(self.email))
        page = await self._send(page, 'value="allow"', decision="allow")
        if (onward := _ONWARD.search(page)) is None:
            raise UnexpectedAnswer(page[:2_000])
        return html.unescape(onward[1])

    async def _open(self, address: str) -> str:
        page = _good(await self.http.get(address, follow_redirects=True)).text
        if not self._has_style and (style := _STYLE.search(page)) is not None:
            _good(await self.http.get(urljoin(address, style[1])))
            self._has_style = True
        return page

    async def _send(self, page: str, marked: str, **entered: str) -> str:
        """Fill in and send the form in which this stands."""
        form = next((each for each in _FORM.finditer(page) if marked in each[0]), None)
        if form is None:
            raise UnexpectedAnswer(page[:2_000])
        data = {name: html.unescape(value) for name, value in _HIDDEN.findall(form[0])}
        return _good(await self.http.post(form[1], data={**data, **entered}, follow_redirects=True)).text


@asynccontextmanager
async def opened_browser(gateway: str, inbox: Inbox, *, email: str, at: str) -> AsyncGenerator[Browser]:
    """Open a fresh browser, whose requests come from the address `at` as far as the gateway can tell."""
    async with httpx2.AsyncClient(
        base_url=gateway, headers={"X-Forwarded-For": at}, trust_env=False, timeout=_TIMEOUT_SECONDS
    ) as http:
        yield Browser(http, inbox, email)


async def connect(endpoint: str, browser: Browser, tool: Tool, *, at: str, document: str | None = None) -> "Connected":
    """Do all that a program does which is given an endpoint, up to its first tool call.

    It registers itself unless it has a metadata document. Raises `UnexpectedAnswer`.
    """
    async with httpx2.AsyncClient(headers={"X-Forwarded-For": at}, trust_env=False, timeout=_TIMEOUT_SECONDS) as http:
        program = _Program(http, endpoint)
        challenge, metadata = await program.discover()
        client_id = document or await program.register(metadata)
        verifier = secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            "state": secrets.token_urlsafe(16),
            "scope": challenge["scope"],
            "resource": endpoint,
        }
        told = _told(await browser.allow(f"{metadata['authorization_endpoint']}?{urlencode(asked)}"))
        if (told.get("state"), told.get("iss")) != (asked["state"], metadata["issuer"]):
            raise UnexpectedAnswer(f"the browser came back with {sorted(told)}")
        shown = {"client_id": client_id, "code": told["code"], "code_verifier": verifier}
        granted = await program.redeem(metadata, shown)
        await program.use(granted["access_token"], tool)
    return Connected(metadata["revocation_endpoint"], client_id, granted["refresh_token"])


@dataclass(frozen=True, slots=True)
class Connected:
    """A program that acts for somebody."""

    revocation_endpoint: str
    client_id: str
    refresh_token: str = field(repr=False)

    async def end(self) -> None:
        """Let the program give back what it was allowed. Raises `UnexpectedAnswer`."""
        form = {"client_id": self.client_id, "token": self.refresh_token}
        async with httpx2.AsyncClient(trust_env=False, timeout=_TIMEOUT_SECONDS) as http:
            _good(await http.post(self.revocation_endpoint, data=form))


class _Program:
    """The program's own requests."""

    def __init__(self, http: httpx2.AsyncClient, endpoint: str) -> None:
        self._http = http
        self._endpoint = endpoint

    async def discover(self) -> tuple[Mapping[str, str], Mapping[str, Any]]:
        """Ask without a token and follow where that leads; the challenge and the authorization server's metadata."""
        refused = await self._ask("server/discover", {}, token=None)
        challenge = dict(_QUOTED.findall(refused.headers.get("www-authenticate", "")))
        if refused.status_code != 401 or "resource_metadata" not in challenge:
            raise UnexpectedAnswer(refused.text[:2_000])
        resource = _good(await self._http.get(challenge["resource_metadata"])).json()
        [issuer] = resource["authorization_servers"]
        return challenge, _good(await self._http.get(f"{issuer}/.well-known/oauth-authorization-server")).json()

    async def register(self, metadata: Mapping[str, Any]) -> str:
        said = {
            "client_name": "Benchmark",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        }
        return _good(await self._http.post(metadata["registration_endpoint"], json=said)).json()["client_id"]

    async def redeem(self, metadata: Mapping[str, Any], shown: Mapping[str, str]) -> Mapping[str, Any]:
        form = {**shown, "grant_type": "authorization_code", "redirect_uri": CALLBACK, "resource": self._endpoint}
        return _good(await self._http.post(metadata["token_endpoint"], data=form)).json()

    async def use(self, token: str, tool: Tool) -> None:
        _good(await self._ask("server/discover", {}, token=token))
        listed = _good(await self._ask("tools/list", {}, token=token))
        called = _good(await self._ask("tools/call", {"name": tool.name, "arguments": tool.arguments}, token=token))
        if f'"{tool.name}"' not in listed.text or tool.expected not in called.text:
            raise UnexpectedAnswer(called.text[:2_000])

    async def _ask(self, method: str, params: Mapping[str, Any], *, token: str | None) -> httpx2.Response:
        headers, body = mcp_message(method, params, token=token)
        return await self._http.post(self._endpoint, content=body, headers=headers)


def _good(answer: httpx2.Response) -> httpx2.Response:
    if not answer.is_success:
        raise UnexpectedAnswer(
            f"{answer.request.method} {answer.request.url.path}: {answer.status_code}\n{answer.text}"
        )
    return answer


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _told(address: str) -> dict[str, str]:
    return {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}
