"""A proxy in front of one emulated provider that is as strict as the real one, and as unreliable as a test wants.

The emulator takes any bearer token for its administrator, lets tokens live for ever, and compares little at its token
endpoint. The guard lets a call through only with a token that it saw issued and that still lives, holds sign-ins to
their redirect URI and PKCE challenge, and answers everything else the way the provider would.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.parts.dialects import Dialect
from tests.parts.emulator_seed import REDIRECT_URI
from tests.parts.issued_tokens import AccessToken, IssuedTokens, SignIn

METHODS = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
NOT_FORWARDED = {"accept-encoding", "authorization", "connection", "content-length", "host", "transfer-encoding"}
NOT_RETURNED = {"connection", "content-encoding", "content-length", "date", "keep-alive", "transfer-encoding"}


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next `times` calls whose path starts with `path`."""

    status: int | None = None
    """429 in the provider's own form, any other status as a bare failure; `None`: the call only takes longer."""
    retry_after_seconds: int = 1
    delay_seconds: float = 0
    path: str = "/"
    times: int = 1


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call that reached the provider, and the status it got."""

    method: str
    path: str
    status: int


@dataclass(slots=True)
class StrictGuard:
    """One provider's guard; `app` serves it."""

    dialect: Dialect
    emulator_url: str
    books: IssuedTokens = field(default_factory=IssuedTokens)
    faults: list[Fault] = field(default_factory=list[Fault])
    calls: list[SeenCall] = field(default_factory=list[SeenCall])
    _client: httpx2.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        self._client = httpx2.AsyncClient(base_url=self.emulator_url, trust_env=False, timeout=30)

    @property
    def app(self) -> Starlette:
        """The ASGI application; every path goes through `answer`."""
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=METHODS)])

    async def close(self) -> None:
        """Drop the connections to the emulator."""
        await self._client.aclose()

    async def answer(self, request: Request) -> Response:
        """One call: what goes wrong on purpose, then what the provider says; noted either way."""
        response = await self._fail(request.url.path) or await self._serve(request)
        self.calls.append(SeenCall(request.method, request.url.path, response.status_code))
        return response

    async def _fail(self, path: str) -> Response | None:
        fault = next((fault for fault in self.faults if fault.times > 0 and path.startswith(fault.path)), None)
        if fault is None:
            return None
        fault.times -= 1
        await asyncio.sleep(fault.delay_seconds)
        if fault.status == 429:
            return self.dialect.rate_limited(fault.retry_after_seconds)
        return PlainTextResponse("The provider is unwell.", status_code=fault.status) if fault.status else None

    async def _serve(self, request: Request) -> Response:
        path, sent = request.url.path, await _fields_of(request)
        if path == self.dialect.authorize_path:
            return await self._authorize(request)
        if path == self.dialect.token_path:
            return await self._redeem(request, sent)
        presented = _bearer(request) or sent.get(self.dialect.token_field or "")
        if path.startswith(self.dialect.revoke_path):
            self.books.revoke(str(sent.get(self.dialect.revoke_field) or presented))
            return self.dialect.revocation_done()
        if path.startswith(self.dialect.open_paths):
            return self._send_back(await self._forward(request))
        token = self.books.look_up(presented)
        if not isinstance(token, AccessToken):
            return self.dialect.refuse(token)
        return _returned(await self._forward(request, token=token))

    async def _authorize(self, request: Request) -> Response:
        """The consent page; the emulator is given its own redirect URI, and ours is remembered."""
        asked = dict(request.query_params)
        if asked.get("redirect_uri") not in self.books.redirect_uris:
            return PlainTextResponse("redirect_uri is not registered for this application", status_code=400)
        sign_in = SignIn(asked.get("client_id", ""), asked["redirect_uri"], asked)
        params = {**asked, "redirect_uri": f"{REDIRECT_URI}?{urlencode({'sign_in': self.books.begin(sign_in)})}"}
        return _returned(await self._client.get(request.url.path, params=params))

    def _send_back(self, answer: httpx2.Response) -> Response:
        """The emulator's answer; when it sends the person back with a code, to where the client really is."""
        response = _returned(answer)
        location = answer.headers.get("location", "")
        if location.startswith(REDIRECT_URI):
            params = dict(parse_qsl(urlsplit(location).query))
            sign_in = self.books.finish(params.pop("sign_in"), params["code"])
            joint = "&" if urlsplit(sign_in.redirect_uri).query else "?"
            response.headers["Location"] = f"{sign_in.redirect_uri}{joint}{urlencode(params)}"
        return response

    async def _redeem(self, request: Request, sent: dict[str, Any]) -> Response:
        """The token endpoint: a code or a refresh token for access tokens."""
        sent = {**sent, **_basic_credentials(request)}
        if sent.get("grant_type") == "refresh_token":
            refresh_token = str(sent.get("refresh_token", ""))
            if self.books.grant_of_refresh_token(refresh_token) is None:
                return self.dialect.token_error("invalid_grant")
            asked = {"refresh_token": refresh_token, "access_type": "offline"}
            sign_in = SignIn(str(sent.get("client_id", "")), "", asked)
        else:
            known = self.books.sign_in_of(str(sent.get("code", "")))
            if known is None or not known.accepts_verifier(str(sent.get("code_verifier", ""))):
                return self.dialect.token_error("invalid_grant")
            if sent.get("redirect_uri", known.redirect_uri) != known.redirect_uri:
                return self.dialect.token_error("redirect_uri_mismatch")
            sign_in = known
        # The emulator compares with its own redirect URI, which the client never saw.
        form = {key: str(value) for key, value in sent.items() if key != "redirect_uri"}
        answer = await self._client.post(request.url.path, data=form, headers={"Accept": "application/json"})
        tokens: dict[str, Any] = answer.json()
        if answer.status_code != 200 or "error" in tokens:
            return JSONResponse(tokens, status_code=answer.status_code)
        tokens = self.dialect.enter(tokens, sign_in, self.books)
        if self.dialect.answers_tokens_as_form and "json" not in request.headers.get("accept", ""):
            return Response(urlencode(tokens), media_type="application/x-www-form-urlencoded")
        return JSONResponse(tokens)

    async def _forward(self, request: Request, *, token: AccessToken | None = None) -> httpx2.Response:
        headers = {key: value for key, value in request.headers.items() if key not in NOT_FORWARDED}
        body = await request.body()
        if token is not None:
            headers["Authorization"] = f"Bearer {token.emulator_token}"
        target = httpx2.URL(request.url.path, query=request.url.query.encode())
        return await self._client.request(request.method, target, headers=headers, content=body)


def _returned(answer: httpx2.Response) -> Response:
    headers = {key: value for key, value in answer.headers.items() if key not in NOT_RETURNED}
    return Response(answer.content, status_code=answer.status_code, headers=headers)


async def _fields_of(request: Request) -> dict[str, Any]:
    """What was sent, in whichever of the three ways."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    fields: dict[str, Any] = dict(request.query_params)
    if kind.startswith("application/x-www-form-urlencoded"):
        fields.update(parse_qsl(body.decode(), keep_blank_values=True))
    elif kind.startswith("application/json") and body:
        try:
            loaded: object = json.loads(body)
        except ValueError:
            return fields
        if isinstance(loaded, Mapping):
            fields.update(loaded)
    return fields


def _bearer(request: Request) -> str | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() in {"bearer", "token"} else None


def _basic_credentials(request: Request) -> dict[str, str]:
    """The client's credentials when they came by HTTP Basic, which two of the emulators can't read."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        client_id, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": unquote(client_id), "client_secret": unquote(secret)}
