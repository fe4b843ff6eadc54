"""From an outcome to the form that this client understands (architecture decision 8)."""

import base64
import json
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote

from mcp.shared.exceptions import UrlElicitationRequiredError
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ContentBlock,
    ElicitRequest,
    ElicitRequestURLParams,
    EmbeddedResource,
    ImageContent,
    InputRequiredResult,
    TextContent,
)

from gateway.errors import ConnectionRequired, ToolgateError
from gateway.mcp.elicitations import elicitation_id
from gateway.tools.execution import Outcome
from integrations.action import Attachment

ACCOUNT_META_KEY = "io.toolgate/account"
LINK_REQUEST = "toolgate_connect"
"""Under which key a client is asked to open a setup link; a remote server's questions have keys of its own."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a client can be told, by its era and capabilities."""

    is_modern: bool
    takes_url_elicitation: bool
    has_answered: bool = False
    """The request carries the client's answer to an earlier link."""
    has_declined: bool = False
    """The person does not want to open the link."""

    @property
    def hears_of_completion(self) -> bool:
        """Tell whether the client is told later that the link's account is there; since 2026-07-28 none is."""
        return self.takes_url_elicitation and not self.is_modern

    @property
    def may_wait(self) -> bool:
        """Tell whether the person can be connecting while the call waits; who opens links is asked to first."""
        return not self.has_declined and (self.has_answered or not self.takes_url_elicitation)


def success(outcome: Outcome, dialect: Dialect, *, max_bytes: int) -> CallToolResult:
    """Render what an action answered: JSON as text and as structured content, files as such."""
    attachments = outcome.result.attachments
    output: Any = outcome.result.output
    content: list[ContentBlock] = []
    structured: Any = None
    text: str = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    if output is not None or not attachments:
        shown = _capped(text, max_bytes)
        content.append(TextContent(text=shown))
        # Before 2026-07-28 structured content is an object; a capped result is not the result any more.
        if shown is text and (isinstance(output, dict) or (dialect.is_modern and output is not None)):
            structured = cast("Any", output)
    content.extend(_attached(attachment, max_bytes) for attachment in attachments)
    account = account_of(outcome)
    meta = {ACCOUNT_META_KEY: account} if account is not None else None
    return CallToolResult(content=content, structured_content=structured, _meta=meta)


def failure(
    error: ToolgateError, dialect: Dialect, *, has_output_schema: bool = False
) -> CallToolResult | InputRequiredResult:
    """Render a failure. Raises the JSON-RPC error -32042 for 2025-11-25 clients that take URL elicitation."""
    if isinstance(error, ConnectionRequired) and error.setup_url is not None and dialect.takes_url_elicitation:
        if dialect.is_modern and not dialect.has_answered:
            # Consent to open the link is not the connection: after the answer, the plain result says what is missing.
            asked = ElicitRequestURLParams(message=error.message, url=error.setup_url)
            return InputRequiredResult(input_requests={LINK_REQUEST: ElicitRequest(params=asked)})
        if not dialect.is_modern:
            asked = ElicitRequestURLParams(
                message=error.message, url=error.setup_url, elicitation_id=elicitation_id(error.setup_url)
            )
            raise UrlElicitationRequiredError([asked], error.message)
    # TypeScript SDK 1.32 holds errors against the tool's output schema too, and loses those that do not fit.
    return told(error, in_words_only=has_output_schema)


def told(error: ToolgateError, *, in_words_only: bool = False) -> CallToolResult:
    """Render a failure in words, and the same again as structured content."""
    if in_words_only:
        return CallToolResult(content=[TextContent(text=error.message)], is_error=True)
    details = {name: value for name, value in error.details.items() if value is not None}
    status = {"status": "connection_required"} if isinstance(error, ConnectionRequired) else {}
    return CallToolResult(
        content=[TextContent(text=error.message)],
        structured_content={**status, "code": error.code, "message": error.message, **details},
        is_error=True,
    )


def _capped(text: str, max_bytes: int) -> str:
    """Cut what is too long for an agent to take in, and say so."""
    if len(text) <= max_bytes // 4:
        return text
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    kept = encoded[:max_bytes].decode(errors="ignore")
    return (
        f"{kept}\n\n[The result was cut here: {len(encoded)} bytes, of which {max_bytes} are shown. "
        "Ask for less: a filter, a smaller page, or fewer fields.]"
    )


def _attached(attachment: Attachment, max_bytes: int) -> ContentBlock:
    if len(attachment.content) > max_bytes:
        return TextContent(
            text=f"[The file {attachment.name} ({attachment.mime_type}) has {len(attachment.content)} bytes; "
            f"at most {max_bytes} are handed over.]"
        )
    data = base64.b64encode(attachment.content).decode()
    match attachment.mime_type.split("/", 1)[0]:
        case "image":
            return ImageContent(data=data, mime_type=attachment.mime_type)
        case "audio":
            return AudioContent(data=data, mime_type=attachment.mime_type)
        case _:
            uri = f"attachment:///{quote(attachment.name, safe='')}"
            resource = BlobResourceContents(uri=uri, blob=data, mime_type=attachment.mime_type)
            return EmbeddedResource(resource=resource)


def account_of(outcome: Outcome) -> dict[str, Any] | None:
    """Name the account that acted, so that a wrong one is noticed."""
    connection = outcome.connection
    if connection is None:
        return None
    return {
        "connectionId": connection.id,
        "externalId": connection.external_id,
        "label": connection.account_label or connection.display_name,
        "scope": connection.scope,
    }
