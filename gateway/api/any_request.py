"""Any request to a connected service, as a person: what no action covers."""

from time import perf_counter
from typing import Any

from pydantic import Field

from gateway.api.actions import shown
from gateway.api.calls import Call
from gateway.api.models import Answer, Body, ExternalId, NoQuery, Reference, WorkspaceReference
from gateway.tools.selection import Selectors
from gateway.wiring import Gateway
from integrations.requests import Method


class RequestToSend(Body):
    """Of which integration of the workspace, for whom, and what to send: below the address of its API."""

    workspace_id: WorkspaceReference
    integration_alias: Reference
    end_user_id: ExternalId | None = Field(default=None, description="The end user's external id.")
    connection_external_id: ExternalId | None = None
    method: Method
    path: str = Field(max_length=2000, description="Below the API's address; a query goes into `query`.")
    query: dict[str, Any] = Field(default_factory=dict[str, Any], repr=False)
    headers: dict[str, str] = Field(default_factory=dict[str, str], repr=False)
    body: Any = Field(default=None, repr=False)


class AnswerToRequest(Answer):
    """What the provider answered, whatever its status, and how many milliseconds it took."""

    status: int
    headers: dict[str, str]
    body: Any = Field(repr=False)
    duration: int


async def send_request(gateway: Gateway, call: Call[RequestToSend, NoQuery]) -> AnswerToRequest:
    """Send a request to any endpoint of an integration's API.

    The account is chosen, renewed and asked for as for an action. The request stays below the API's address, is sent
    once, and no redirect is followed. Some headers of the answer are shown.
    """
    wanted, started = call.body, perf_counter()
    selectors = Selectors(
        integration_name=None,
        workspace=wanted.workspace_id,
        alias=wanted.integration_alias,
        end_user_external_id=wanted.end_user_id,
        connection_external_id=wanted.connection_external_id,
    )
    selected = await gateway.selection.select(call.scope, selectors)
    said = {"method", "path", "query", "headers", "body"} & wanted.model_fields_set
    arguments = {name: getattr(wanted, name) for name in said}
    outcome = await gateway.execution.run(selected.caller, gateway.selection.any_request(selected, arguments))
    answer = outcome.result.output
    return AnswerToRequest(
        status=answer["status"],
        headers=answer["headers"],
        body=shown(answer["body"], outcome.result.attachments),
        duration=round((perf_counter() - started) * 1000),
    )
