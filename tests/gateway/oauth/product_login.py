"""A product's login that signs its hand-offs, or what somebody would like to pass off as one."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.kit.ids import new_id
from tests.gateway.oauth.sign_in_scene import SignInScene, step
from tests.gateway.portal.visiting import Page, Person

PAGE = "https://shop.example/toolgate"
SECRET = "thirty-two bytes are what it takes, at the least"
PRIVATE = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
"""One key of each kind, its id the algorithm's name."""
_WRITERS = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}


def public_key(algorithm: str, **fields: Any) -> dict[str, Any]:
    """One of these keys as it is published."""
    written: Any = _WRITERS[algorithm].to_jwk(PRIVATE[algorithm].public_key())  # pyright: ignore[reportArgumentType]
    return {**json.loads(written), "kid": algorithm, "use": "sig", **fields}


def private_key(algorithm: str) -> dict[str, Any]:
    """One of these keys as nobody should publish it."""
    written: Any = _WRITERS[algorithm].to_jwk(PRIVATE[algorithm])  # pyright: ignore[reportArgumentType]
    return {**json.loads(written), "kid": algorithm, "use": "sig"}


@dataclass
class PublishedKeys:
    """Where a product publishes its keys, as a test wants it."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [public_key(name) for name in PRIVATE])
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    asked: int = 0

    async def answer(self, _request: Request) -> Response:
        """The set of keys."""
        self.asked += 1
        return Response(json.dumps({"keys": self.keys}), status_code=self.status, headers=self.headers)

    @property
    def app(self) -> Starlette:
        """What answers there."""
        return Starlette(routes=[Route("/jwks.json", self.answer)])


def token(scene: SignInScene, challenge: str, **claims: Any) -> str:
    """A right token for alice, signed with the secret, but for these claims; None leaves one out."""
    return signed(claims_for(scene, challenge, **claims))


def claims_for(scene: SignInScene, challenge: str, **claims: Any) -> dict[str, Any]:
    """What a right token says, but for these claims."""
    now = int(scene.time().timestamp())
    right = {"aud": scene.url, "sub": "alice", "challenge": challenge, "iat": now, "exp": now + 60, "jti": new_id()}
    return {name: value for name, value in {**right, **claims}.items() if value is not None}


def signed(claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **headers: Any) -> str:
    """Sign claims, right or wrong."""
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers, json_encoder=_AsItIs)


class _AsItIs(json.JSONEncoder):
    """Writes what Python writes, NaN too."""


async def set_key(scene: SignInScene, workspace: str | None = None, **fields: Any) -> dict[str, Any]:
    """Say over REST what hand-offs are signed with."""
    wanted = fields or {"secret": SECRET}
    answer = await scene.rest.put(f"/workspaces/{workspace or scene.workspace_id}/handoff-key", wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()["handoffKey"]


async def challenge(scene: SignInScene, person: Person, server: str) -> str:
    """Choose to sign in at the product; returns the challenge with which the browser goes there."""
    page = await person.send(step(await scene.begun(person, server), "handoff"))
    assert (page.onward or "").startswith(f"{PAGE}?"), page.text
    return parse_qs(urlsplit(page.onward or "").query)["challenge"][0]


async def post(scene: SignInScene, given: str) -> httpx2.Response:
    """Post a token as the product's page has a browser do it: from another site, so without cookies."""
    async with another_site(scene) as client:
        return await client.post("/connect/handoff", data={"token": given})


@asynccontextmanager
async def another_site(scene: SignInScene) -> AsyncGenerator[httpx2.AsyncClient]:
    """A browser as it comes from another site by a form."""
    transport = httpx2.ASGITransport(app=scene.app)
    async with httpx2.AsyncClient(transport=transport, base_url=scene.url) as client:
        yield client


async def bring(scene: SignInScene, person: Person, given: str) -> Page:
    """Have this person's browser post a token, and go where the answer leads."""
    answer = await post(scene, given)
    return await person.open(answer.headers["location"]) if answer.status_code == 303 else Page(answer)
