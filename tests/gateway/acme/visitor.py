"""What a person with a browser and an OAuth client do at a running Acme."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2

from gateway.acme import RunningAcme

REDIRECT_URI = "http://127.0.0.1:9/callback"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class HandClock:
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 21, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Visitor:
    """What a browser and an OAuth client do at Acme, over real HTTP."""

    http: httpx2.AsyncClient
    running: RunningAcme

    @property
    def authorization(self) -> dict[str, str]:
        return {
            "response_type": "code",
            "client_id": self.running.app.client.id,
            "redirect_uri": REDIRECT_URI,
            "state": "s t&ate",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }

    async def decide(self, **form: str | None) -> httpx2.Response:
        """Send the consent page's form; a None takes a parameter away."""
        whole = {**self.authorization, "person": "alice", "decision": "approve", **form}
        return await self.http.post("/oauth/authorize", data={k: v for k, v in whole.items() if v is not None})

    async def code(self, **form: str | None) -> str:
        return answer_of(await self.decide(**form))["code"]

    async def token(self, *, secret: str | None = None, **form: str) -> httpx2.Response:
        client = self.running.app.client
        return await self.http.post("/oauth/token", data=form, auth=(client.id, secret or client.secret))

    async def redeem(self, code: str, **form: str) -> httpx2.Response:
        whole = {"code": code, "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **form}
        return await self.token(grant_type="authorization_code", **whole)

    async def refresh(self, token: str, **form: str) -> httpx2.Response:
        return await self.token(grant_type="refresh_token", refresh_token=token, **form)

    async def sign_in(self, **form: str | None) -> dict[str, Any]:
        return (await self.redeem(await self.code(**form))).json()

    async def me(self, access_token: str) -> httpx2.Response:
        return await self.http.get("/me", headers=bearer(access_token))


def bearer(access_token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {access_token}"}


def answer_of(redirect: httpx2.Response) -> dict[str, str]:
    """The parameters that a redirect carries back to the client."""
    assert redirect.status_code == 303, redirect.text
    return dict(parse_qsl(urlsplit(redirect.headers["location"]).query))


def code_of(refusal: httpx2.Response) -> Any:
    return refusal.json()["error"]["code"]
