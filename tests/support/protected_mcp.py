"""A remote MCP server whose sign-in is the SDK's own: registration, tokens with a refresh, one notebook per person."""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import (
    AccessToken,
    AuthorizationCode,
    AuthorizationParams,
    OAuthAuthorizationServerProvider,
    RefreshToken,
    construct_redirect_uri,
)
from mcp.server.auth.routes import build_metadata
from mcp.server.auth.settings import AuthSettings, ClientRegistrationOptions, RevocationOptions
from mcp.server.mcpserver import MCPServer
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken
from pydantic import AnyHttpUrl
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PEOPLE = ("alice", "bob")
READ, WRITE = "notes:read", "notes:write"
_METADATA: Final = "/.well-known/oauth-authorization-server"


@dataclass
class Notebooks(OAuthAuthorizationServerProvider[AuthorizationCode, RefreshToken, AccessToken]):
    """Who is known, what they have granted, and what they have written; all of it in memory."""

    url: str
    """Where the server is, without a path."""
    issuer: str = ""
    """Where people sign in, if not there too."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the authorization server says of itself besides, or instead."""
    token_seconds: int = 3600
    secret_seconds: int | None = None
    says_iss: str | None = None
    """What it calls itself in answers to the browser, if it does."""
    clients: dict[str, OAuthClientInformationFull] = field(default_factory=dict[str, OAuthClientInformationFull])
    asked: dict[str, tuple[str, AuthorizationParams]] = field(
        default_factory=dict[str, tuple[str, AuthorizationParams]]
    )
    codes: dict[str, AuthorizationCode] = field(default_factory=dict[str, AuthorizationCode])
    access: dict[str, AccessToken] = field(default_factory=dict[str, AccessToken])
    refresh: dict[str, RefreshToken] = field(default_factory=dict[str, RefreshToken])
    revoked: list[str] = field(default_factory=list[str])
    """Whose grants have been revoked."""
    notes: dict[str, list[str]] = field(default_factory=lambda: {name: [f"{name} keeps this"] for name in PEOPLE})

    async def get_client(self, client_id: str) -> OAuthClientInformationFull | None:
        return self.clients.get(client_id)

    async def register_client(self, client_info: OAuthClientInformationFull) -> None:
        self.clients[client_info.client_id or ""] = client_info

    async def authorize(self, client: OAuthClientInformationFull, params: AuthorizationParams) -> str:
        key = secrets.token_urlsafe(16)
        self.asked[key] = (client.client_id or "", params)
        return f"{self.issuer or self.url}/sign-in?{urlencode({'request': key})}"

    def approved(self, key: str, person: str) -> str:
        """Note that a person has signed in and agreed; where the browser goes then."""
        client_id, params = self.asked.pop(key)
        code = AuthorizationCode(
            code=secrets.token_urlsafe(32),
            scopes=params.scopes or [],
            expires_at=time.time() + 60,
            client_id=client_id,
            code_challenge=params.code_challenge,
            redirect_uri=params.redirect_uri,
            redirect_uri_provided_explicitly=params.redirect_uri_provided_explicitly,
            resource=params.resource,
            subject=person,
        )
        self.codes[code.code] = code
        said = {} if self.says_iss is None else {"iss": self.says_iss}
        return construct_redirect_uri(str(params.redirect_uri), code=code.code, state=params.state, **said)

    async def load_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: str
    ) -> AuthorizationCode | None:
        found = self.codes.get(authorization_code)
        return found if found is not None and found.client_id == client.client_id else None

    async def exchange_authorization_code(
        self, client: OAuthClientInformationFull, authorization_code: AuthorizationCode
    ) -> OAuthToken:
        del self.codes[authorization_code.code]
        return self._tokens(client, authorization_code, authorization_code.scopes)

    async def load_refresh_token(self, client: OAuthClientInformationFull, refresh_token: str) -> RefreshToken | None:
        found = self.refresh.get(refresh_token)
        return found if found is not None and found.client_id == client.client_id else None

    async def exchange_refresh_token(
        self, client: OAuthClientInformationFull, refresh_token: RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        del self.refresh[refresh_token.token]
        return self._tokens(client, refresh_token, scopes or refresh_token.scopes)

    async def load_access_token(self, token: str) -> AccessToken | None:
        return self.access.get(token)

    async def revoke_token(self, token: AccessToken | RefreshToken) -> None:
        self.revoked.append(token.subject or "")
        self.access = {name: each for name, each in self.access.items() if each.subject != token.subject}
        self.refresh = {name: each for name, each in self.refresh.items() if each.subject != token.subject}

    def expire(self) -> None:
        """Have all access tokens ended; refresh tokens live on."""
        self.access.clear()

    def forget_clients(self) -> None:
        """Know nobody any more, as after a move to another database."""
        self.clients.clear()
        self.access.clear()

    def _tokens(
        self, client: OAuthClientInformationFull, grant: AuthorizationCode | RefreshToken, scopes: list[str]
    ) -> OAuthToken:
        refresh = RefreshToken(
            token=secrets.token_urlsafe(32),
            client_id=client.client_id or "",
            scopes=scopes,
            resource=grant.resource,
            subject=grant.subject,
        )
        ends = int(time.time()) + self.token_seconds
        access = AccessToken.model_validate(
            {**refresh.model_dump(), "token": secrets.token_urlsafe(32), "expires_at": ends}
        )
        self.access[access.token], self.refresh[refresh.token] = access, refresh
        return OAuthToken(
            access_token=access.token,
            expires_in=self.token_seconds,
            scope=" ".join(scopes),
            refresh_token=refresh.token,
        )


def create_app(books: Notebooks) -> ASGIApp:
    """Build the server: `list_notes`, `add_note` and `whoami`, each for whoever has signed in."""
    server = MCPServer(
        "Notebooks",
        auth_server_provider=books,
        auth=AuthSettings.model_validate(
            {
                "issuer_url": books.issuer or books.url,
                "resource_server_url": f"{books.url}/mcp",
                "required_scopes": [READ],
                "validate_token_resource": True,
                "client_registration_options": ClientRegistrationOptions(
                    enabled=True, valid_scopes=[READ, WRITE], client_secret_expiry_seconds=books.secret_seconds
                ),
                "revocation_options": RevocationOptions(enabled=True),
            }
        ),
        log_level="ERROR",
    )

    @server.tool()
    def whoami() -> str:
        """Say who has signed in."""
        return _person()

    @server.tool()
    def list_notes() -> list[str]:
        """List the notes of whoever has signed in."""
        return books.notes[_person()]

    @server.tool()
    def add_note(text: str) -> str:
        """Add a note to those of whoever has signed in."""
        books.notes[_person()].append(text)
        return "added"

    @server.custom_route("/sign-in", methods=["GET"])
    async def show(request: Request) -> Response:
        key = escape(request.query_params["request"])
        buttons = "".join(f'<button name="person" value="{each}">{each.title()}</button>' for each in PEOPLE)
        return HTMLResponse(
            f'<title>Notebooks</title><h1>Who are you?</h1><form method="post">'
            f'<input type="hidden" name="request" value="{key}">{buttons}</form>'
        )

    @server.custom_route("/sign-in", methods=["POST"])
    async def decide(request: Request) -> Response:
        form = await request.form()
        return RedirectResponse(books.approved(str(form["request"]), str(form["person"])), status_code=303)

    app = server.streamable_http_app(json_response=True, stateless_http=True)
    return Amended(app, books)


@dataclass(frozen=True)
class Amended:
    """The server, with what the SDK's leaves out: further metadata, and tools that need a scope of their own."""

    app: ASGIApp
    books: Notebooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == _METADATA and self.books.metadata:
            about = build_metadata(
                AnyHttpUrl(self.books.issuer or self.books.url),
                None,
                ClientRegistrationOptions(enabled=True, valid_scopes=[READ, WRITE]),
                RevocationOptions(enabled=True),
            )
            written = about.model_dump(mode="json", exclude_none=True)
            await JSONResponse({**written, **self.books.metadata})(scope, receive, send)
        elif scope["method"] == "POST" and scope["path"] == "/mcp":
            await self._call(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        said = json.loads(body)
        token = self.books.access.get(Headers(scope=scope).get("authorization", "").removeprefix("Bearer "))
        is_writing = said.get("method") == "tools/call" and said["params"]["name"] == "add_note"
        if is_writing and token is not None and WRITE not in token.scopes:
            challenge = f'Bearer error="insufficient_scope", scope="{READ} {WRITE}"'
            await Response(status_code=403, headers={"WWW-Authenticate": challenge})(scope, receive, send)
            return
        await self.app(scope, _said_again(body, receive), send)


def _said_again(body: bytes, receive: Receive) -> Receive:
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _person() -> str:
    token = get_access_token()
    if token is None or token.subject is None:
        raise RuntimeError("nobody has signed in")
    return token.subject
