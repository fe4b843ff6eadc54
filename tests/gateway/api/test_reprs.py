"""What a request brings and an answer shows once is in no repr: reprs end up in logs and tracebacks."""

import pytest
from pydantic import BaseModel

from gateway.api.actions import ActionAnswer, ActionRequest
from gateway.api.catalog import OptionsQuestion
from gateway.api.connections import ConnectionRequest
from gateway.api.mcp_servers import StaticToken
from gateway.api.webhooks import WebhookAndSecret
from integrations.action import ActionCall, Ports
from integrations.testing import RecordedHttp

CANARY = "c4n4ry-0f-4-s3cr3t"
CONNECTION = {"type": "CUSTOM_AUTH", "externalId": "x", "displayName": "X", "integrationName": "acme"}
ACTION = {"integrationName": "http", "actionName": "send_request", "workspaceId": "w"}


@pytest.mark.parametrize(
    "secret",
    [
        {"secretText": CANARY},
        {"username": CANARY, "password": CANARY},
        {"props": {"key": CANARY}},
        {"accessToken": CANARY, "refreshToken": CANARY, "data": {"key": CANARY}},
    ],
)
def test_a_credential_that_is_handed_in_is_in_no_repr(secret: dict[str, object]) -> None:
    assert CANARY not in repr(ConnectionRequest.model_validate({**CONNECTION, **secret}))


@pytest.mark.parametrize(
    "model",
    [
        ActionRequest.model_validate({**ACTION, "input": {"headers": {"Authorization": CANARY}}}),
        OptionsQuestion.model_validate({"propertyName": "p", "actionName": "a", "input": {"key": CANARY}}),
        ActionAnswer(output={"token": CANARY}, duration=1),
        WebhookAndSecret.model_construct(secret=CANARY),
        StaticToken(bearer_token=CANARY, mcp_endpoint="https://example.com/mcp/srv_1"),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_goes_into_and_comes_out_of_a_call_is_in_no_repr(model: BaseModel) -> None:
    assert CANARY not in repr(model)


def test_the_input_of_a_call_is_in_no_repr() -> None:
    assert CANARY not in repr(ActionCall({"key": CANARY}, None, Ports(http=RecordedHttp([]))))
