"""An OpenID provider that answers as a test wants it, and a browser that goes there."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.kit.serving import build_server
from tests.gateway.oauth.sign_in_scene import SignInScene, step
from tests.gateway.portal.visiting import Page, Person
from tests.parts.ports import free_port
from tests.parts.strict_provider import CLIENT_ID, CLIENT_SECRET


@dataclass
class Liar:
    """A provider that answers as a test wants it."""

    url: str
    key: rsa.RSAPrivateKey
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    headers: dict[str, Any] = field(default_factory=lambda: {"kid": "k1"})
    signing: Any = None
    algorithm: str = "RS256"
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    userinfo: dict[str, Any] = field(default_factory=dict[str, Any])
    nonce: str = ""
    key_fields: dict[str, Any] = field(default_factory=dict[str, Any])
    """What stands beside its key."""

    def id_token(self) -> str:
        """A right one, but for what the test has changed."""
        now = int(time.time())
        right = {"iss": self.url, "aud": CLIENT_ID, "sub": "s1", "iat": now, "exp": now + 300, "nonce": self.nonce}
        person = {"email": "ada@example.com", "email_verified": True}
        claims = {name: value for name, value in {**right, **person, **self.claims}.items() if value is not None}
        return jwt.encode(claims, self.signing or self.key, algorithm=self.algorithm, headers=self.headers)

    async def discovery(self, _request: Request) -> Response:
        """Its discovery document."""
        usual = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/me",
        }
        return JSONResponse({**usual, **self.document})

    async def keys(self, _request: Request) -> Response:
        """Its one key."""
        public = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return JSONResponse({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256", **self.key_fields}]})

    async def token(self, _request: Request) -> Response:
        """Whatever code."""
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": self.id_token()})

    async def me(self, _request: Request) -> Response:
        """Its userinfo."""
        return JSONResponse(self.userinfo)


@asynccontextmanager
async def lying() -> AsyncGenerator[Liar]:
    """Serve one on this machine."""
    port = free_port()
    liar = Liar(f"http://127.0.0.1:{port}", rsa.generate_private_key(public_exponent=65537, key_size=2048))
    routes = [
        Route("/.well-known/openid-configuration", liar.discovery),
        Route("/keys", liar.keys),
        Route("/token", liar.token, methods=["POST"]),
        Route("/me", liar.me),
    ]
    server = build_server(Starlette(routes=routes), host="127.0.0.1", port=port)
    task = asyncio.create_task(server.serve())
    await server.is_listening.wait()
    try:
        yield liar
    finally:
        server.should_exit = True
        await task


async def added(scene: SignInScene, issuer: str, **fields: Any) -> dict[str, Any]:
    """Add a provider over REST."""
    wanted = {"name": "Okta", "issuer": issuer, "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
    return await scene.rest.made("/identity-providers", {**wanted, **fields})


async def leaving(scene: SignInScene, person: Person, server: str) -> str:
    """Begin at the sign-in page; returns the address at the provider."""
    page = await person.send(step(await scene.begun(person, server), "provider"))
    assert page.onward is not None, page.text
    return page.onward


async def came_back(scene: SignInScene, liar: Liar, **answer: str | None) -> tuple[Page, Person]:
    """Go to the liar and come back with its answer."""
    person, server = await scene.browser(), await scene.server("open")
    sent = parse_qs(urlsplit(await leaving(scene, person, server)).query)
    assert sent["code_challenge_method"] == ["S256"]
    liar.nonce = sent["nonce"][0]
    given = {"code": "c", "state": sent["state"][0], **answer}
    told = urlencode({name: value for name, value in given.items() if value is not None})
    return await person.open(f"{sent['redirect_uri'][0]}?{told}"), person
