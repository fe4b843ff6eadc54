"""A product that uses Toolgate as its backend does: everything is set up over REST."""

from dataclasses import dataclass
from typing import Any

from gateway.acme import RunningAcme
from tests.parts.rest import Rest, new_organization


@dataclass(frozen=True, slots=True)
class Server:
    """An MCP server as REST tells of it."""

    id: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Product:
    """One workspace, and the API key of its organization."""

    rest: Rest
    workspace_id: str

    async def person(self, external_id: str) -> dict[str, Any]:
        """Make an end user."""
        return await self.rest.made("/end-users", {"workspaceId": self.workspace_id, "externalId": external_id})

    async def add(self, name: str, strategy: str = "per_user", **fields: Any) -> dict[str, Any]:
        """Configure an integration."""
        body = {"integrationName": name, "connectionStrategy": strategy, **fields}
        return await self.rest.made(f"/workspaces/{self.workspace_id}/integrations", body)

    async def change(self, integration: dict[str, Any], **fields: Any) -> None:
        """Change a configured integration."""
        answer = await self.rest.patch(f"/workspaces/{self.workspace_id}/integrations/{integration['id']}", fields)
        assert answer.status_code == 200, answer.text

    async def remove(self, integration: dict[str, Any]) -> None:
        """Remove a configured integration."""
        answer = await self.rest.delete(f"/workspaces/{self.workspace_id}/integrations/{integration['id']}")
        assert answer.status_code == 200, answer.text

    async def server(self, **fields: Any) -> Server:
        """Make an MCP server that takes both kinds of tokens."""
        body = {"name": "Tools", "workspaceId": self.workspace_id, "authMode": "oauth_and_bearer", **fields}
        answer = await self.rest.post("/mcp/servers", body)
        assert answer.status_code == 201, answer.text
        return Server(answer.json()["server"]["id"], answer.json()["mcpEndpoint"])

    async def add_tool(self, server: Server, integration: str, action: str, **fields: Any) -> dict[str, Any]:
        """Put a tool on a server by hand."""
        body = {"integrationName": integration, "actionName": action, **fields}
        return await self.rest.made(f"/mcp/servers/{server.id}/tools", body)

    async def token(self, server: Server, person: str) -> str:
        """Make a bearer token with which an agent acts for this person."""
        return (await self.token_answer(server, person))["accessToken"]

    async def token_answer(self, server: Server, person: str) -> dict[str, Any]:
        """Make such a token; returns all that REST says about it."""
        answer = await self.rest.post(f"/mcp/servers/{server.id}/access-tokens", {"endUserId": person})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def revoke(self, server: Server, token_id: str) -> None:
        """Revoke an end user's token."""
        answer = await self.rest.delete(f"/mcp/servers/{server.id}/access-tokens/{token_id}")
        assert answer.status_code == 200, answer.text

    async def connect(self, person: str | None, token: str, integration: str = "acme", **fields: Any) -> dict[str, Any]:
        """Connect an account, whose access token is given, for this person or for the workspace."""
        owner = {"endUserId": person} if person else {}
        return await self.rest.made(
            "/connections",
            {
                "type": "OAUTH2",
                "integrationName": integration,
                "externalId": f"{person or 'shared'}-at-{integration}",
                "displayName": f"{person or 'The team'} at {integration}",
                "workspaceId": self.workspace_id,
                "accessToken": token,
                **owner,
                **fields,
            },
        )

    async def connect_acme(self, acme: RunningAcme, person: str) -> dict[str, Any]:
        """Connect the account that the person of this name has at Acme."""
        return await self.connect(person, acme.app.issue_token(person)["access_token"])

    async def end_user(self, person: str) -> dict[str, Any]:
        """Find an end user by the product's own id."""
        found = await self.rest.get("/end-users", workspaceId=self.workspace_id, externalId=person)
        [end_user] = found.json()["endUsers"]
        return end_user

    async def connect_link(self, person: str, integration: str | None = None) -> str:
        """Make a link under which this person connects accounts: one, or all that there are."""
        wanted = {} if integration is None else {"integrationName": integration}
        made = await self.rest.post(f"/end-users/{(await self.end_user(person))['id']}/connect-token", wanted)
        assert made.status_code == 200, made.text
        return made.json()["connectUrl"]

    async def execute(self, integration: str, action: str, person: str | None = None, **inputs: Any) -> Any:
        """Run an action over REST; returns the answer, whatever it is."""
        owner = {"endUserId": person} if person else {}
        body = {"integrationName": integration, "actionName": action, "workspaceId": self.workspace_id, **owner}
        return await self.rest.post("/actions/execute", {**body, "input": inputs})


async def open_product(anonymous: Rest, name: str = "shop") -> Product:
    """Make an organization with a workspace in which alice and bob are known."""
    _, rest = await new_organization(anonymous, name)
    workspace = await rest.made("/workspaces", {"name": name.title(), "slug": name})
    product = Product(rest, workspace["id"])
    for person in ("alice", "bob"):
        await product.person(person)
    return product
