"""The product's story: a backend provisions, an agent calls tools, each person's own account is used."""

import html
import re
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from mcp.client import Client

from gateway.acme import ALICE, BOB, Person
from gateway.demo.agent import connected_agent, text_of, tool_names
from gateway.demo.backend import Backend
from gateway.demo.narrator import Narrator, Step
from gateway.demo.stage import Stage
from integrations.ports import HttpRequest

_PREFIX = "acme__"
_WRITE_NOTE = f"{_PREFIX}create_note"
_DELETE_NOTE = f"{_PREFIX}delete_note"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What the backend made, for whoever goes on from here."""

    url: str
    api_key: str = field(repr=False)
    workspace_id: str
    integration_id: str
    server_id: str
    endpoint: str
    alices_token: str = field(repr=False)


class Story:
    """Tells the story once; every step checks what it claims and raises `StepFailed` where it does not hold."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self._stage = stage
        self._narrator = narrator

    async def tell(self) -> Provisioned:
        """Play every step, in order."""
        api_key = await self._admit_product()
        backend = Backend(self._stage.http, self._stage.url, {"Authorization": f"Bearer {api_key}"})
        workspace_id, integration_id = await self._configure_workspace(backend)
        made = await self._give_access(backend, api_key, workspace_id=workspace_id, integration_id=integration_id)
        async with AsyncExitStack() as stack:
            agent = await self._connect_agent(made, stack)
            await self._meet_missing_account(agent)
            await self._connect_account(backend, made)
            await self._retry(agent)
            await self._change_tools(backend, made, agent)
        await self._let_bob_join(backend, made)
        self._narrator.blank()
        self._narrator.say("Every step did what it says.")
        return made

    async def _admit_product(self) -> str:
        operator = Backend(self._stage.http, self._stage.url, {"X-Service-Key": self._stage.service_key})
        sentence = "The operator makes an organization for a product, with the service key."
        async with self._narrator.step(sentence) as told:
            answer = await operator.post("/orgs", {"name": "Northwind", "slug": "northwind"})
            organization_id: str = answer["org"]["id"]
            told.tell(request="POST /api/v1/orgs", organization=organization_id)
        in_organization = {"X-Service-Key": self._stage.service_key, "X-Org-ID": organization_id}
        operator = Backend(self._stage.http, self._stage.url, in_organization)
        async with self._narrator.step("The product's backend gets an API key. Only its hash is kept.") as told:
            answer = await operator.post("/api-keys", {"name": "Northwind's backend"})
            api_key: str = answer["plainKey"]
            told.tell(request="POST /api/v1/api-keys", API_key=_shortened(api_key))
        return api_key

    async def _configure_workspace(self, backend: Backend) -> tuple[str, str]:
        sentence = "From here on the backend acts. It creates a workspace."
        async with self._narrator.step(sentence) as told:
            answer = await backend.post("/workspaces", {"name": "Northwind app", "slug": "app"})
            workspace_id: str = answer["workspace"]["id"]
            told.tell(request="POST /api/v1/workspaces", workspace=workspace_id)
        sentence = "It adds the integration Acme, for which everybody uses an account of their own."
        async with self._narrator.step(sentence) as told:
            path = f"/workspaces/{workspace_id}/integrations"
            answer = await backend.post(path, {"integrationName": "acme", "connectionStrategy": "per_user"})
            integration_id: str = answer["integration"]["id"]
            told.tell(request=f"POST /api/v1{path}", strategy="per_user")
        return workspace_id, integration_id

    async def _give_access(
        self, backend: Backend, api_key: str, *, workspace_id: str, integration_id: str
    ) -> Provisioned:
        sentence = "It registers its user Alice, under the id that she has in the product."
        async with self._narrator.step(sentence) as told:
            end_user_id = await _register(backend, workspace_id, ALICE)
            told.tell(request="POST /api/v1/end-users", end_user=end_user_id, external_id=ALICE.id)
        sentence = "It creates an MCP server for the workspace: the address that agents connect to."
        async with self._narrator.step(sentence) as told:
            wanted = {"name": "Northwind tools", "workspaceId": workspace_id, "authMode": "oauth_and_bearer"}
            answer = await backend.post("/mcp/servers", wanted)
            endpoint, server_id = str(answer["mcpEndpoint"]), str(answer["server"]["id"])
            told.expect("bearerToken" not in answer, "a token for everybody was made although accounts are personal")
            told.tell(request="POST /api/v1/mcp/servers", MCP_endpoint=endpoint)
        sentence = "It issues a token for Alice's agent: good for this server, and for her alone."
        async with self._narrator.step(sentence) as told:
            token = await _issue_token(backend, server_id, ALICE)
            told.tell(request=f"POST /api/v1/mcp/servers/{server_id}/access-tokens", token=_shortened(token))
        return Provisioned(
            url=self._stage.url,
            api_key=api_key,
            workspace_id=workspace_id,
            integration_id=integration_id,
            server_id=server_id,
            endpoint=endpoint,
            alices_token=token,
        )

    async def _connect_agent(self, made: Provisioned, stack: AsyncExitStack) -> Client:
        async with self._narrator.step("Alice's agent connects over MCP and asks what it can do.") as told:
            agent = await stack.enter_async_context(connected_agent(self._stage.http, made.endpoint, made.alices_token))
            names = await tool_names(agent)
            told.expect(_WRITE_NOTE in names, f"{_WRITE_NOTE} is not among the tools {names}")
            told.tell(protocol=f"MCP {agent.protocol_version}", tools=_listed(names))
        return agent

    async def _meet_missing_account(self, agent: Client) -> None:
        async with self._narrator.step("The agent writes a note for Alice. She has connected no account yet.") as told:
            result = await agent.call_tool(_WRITE_NOTE, {"title": "Call the printer"})
            answer = text_of(result)
            details: dict[str, Any] = result.structured_content or {}
            setup_url = str(details.get("setupUrl", "a setup URL"))
            told.expect(bool(result.is_error) and setup_url in answer, f"this is no answer with a setup URL: {answer}")
            told.expect(not self._stage.acme.app.counters.api_calls, "Acme was called without an account")
            told.tell(tools_call=_WRITE_NOTE, answer=answer)
        sentence = "The setup URL says who has to connect what. Opening it changes nothing."
        async with self._narrator.step(sentence) as told:
            page = await self._stage.http.send(HttpRequest("GET", setup_url))
            heading = re.search(r"<h1>(.*?)</h1>", page.body.decode(), re.DOTALL)
            said = html.unescape(heading[1]).strip() if heading else ""
            told.expect(page.status == 200, f"the page answers {page.status}")
            told.expect(ALICE.name in said and "Acme" in said, f"the page does not name Alice and Acme: {said!r}")
            told.tell(request=f"GET {setup_url.removeprefix(self._stage.url)}", page=said)

    async def _connect_account(self, backend: Backend, made: Provisioned) -> None:
        sentence = "Alice's account gets connected: through REST, until the connect pages exist. Acme issued the token."
        async with self._narrator.step(sentence) as told:
            await self._connect_person(backend, made, ALICE, told)

    async def _retry(self, agent: Client) -> None:
        sentence = "The agent tries again, with the same token. Acme says whose note it is."
        async with self._narrator.step(sentence) as told:
            await self._write_note(agent, ALICE, told)

    async def _change_tools(self, backend: Backend, made: Provisioned, agent: Client) -> None:
        sentence = "The backend takes one action away. The agent hears of it at once, and its tools follow."
        async with self._narrator.step(sentence) as told, agent.listen(tools_list_changed=True) as changes:
            left = [name for name in await tool_names(agent) if name != _DELETE_NOTE]
            path = f"/workspaces/{made.workspace_id}/integrations/{made.integration_id}"
            await backend.patch(path, {"enabledActions": [name.removeprefix(_PREFIX) for name in left]})
            asked_at = perf_counter()
            await anext(changes)
            heard = f"that its tools have changed, within {(perf_counter() - asked_at) * 1000:.0f} ms of the answer"
            names = await tool_names(agent)
            told.expect(list(names) == left, f"the tools are {_listed(names)}")
            told.tell(request=f"PATCH /api/v1{path}", heard=heard, tools=_listed(names))

    async def _let_bob_join(self, backend: Backend, made: Provisioned) -> None:
        sentence = "Bob joins: the same server, a token and an account of his own. His note is his, not Alice's."
        async with self._narrator.step(sentence) as told, AsyncExitStack() as stack:
            await _register(backend, made.workspace_id, BOB)
            token = await _issue_token(backend, made.server_id, BOB)
            await self._connect_person(backend, made, BOB, told)
            agent = await stack.enter_async_context(connected_agent(self._stage.http, made.endpoint, token))
            await self._write_note(agent, BOB, told)

    async def _connect_person(self, backend: Backend, made: Provisioned, person: Person, told: Step) -> None:
        issued = self._stage.acme.app.issue_token(person.id)
        answer = await backend.post(
            "/connections",
            {
                "type": "OAUTH2",
                "integrationName": "acme",
                "authMethodKey": "oauth2",
                "externalId": f"{person.id}-at-acme",
                "displayName": f"{person.name} at Acme",
                "workspaceId": made.workspace_id,
                "endUserId": person.id,
                "accessToken": issued["access_token"],
                "expiresIn": issued["expires_in"],
            },
        )
        connection = answer["connection"]
        told.expect(connection["endUserId"] == person.id, f"the connection belongs to {connection['endUserId']}")
        told.expect(issued["access_token"] not in str(answer), "the answer shows the account's token")
        told.tell(request="POST /api/v1/connections", connection=connection["id"], belongs_to=person.id)

    async def _write_note(self, agent: Client, person: Person, told: Step) -> None:
        result = await agent.call_tool(_WRITE_NOTE, {"title": "Call the printer"})
        told.expect(not result.is_error, f"the call failed: {text_of(result)}")
        note: dict[str, Any] = result.structured_content or {}
        # Not what the tool says, but what Acme has in its own books.
        author = self._stage.acme.app.notebook.get(str(note.get("id"))).author_id
        told.expect(author == person.id, f"Acme says that {author} wrote the note")
        told.tell(tools_call=_WRITE_NOTE, note=str(note["id"]), author=f"{author}, says Acme")


async def _register(backend: Backend, workspace_id: str, person: Person) -> str:
    answer = await backend.post(
        "/end-users",
        {"workspaceId": workspace_id, "externalId": person.id, "displayName": person.name, "email": person.email},
    )
    return str(answer["endUser"]["id"])


async def _issue_token(backend: Backend, server_id: str, person: Person) -> str:
    wanted = {"endUserId": person.id, "scopes": ["mcp:tools"]}
    return str((await backend.post(f"/mcp/servers/{server_id}/access-tokens", wanted))["accessToken"])


def _shortened(secret: str) -> str:
    return f"{secret[:8]}… (shown once)"


def _listed(names: Sequence[str]) -> str:
    return f"{len(names)}: {', '.join(names)}"
