"""A connected account of an emulated provider, and the Http port that leads to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import jsonschema_rs

from integrations.action import ActionResult, Ports
from integrations.catalog import Catalog
from integrations.integration import Integration
from integrations.ports import Credentials, HttpRequest, HttpResponse, HttpUnreachable
from tests.parts.emulator_seed import Person, Service
from tests.parts.emulators import Emulators

CATALOG = Catalog()


@dataclass
class LoopbackHttp:
    """Sends requests for real, with the provider's addresses replaced by those of its stand-in."""

    url_map: Mapping[str, str] = field(default_factory=dict[str, str])

    async def send(self, request: HttpRequest) -> HttpResponse:
        async with httpx2.AsyncClient(trust_env=False, follow_redirects=False) as client:
            try:
                answer = await client.request(
                    request.method,
                    self._mapped(request.url),
                    headers=dict(request.headers),
                    content=request.body,
                    timeout=request.timeout_seconds,
                )
            except httpx2.ConnectError as error:
                raise HttpUnreachable("nobody listens there") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return HttpResponse(answer.status_code, headers, answer.content)

    def _mapped(self, url: str) -> str:
        for real in sorted(self.url_map, key=len, reverse=True):
            if url.startswith(real):
                return self.url_map[real] + url.removeprefix(real)
        assert url.startswith("http://127.0.0.1:"), f"{url} would leave this machine"
        return url


@dataclass(frozen=True)
class Account:
    """One person's account, with which actions are run as the gateway runs them."""

    integration: Integration
    credentials: Credentials
    ports: Ports

    async def run(self, action: str, **arguments: Any) -> Any:
        """The output of an action. Arguments that its schema refuses fail the test."""
        return (await self.result(action, arguments)).output

    async def result(self, action: str, arguments: Mapping[str, Any]) -> ActionResult:
        """The whole result of an action."""
        declared = self.integration.actions[action]
        jsonschema_rs.validate(dict(declared.input_schema), dict(arguments))
        return await declared.run(arguments, self.credentials, self.ports)

    @property
    def token(self) -> str:
        """The access token in use."""
        return str(self.credentials.values["access_token"])


def scopes_of(integration: Integration, auth_method: str) -> set[str]:
    """Every scope that the integration's actions and lookups name."""
    tools = [*integration.actions.values(), *integration.lookups.values()]
    return {scope for tool in tools for scope in tool.scopes.get(auth_method, ())}


async def connect(emulators: Emulators, service: Service, person: Person, *, auth_method: str = "user") -> Account:
    """Sign in at the stand-in as `person`, asking for exactly the scopes that the manifest's actions name."""
    integration = CATALOG.get({"google": "gmail"}.get(service, service))
    ask: dict[str, str] = {}
    if service == "slack":
        ask = {"scope": ",".join(sorted(scopes_of(integration, "bot"))) if auth_method == "bot" else ""}
        ask["user_scope"] = ",".join(sorted(scopes_of(integration, "user")))
    else:
        auth_method = "oauth"
    answer = await emulators.issue_token(service, person, ask=ask)
    token = answer["authed_user"]["access_token"] if auth_method == "user" else answer["access_token"]
    credentials = Credentials(auth_method, {"access_token": token})
    return Account(integration, credentials, Ports(http=LoopbackHttp(emulators.url_map(service))))
