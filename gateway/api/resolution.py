"""Whose account a call would use, over REST: resolve and explain (contract 1.4, 4.3). Nobody is called."""

from typing import Literal

from pydantic import AliasChoices, Field

from gateway.api.calls import Call
from gateway.api.connections import Connection, OneConnection
from gateway.api.models import Answer, Body, ExternalId, Moment, NoQuery, Reference, WorkspaceReference, omitted
from gateway.connections.choice import Reason
from gateway.connections.resolver import Resolution
from gateway.tools.selection import Selected, Selectors
from gateway.wiring import Gateway
from storage import records


class ResolveRequest(Body):
    """For which integration of which workspace, and for whom."""

    integration_name: Reference
    workspace_id: WorkspaceReference
    external_id: ExternalId | None = Field(
        default=None,
        validation_alias=AliasChoices("externalId", "connectionExternalId"),
        description="The external id of one connection; it goes before the strategy.",
    )
    auth_method_key: Reference | None = None
    end_user_id: ExternalId | None = Field(default=None, description="The end user's external id.")
    workspace_integration_id: Reference | None = None
    integration_alias: Reference | None = None


class ExplainRequest(ResolveRequest):
    """The same, and optionally for which action."""

    action_name: Reference | None = None


class ExplainedConnection(Answer):
    """A connection that was looked at."""

    id: str
    external_id: str
    display_name: str
    scope: Literal["ORGANIZATION", "WORKSPACE", "USER"]
    status: Literal["ACTIVE", "ERROR"]
    missing_scopes: list[str] | None = omitted(description="What the enabled actions need beyond what was granted.")
    created_at: Moment

    @classmethod
    def of(cls, row: records.Connection) -> "ExplainedConnection":
        """Show a row."""
        return cls.model_validate({name: getattr(row, name) for name in cls.model_fields})


class Explanation(Answer):
    """What a call would use, and why."""

    integration_name: str
    workspace_id: str
    workspace_integration_id: str | None
    integration_alias: str | None
    connection_strategy: str | None
    end_user_id: str | None
    action_name: str | None
    action_allowed: bool | None
    connection: ExplainedConnection | None
    reason: Reason
    explanation: str
    considered: list[ExplainedConnection]
    setup_url: str | None


async def resolve_connection(gateway: Gateway, call: Call[ResolveRequest, NoQuery]) -> OneConnection:
    """Find the connection that a call would use."""
    selected = await gateway.selection.select(call.scope, _selectors(call.body))
    row = await gateway.selection.connection(selected)
    owners = await gateway.connections.owners([row])
    return OneConnection(connection=Connection.of(row, end_user=owners.get(row.end_user_id or "")))


async def explain_connection(gateway: Gateway, call: Call[ExplainRequest, NoQuery]) -> Explanation:
    """Explain which instance, strategy and connection a call would use, and why."""
    body = call.body
    selected = await gateway.selection.select(call.scope, _selectors(body))
    resolution = await gateway.selection.resolution(selected)
    chosen, instance = resolution.choice.connection, selected.instance
    return Explanation(
        integration_name=selected.integration.name,
        workspace_id=selected.caller.workspace_id,
        workspace_integration_id=instance.id if instance is not None else None,
        integration_alias=instance.alias if instance is not None else None,
        connection_strategy=instance.connection_strategy if instance is not None else None,
        end_user_id=body.end_user_id,
        action_name=body.action_name,
        action_allowed=_is_allowed(selected, body.action_name),
        connection=ExplainedConnection.of(chosen) if chosen is not None else None,
        reason=resolution.choice.reason,
        explanation=_explanation(selected, resolution.choice.reason),
        considered=[ExplainedConnection.of(row) for row in resolution.considered],
        setup_url=await _setup_url(gateway, selected, resolution),
    )


def _selectors(body: ResolveRequest) -> Selectors:
    return Selectors(
        integration_name=body.integration_name,
        workspace=body.workspace_id,
        workspace_integration_id=body.workspace_integration_id,
        alias=body.integration_alias,
        end_user_external_id=body.end_user_id,
        connection_external_id=body.external_id,
        auth_method_key=body.auth_method_key,
    )


def _is_allowed(selected: Selected, action_name: str | None) -> bool | None:
    if action_name is None:
        return None
    enabled = selected.instance.enabled_actions if selected.instance is not None else None
    return action_name in selected.integration.actions and (enabled is None or action_name in enabled)


def _explanation(selected: Selected, reason: Reason) -> str:
    why = _WHY[reason]
    if selected.instance is not None or reason in (Reason.SELECTED, Reason.NOT_NEEDED):
        return why
    title = selected.integration.title
    return f"{title} is not configured in this workspace, so only an end user's own account could serve. {why}"


async def _setup_url(gateway: Gateway, selected: Selected, resolution: Resolution) -> str | None:
    if resolution.choice.connection is not None or resolution.choice.reason is Reason.NOT_NEEDED:
        return None
    return (await gateway.resolver.refusal(selected.caller, selected.wanted, resolution)).setup_url


_WHY = {
    Reason.OWN: "The end user's own connection for this integration: the newest that works.",
    Reason.PINNED: "The connection that the integration, or the tool, is pinned to.",
    Reason.FALLBACK: "The end user has none of their own, so the workspace's shared connection is used.",
    Reason.SELECTED: "The connection that the request names itself.",
    Reason.NOT_NEEDED: "This integration needs no connection.",
    Reason.NOT_CONNECTED: "The end user has to connect an account first.",
    Reason.OWN_BROKEN: "The end user's own connection no longer works; it is never replaced by a shared one.",
    Reason.PINNED_MISSING: "The integration is pinned to a connection, and there is none.",
    Reason.PINNED_BROKEN: "The connection that the integration is pinned to no longer works.",
    Reason.NO_END_USER: "The integration uses end users' own accounts, and no end user is named.",
}
