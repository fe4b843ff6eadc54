"""The tools of remote MCP servers over REST: what is approved, what is held back, and decisions about it."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from gateway.api.calls import Call
from gateway.api.models import (
    Answer,
    Body,
    ExternalId,
    Moment,
    NoQuery,
    Nothing,
    Reference,
    WorkspaceReference,
    omitted,
)
from gateway.errors import ActionFailed
from gateway.tools.selection import Selectors
from gateway.upstreams.decisions import HeldDefinition, ToolState, ToolStates
from gateway.wiring import Gateway
from integrations.upstream.forwarding import failure_of
from integrations.upstream.hidden_text import shown
from integrations.upstream.reading import tokens_of

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
ToolName = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class ToolToApprove(Body):
    """A tool by the server's own name, and the digest of the definition that was looked at."""

    name: ToolName
    digest: Digest


class ToolsToApprove(Body):
    """Which tools to approve: these, or all that are held back and can be."""

    tools: Annotated[list[ToolToApprove], Field(min_length=1, max_length=500)] | None = None
    all: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_choice(self) -> "ToolsToApprove":
        if (self.tools is None) == (self.all is None):
            raise ValueError("give exactly one of tools and all")
        if self.tools is not None and len({each.name for each in self.tools}) < len(self.tools):
            raise ValueError("tools: each name once")
        return self


class AccountToListWith(Body):
    """With whose account the server is asked: as the connection strategy of the workspace says, or this connection's."""

    workspace_id: WorkspaceReference
    end_user_id: ExternalId | None = Field(default=None, description="The end user's external id.")
    connection_external_id: ExternalId | None = None
    integration_alias: Reference | None = None


class ShownDefinition(Answer):
    """A definition, in which characters that nobody sees are written out."""

    digest: str | None
    tokens: int | None = omitted(description="About what it costs a model.")
    definition: dict[str, Any] | None = omitted()


class HeldBackDefinition(ShownDefinition):
    """What the server shows that isn't approved, and what speaks against it."""

    findings: list[str]
    first_seen_at: Moment
    last_seen_at: Moment

    @classmethod
    def of(cls, held: HeldDefinition) -> "HeldBackDefinition":
        """Show what is held back."""
        return cls(
            digest=held.digest,
            tokens=None if held.definition is None else tokens_of(held.definition),
            definition=None if held.definition is None else shown(held.definition),
            findings=[shown(each) for each in held.findings],
            first_seen_at=held.first_seen_at,
            last_seen_at=held.last_seen_at,
        )


class RemoteTool(Answer):
    """A tool of a remote MCP server, by the server's own name."""

    name: str
    status: Literal["approved", "added", "changed", "removed", "refused"]
    offered: bool = Field(description="Agents see it, as it was approved.")
    approved: ShownDefinition | None = omitted()
    held: HeldBackDefinition | None = omitted()
    differs: list[str] | None = omitted(description="The parts in which `held` differs from `approved`.")

    @classmethod
    def of(cls, tool: ToolState) -> "RemoteTool":
        """Show a tool."""
        approved = tool.approved
        return cls(
            name=tool.name,
            status=tool.status,
            offered=tool.is_offered,
            approved=None
            if approved is None
            else ShownDefinition(digest=tool.approved_digest, tokens=tokens_of(approved), definition=shown(approved)),
            held=None if tool.held is None else HeldBackDefinition.of(tool.held),
            differs=list(tool.differing_parts) or None,
        )


class RemoteTools(Answer):
    """All tools of a remote MCP server."""

    integration_name: str
    listed: bool = Field(description="Whether anybody has been able to ask the server yet.")
    tools: list[RemoteTool]
    not_shown: list[str] | None = omitted(description="Approved tools that this account is not shown.")

    @classmethod
    def of(cls, states: ToolStates, *, not_shown: list[str] | None = None) -> "RemoteTools":
        """Show tools."""
        return cls(
            integration_name=states.integration_name,
            listed=states.is_listed,
            tools=[RemoteTool.of(each) for each in states.tools],
            not_shown=not_shown,
        )


async def list_remote_tools(gateway: Gateway, call: Call[Nothing, NoQuery]) -> RemoteTools:
    """List the tools of a remote MCP server: those that are approved, and those that are held back."""
    return RemoteTools.of(await gateway.decisions.states(call.scope, call.path["name"]))


async def approve_remote_tools(gateway: Gateway, call: Call[ToolsToApprove, NoQuery]) -> RemoteTools:
    """Approve tools that are held back; agents see them at once.

    A digest that is not what the server was last seen to show answers 409. The digest of the approved definition
    approves that one once more: the tool is offered again until the server is next seen to show another.
    """
    tools = call.body.tools
    digests = None if tools is None else {each.name: each.digest for each in tools}
    return RemoteTools.of(await gateway.decisions.approve(call.scope, call.path["name"], digests))


async def withdraw_remote_tool(gateway: Gateway, call: Call[Nothing, NoQuery]) -> RemoteTools:
    """Take the approval of a tool back; agents no longer see it, and it waits when the server shows it again."""
    return RemoteTools.of(await gateway.decisions.withdraw(call.scope, call.path["name"], call.path["toolName"]))


async def refresh_remote_tools(gateway: Gateway, call: Call[AccountToListWith, NoQuery]) -> RemoteTools:
    """Ask the server for its tools now, with one account, and show what that makes of them.

    A missing account answers CONNECTION_REQUIRED with details.setupUrl.
    """
    body = call.body
    integration = gateway.decisions.integration(call.scope, call.path["name"])
    selectors = Selectors(
        integration_name=integration.name,
        workspace=body.workspace_id,
        alias=body.integration_alias,
        end_user_external_id=body.end_user_id,
        connection_external_id=body.connection_external_id,
    )
    selected = await gateway.selection.select(call.scope, selectors)
    outcome = await gateway.execution.run(selected.caller, gateway.selection.listing(selected))
    answer = outcome.result.mcp
    failure = None if answer is None else failure_of(answer)
    if answer is None or failure is not None:
        raise ActionFailed(f"{integration.title} does not list its tools: {failure}")
    tools: list[Any] = answer.result["tools"]
    account = "" if outcome.connection is None else outcome.connection.id
    await gateway.approvals.listed(call.scope.organization_id, integration, tools, account=account, at_once=True)
    states = await gateway.decisions.states(call.scope, integration.name)
    names = {each["name"] for each in tools}
    not_shown = [each.name for each in states.tools if each.approved is not None and each.name not in names]
    return RemoteTools.of(states, not_shown=not_shown or None)
