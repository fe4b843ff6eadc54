"""Running actions over REST (contract 1.6)."""

import base64
from collections.abc import Sequence
from time import perf_counter
from typing import Any

from pydantic import AliasChoices, Field

from gateway.api.calls import Call
from gateway.api.models import Answer, Body, ExternalId, NoQuery, Reference, WorkspaceReference
from gateway.errors import ActionFailed, PartialNotFound
from gateway.tools.selection import Selectors
from gateway.wiring import Gateway
from integrations.action import Attachment
from integrations.upstream.forwarding import failure_of


class ActionRequest(Body):
    """An action to run: which, of which integration of the workspace, for whom, with what input."""

    integration_name: Reference
    action_name: Reference
    workspace_id: WorkspaceReference
    input: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    workspace_integration_id: Reference | None = None
    integration_alias: Reference | None = None
    end_user_id: ExternalId | None = Field(default=None, description="The end user's external id.")
    connection_external_id: ExternalId | None = Field(
        default=None, validation_alias=AliasChoices("connectionExternalId", "externalId")
    )
    auth_method_key: Reference | None = None
    partial_ids: list[Reference] | None = None
    idempotency_key: Reference | None = Field(
        default=None, description="Taken for approvals to come; a repeated request runs the action again."
    )


class ActionAnswer(Answer):
    """What the action answered, and how many milliseconds it took."""

    success: bool = True
    output: Any = Field(repr=False)
    duration: int


async def execute_action(gateway: Gateway, call: Call[ActionRequest, NoQuery]) -> ActionAnswer:
    """Run an action.

    The account follows from the connection strategy of the workspace's integration and the end user, unless
    connectionExternalId names one. A missing account answers CONNECTION_REQUIRED with details.setupUrl.
    """
    body, started = call.body, perf_counter()
    if body.partial_ids:
        raise PartialNotFound(f"partialIds: there is no partial {body.partial_ids[0][:100]!r}")
    selectors = Selectors(
        integration_name=body.integration_name,
        workspace=body.workspace_id,
        workspace_integration_id=body.workspace_integration_id,
        alias=body.integration_alias,
        end_user_external_id=body.end_user_id,
        connection_external_id=body.connection_external_id,
        auth_method_key=body.auth_method_key,
    )
    selected = await gateway.selection.select(call.scope, selectors)
    invocation = gateway.selection.invocation(selected, action_name=body.action_name, arguments=body.input)
    outcome = await gateway.execution.run(selected.caller, invocation)
    failure = None if outcome.result.mcp is None else failure_of(outcome.result.mcp)
    if failure is not None:
        raise ActionFailed(failure)
    return ActionAnswer(
        output=shown(outcome.result.output, outcome.result.attachments),
        duration=round((perf_counter() - started) * 1000),
    )


def shown(output: Any, attachments: Sequence[Attachment]) -> Any:
    """Return the output as it is; where files belong to it, both side by side."""
    if not attachments:
        return output
    files = [
        {
            "name": attachment.name,
            "mimeType": attachment.mime_type,
            "size": len(attachment.content),
            "content": base64.b64encode(attachment.content).decode(),
        }
        for attachment in attachments
    ]
    return {"files": files} if output is None else {"result": output, "files": files}
