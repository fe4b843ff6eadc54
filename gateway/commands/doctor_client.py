"""How `doctor` asks through the public URL."""

import json
from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

from integrations.ports import Http, HttpRequest, HttpResponse

_PATIENCE_SECONDS = 10.0


class Client:
    """Asks as a client would: nothing is followed, nothing is remembered."""

    def __init__(self, http: Http, public_url: str) -> None:
        self._http = http
        self.public_url = public_url
        self.request_id = f"doctor-{uuid4().hex}"

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """GET a path. Raises `HttpError`."""
        return await self._send("GET", path, headers or {})

    async def post(self, path: str, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
        """POST an empty JSON object to a path. Raises `HttpError`."""
        return await self._send("POST", path, {"content-type": "application/json", **(headers or {})}, b"{}")

    async def _send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> HttpResponse:
        return await self._http.send(
            HttpRequest(
                method=method,
                url=self.public_url + path,
                headers={"x-request-id": self.request_id, "accept": "application/json", **headers},
                body=body,
                timeout_seconds=_PATIENCE_SECONDS,
                max_response_bytes=1024 * 1024,
            )
        )


def json_of(answer: HttpResponse) -> dict[str, Any]:
    """Return the JSON object that an answer holds; an empty one where it holds none."""
    try:
        value = json.loads(answer.body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
