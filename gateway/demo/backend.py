"""The product's backend: what calls the gateway's REST API from outside."""

import json
from collections.abc import Mapping
from typing import Any, cast

from integrations.ports import Http, HttpRequest

API = "/api/v1"


class Refused(Exception):
    """REST answered with a failure, or with something that is no answer of REST."""


class Backend:
    """Calls REST with one key; every method raises `Refused`, and `HttpError` where nobody answers."""

    def __init__(self, http: Http, url: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._url = url
        self._headers = {"Content-Type": "application/json", **headers}

    async def get(self, path: str) -> dict[str, Any]:
        """Read something."""
        return await self._send("GET", path)

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create something and return the answer."""
        return await self._send("POST", path, body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change something and return the answer."""
        return await self._send("PATCH", path, body)

    async def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        content = None if body is None else json.dumps(body).encode()
        request = HttpRequest(method, f"{self._url}{API}{path}", self._headers, content)
        response = await self._http.send(request)
        try:
            answer = json.loads(response.body)
        except ValueError as error:
            raise Refused(f"{method} {API}{path} answered {response.status} without JSON") from error
        if response.status not in {200, 201}:
            raise Refused(
                f"{method} {API}{path} answered {response.status} {answer.get('code')}: {answer.get('error')}"
            )
        return cast("dict[str, Any]", answer)
