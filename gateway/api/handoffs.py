"""Hand-offs over REST: your login tells us who sits at a browser (docs/who-opened-the-link.md)."""

from typing import Annotated

from pydantic import Field

from gateway.api.calls import Call
from gateway.api.models import Answer, Body, ExternalId, NoQuery
from gateway.wiring import Gateway


class HandoffToConfirm(Body):
    """Which browser, by the challenge that it brought, and who is logged in there."""

    challenge: Annotated[str, Field(min_length=1, max_length=200)]
    external_id: ExternalId


class ConfirmedHandoff(Answer):
    """Where to send that browser; good once, and there only."""

    return_url: str


async def confirm_handoff(gateway: Gateway, call: Call[HandoffToConfirm, NoQuery]) -> ConfirmedHandoff:
    """Tell who is logged in at the browser that has come with a challenge.

    Call it from the page behind `handoffUrl`, for the person whom your own session names and for nobody whom the
    request names; then redirect the browser to `returnUrl`.
    """
    address = await gateway.identity.handoffs.confirm(call.scope, call.body.challenge, call.body.external_id)
    return ConfirmedHandoff(return_url=address)
