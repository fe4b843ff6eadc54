"""A REST client over the real app and a real database, as one caller."""

import copy
from dataclasses import dataclass, field
from typing import Any

import httpx2

SERVICE_KEY = "a-service-key-for-tests-of-40-characters"


@dataclass
class Rest:
    """Asks `/api/v1` with one caller's headers. Every answer has to be JSON."""

    client: httpx2.AsyncClient
    headers: dict[str, str] = field(default_factory=dict[str, str])

    async def get(self, path: str, **query: Any) -> httpx2.Response:
        return await self.send("GET", path, params=query)

    async def post(self, path: str, body: Any = None) -> httpx2.Response:
        return await self.send("POST", path, **({} if body is None else {"json": body}))

    async def put(self, path: str, body: Any) -> httpx2.Response:
        return await self.send("PUT", path, json=body)

    async def patch(self, path: str, body: Any) -> httpx2.Response:
        return await self.send("PATCH", path, json=body)

    async def delete(self, path: str) -> httpx2.Response:
        return await self.send("DELETE", path)

    async def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        answer = await self.client.request(method, f"/api/v1{path}", headers=headers, **options)
        assert answer.headers["content-type"] == "application/json", answer.text
        return answer

    async def made(self, path: str, body: Any) -> dict[str, Any]:
        """Create something; returns the one object of the answer."""
        answer = await self.post(path, body)
        assert answer.status_code == 201, answer.text
        return next(iter(answer.json().values()))

    def signed_in(self, plain_key: str) -> "Rest":
        """The same client as another caller."""
        return Rest(self.client, {"Authorization": f"Bearer {plain_key}"})

    def as_operator(self, organization_id: str | None = None) -> "Rest":
        """The same client with the service key, within an organization if one is named."""
        named = {} if organization_id is None else {"X-Org-ID": organization_id}
        return Rest(self.client, {"X-Service-Key": SERVICE_KEY, **named})


async def new_organization(rest: Rest, slug: str, **permissions: Any) -> tuple[dict[str, Any], Rest]:
    """Make an organization; returns it, and a client with an API key of it."""
    organization = await rest.as_operator().made("/orgs", {"name": slug.title(), "slug": slug})
    return organization, await new_key(rest.as_operator(organization["id"]), **permissions)


async def new_key(rest: Rest, **permissions: Any) -> Rest:
    """Make an API key as this caller; returns a client that uses it."""
    answer = await rest.post("/api-keys", {"name": "Backend", "permissions": permissions or {"scope": "org"}})
    assert answer.status_code == 201, answer.text
    return rest.signed_in(answer.json()["plainKey"])


def failure(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a failure, after a look at its form."""
    body = copy.deepcopy(answer.json())
    assert isinstance(body.pop("error"), str)
    code = body.pop("code")
    body.pop("details", None)
    assert body == {}
    return answer.status_code, code
