"""An action of a Google integration between answers that Google is said to give."""

from typing import Any

import jsonschema_rs

from integrations.catalog import Catalog
from integrations.ports import HttpResponse, Json
from integrations.testing import RecordedHttp, credentials, json_response, ports

CATALOG = Catalog()


async def run(action: str, http: RecordedHttp, **arguments: Json) -> Any:
    """The output of `integration.action`. Arguments that its schema refuses fail the test."""
    integration, _, name = action.partition(".")
    declared = CATALOG.get(integration).actions[name]
    jsonschema_rs.validate(dict(declared.input_schema), arguments)
    return (await declared.run(arguments, credentials("oauth", access_token="token"), ports(http))).output


def answers(*bodies: Json) -> RecordedHttp:
    """Google, saying this."""
    return RecordedHttp([body if isinstance(body, HttpResponse) else json_response(body) for body in bodies])


def text(content: str, media_type: str = "text/plain") -> HttpResponse:
    """A file."""
    return HttpResponse(200, {"content-type": media_type}, content.encode())
