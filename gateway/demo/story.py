"""The product's story: a backend provisions, an agent calls tools, each person's own account is used."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any

from mcp.client import Client
from mcp_types import CallToolResult

from gateway.acme import ALICE, BOB, Person
from gateway.demo.agent import call_and_wait, connected_agent, text_of, tool_names
from gateway.demo.backend import Backend
from gateway.demo.connecting import connector
from gateway.demo.narrator import Narrator, Step
from gateway.demo.signing_in import signed_in_agent
from gateway.demo.stage import Stage

WRITE_NOTE = "acme__create_note"
_DELETE = "delete_note"
_DELETE_NOTE = f"acme__{_DELETE}"
NOTE = {"title": "Call the printer"}
_WAIT_SECONDS = 240


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
            await self._connect_account(await self._meet_missing_account(agent))
            await self._retry(agent)
            await self._change_tools(backend, made, agent)
        await self._let_bob_join(backend, made)
        await self._sign_in(made)
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
            end_user_id = await register(backend, workspace_id, ALICE)
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
            token = await issue_token(backend, server_id, ALICE)
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
            told.expect(WRITE_NOTE in names, f"{WRITE_NOTE} is not among the tools {names}")
            told.tell(protocol=f"MCP {agent.protocol_version}", tools=_listed(names))
        return agent

    async def _meet_missing_account(self, agent: Client) -> str:
        async with self._narrator.step("The agent writes a note for Alice. She has connected no account yet.") as told:
            result = await agent.call_tool(WRITE_NOTE, NOTE)
            answer = text_of(result)
            details: dict[str, Any] = result.structured_content or {}
            setup_url = str(details.get("setupUrl", "a setup URL"))
            told.expect(bool(result.is_error) and setup_url in answer, f"this is no answer with a setup URL: {answer}")
            told.expect(not self._stage.acme.app.counters.api_calls, "Acme was called without an account")
            told.tell(tools_call=WRITE_NOTE, answer=answer)
        return setup_url

    async def _connect_account(self, setup_url: str) -> None:
        async with connector(self._stage, ALICE) as alice:
            sentence = "Alice opens the link. It has no power of its own: first she shows that she reads her mail."
            async with self._narrator.step(sentence) as told:
                page = await alice.prove(setup_url, told)
            async with self._narrator.step("She goes on to Acme, allows it there, and comes back.") as told:
                await alice.approve(page, told)

    async def _retry(self, agent: Client) -> None:
        sentence = "The agent tries again, with the same token. Acme says whose note it is."
        async with self._narrator.step(sentence) as told:
            await self._write_note(agent, ALICE, told)

    async def _change_tools(self, backend: Backend, made: Provisioned, agent: Client) -> None:
        sentence = "The backend takes one action away. The agent hears of it at once, and its tools follow."
        async with self._narrator.step(sentence) as told, agent.listen(tools_list_changed=True) as changes:
            left = [name for name in await tool_names(agent) if name != _DELETE_NOTE]
            path = f"/workspaces/{made.workspace_id}/integrations/{made.integration_id}"
            actions = [tool["actionName"] for tool in (await backend.get(f"/mcp/servers/{made.server_id}"))["tools"]]
            await backend.patch(path, {"enabledActions": [name for name in actions if name != _DELETE]})
            asked_at = perf_counter()
            await anext(changes)
            heard = f"that its tools have changed, within {(perf_counter() - asked_at) * 1000:.0f} ms of the answer"
            names = await tool_names(agent)
            told.expect(list(names) == left, f"the tools are {_listed(names)}")
            told.tell(request=f"PATCH /api/v1{path}", heard=heard, tools=_listed(names))

    async def _let_bob_join(self, backend: Backend, made: Provisioned) -> None:
        sentence = (
            "Bob joins: the same server, a token and an account of his own. This time the call waits for him, "
            "and goes on by itself once he has connected."
        )
        async with self._narrator.step(sentence) as told, AsyncExitStack() as stack:
            await backend.patch(f"/mcp/servers/{made.server_id}", {"settings": {"connectWaitSeconds": _WAIT_SECONDS}})
            await register(backend, made.workspace_id, BOB)
            token = await issue_token(backend, made.server_id, BOB)
            agent = await stack.enter_async_context(connected_agent(self._stage.http, made.endpoint, token))
            bob = await stack.enter_async_context(connector(self._stage, BOB))
            links: asyncio.Queue[str] = asyncio.Queue()
            async with asyncio.TaskGroup() as tasks:
                calling = tasks.create_task(call_and_wait(agent, WRITE_NOTE, NOTE, on_link=links.put_nowait))
                link = await links.get()
                told.tell(progress=f"{link}, while the call waits")
                await bob.approve(await bob.prove(link, told), told)
                self._check_note(await calling, BOB, told)

    async def _sign_in(self, made: Provisioned) -> None:
        sentence = (
            "Alice gives another agent the address and nothing else. It finds out the rest, registers itself and sends "
            "her to sign in; what it does then, it does as her."
        )
        async with self._narrator.step(sentence) as told, connector(self._stage, ALICE) as alice:
            sign_in = partial(alice.sign_in, told=told)
            async with signed_in_agent(self._stage.http, made.endpoint, sign_in=sign_in) as agent:
                await self._write_note(agent, ALICE, told)

    async def _write_note(self, agent: Client, person: Person, told: Step) -> None:
        self._check_note(await agent.call_tool(WRITE_NOTE, NOTE), person, told)

    def _check_note(self, result: CallToolResult, person: Person, told: Step) -> None:
        told.expect(not result.is_error, f"the call failed: {text_of(result)}")
        note: dict[str, Any] = result.structured_content or {}
        # Not what the tool says, but what Acme has in its own books.
        author = self._stage.acme.app.notebook.get(str(note.get("id"))).author_id
        told.expect(author == person.id, f"Acme says that {author} wrote the note")
        told.tell(tools_call=WRITE_NOTE, note=str(note["id"]), author=f"{author}, says Acme")


async def register(backend: Backend, workspace_id: str, person: Person) -> str:
    """Make a person an end user; returns the id."""
    answer = await backend.post(
        "/end-users",
        {"workspaceId": workspace_id, "externalId": person.id, "displayName": person.name, "email": person.email},
    )
    return str(answer["endUser"]["id"])


async def issue_token(backend: Backend, server_id: str, person: Person) -> str:
    """Make a token with which an agent acts for this person."""
    wanted = {"endUserId": person.id, "scopes": ["mcp:tools"]}
    return str((await backend.post(f"/mcp/servers/{server_id}/access-tokens", wanted))["accessToken"])


def _shortened(secret: str) -> str:
    return f"{secret[:8]}… (shown once)"


def _listed(names: Sequence[str]) -> str:
    return f"{len(names)}: {', '.join(names)}"
