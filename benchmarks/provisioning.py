"""What the gateway is asked for over REST before it is measured: workspaces, tools, end users, connections, tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

TIMEOUT_SECONDS = 60
ACTIONS = ("get_note", "whoami", "delete_note", "get_picture")
"""Actions without an option lookup, so that each is exactly one tool."""


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server and the tokens of its end users, each with a connected account."""

    id: str
    workspace_id: str
    organization_id: str
    tokens: Sequence[str] = field(repr=False)

    def at(self, gateway: str) -> str:
        """Its endpoint, where this gateway has it."""
        return f"{gateway}mcp/srv_{self.id}"


def last_tool(tools: int) -> str:
    """Name of a tool that only a list of at least so many tools holds."""
    alias, action = divmod(tools - 1, len(ACTIONS))
    return f"acme_{alias}__{ACTIONS[action]}"


class Backend:
    """A product backend that speaks REST `/api/v1`; raises `RuntimeError` for what is refused."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._http = httpx2.AsyncClient(
            base_url=f"{url}api/v1/", headers=dict(headers), trust_env=False, timeout=TIMEOUT_SECONDS
        )

    async def __aenter__(self) -> "Backend":
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._http.aclose()

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self._http.post(path, json=body)
        if answer.is_error:
            raise RuntimeError(f"POST {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json()


async def new_organization(url: str, service_key: str) -> tuple[str, str]:
    """Make an organization; its id and an API key for it."""
    as_operator = {"X-Service-Key": service_key}
    async with Backend(url, as_operator) as operator:
        answer = await operator.post("orgs", name="Benchmark", slug="benchmark")
    organization_id = next(iter(answer.values()))["id"]
    async with Backend(url, {**as_operator, "X-Org-ID": organization_id}) as operator:
        made = await operator.post("api-keys", name="Benchmark", permissions={"scope": "org"})
    return organization_id, made["plainKey"]


async def new_mcp_server(
    backend: Backend, *, organization_id: str, tools: int, end_users: int, api_key: str
) -> McpServer:
    """Make a workspace whose MCP server lists so many tools, with connected end users."""
    workspace = (await backend.post("workspaces", name=f"{tools} tools", slug=f"tools-{tools}"))["workspace"]
    first = await _add_integrations(backend, workspace["id"], tools)
    answer = await backend.post("mcp/servers", name="Benchmark", workspaceId=workspace["id"], authMode="bearer")
    server = answer["server"]
    tokens: list[str] = []
    for number in range(end_users):
        external_id = await _new_end_user(backend, server, integration=first, number=number, api_key=api_key)
        answer = await backend.post(f"mcp/servers/{server['id']}/access-tokens", endUserId=external_id)
        tokens.append(answer["accessToken"])
    return McpServer(server["id"], workspace["id"], organization_id, tokens)


async def new_sign_in_server(backend: Backend, *, people: int, api_key: str) -> str:
    """Make an MCP server of one integration where so many people may sign in, each connected; its endpoint."""
    workspace = (await backend.post("workspaces", name="Signing in", slug="signing-in"))["workspace"]
    integration = await _add_integrations(backend, workspace["id"], len(ACTIONS))
    answer = await backend.post("mcp/servers", name="Benchmark", workspaceId=workspace["id"], authMode="oauth")
    for number in range(people):
        await _new_end_user(backend, answer["server"], integration=integration, number=number, api_key=api_key)
    return answer["mcpEndpoint"]


def email_of(number: int) -> str:
    """Where the end user of this number reads mail."""
    return f"user-{number}@corp.example"


async def _add_integrations(backend: Backend, workspace_id: str, tools: int) -> Mapping[str, Any]:
    """Add Acme under as many aliases as make so many tools; the first, called acme, is returned."""
    added: list[Mapping[str, Any]] = []
    for first_tool in range(0, tools, len(ACTIONS)):
        answer = await backend.post(
            f"workspaces/{workspace_id}/integrations",
            integrationName="acme",
            alias=f"acme-{len(added)}" if added else "acme",
            connectionStrategy="per_user",
            enabledActions=ACTIONS[: tools - first_tool],
        )
        added.append(answer["integration"])
    return added[0]


async def _new_end_user(
    backend: Backend, server: Mapping[str, Any], *, integration: Mapping[str, Any], number: int, api_key: str
) -> str:
    """Make an end user who has connected an account; the external id."""
    workspace_id, external_id = server["workspaceId"], f"user-{number}"
    await backend.post("end-users", workspaceId=workspace_id, externalId=external_id, email=email_of(number))
    await backend.post(
        "connections",
        type="SECRET_TEXT",
        integrationName="acme",
        authMethodKey="api_key",
        externalId=f"acme-{external_id}",
        displayName="Acme",
        workspaceId=workspace_id,
        workspaceIntegrationId=integration["id"],
        endUserId=external_id,
        secretText=api_key,
    )
    return external_id
