"""What your product signs its hand-offs with, over REST (docs/signed-handoff.md). Secrets go in and never come out."""

from typing import Annotated, Literal

from pydantic import Field

from gateway.api.calls import Call
from gateway.api.models import Answer, Body, Deleted, Moment, NoQuery, Nothing, omitted
from gateway.tenancy.handoff_keys import LEAST_SECRET_BYTES, NewHandoffKey
from gateway.tenancy.return_addresses import MAX_LENGTH
from gateway.web.handoffs import SIGNED_PATH
from gateway.wiring import Gateway
from storage import records


class HandoffKeyToSet(Body):
    """A secret that only your backend and the gateway have, or where your public keys are."""

    secret: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None,
        repr=False,
        description=f"Signs with HS256. The text as it stands is the key; {LEAST_SECRET_BYTES} bytes at least.",
    )
    jwks_url: Annotated[str, Field(max_length=MAX_LENGTH)] | None = Field(
        default=None,
        description="An https address of a JWK set, for RS256, ES256 or EdDSA.",
        examples=["https://app.example.com/.well-known/jwks.json"],
    )
    issuer: Annotated[str, Field(min_length=1, max_length=255)] | None = Field(
        default=None, description="What `iss` has to say; it may say anything where this is absent."
    )


class HandoffKey(Answer):
    """What a workspace's hand-offs are signed with, without the secret."""

    workspace_id: str
    kind: Literal["secret", "jwks"]
    jwks_url: str | None = omitted()
    issuer: str | None = omitted()
    audience: str
    """What `aud` has to say."""
    token_url: str
    """Where your page posts the token, as the form field `token`. It never changes: keep it, and take it from no request."""
    created_at: Moment
    updated_at: Moment


class OneHandoffKey(Answer):
    """One workspace's."""

    handoff_key: HandoffKey


async def get_handoff_key(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneHandoffKey:
    """Get what a workspace's hand-offs are signed with."""
    return _shown(gateway, await gateway.handoff_keys.get(call.scope, call.path["workspaceId"]))


async def put_handoff_key(gateway: Gateway, call: Call[HandoffKeyToSet, NoQuery]) -> OneHandoffKey:
    """Take hand-offs that your product signs, instead of calling to confirm them.

    Give a secret or the address of your keys. What was set before holds no more.
    """
    new = NewHandoffKey(secret=call.body.secret, jwks_url=call.body.jwks_url, issuer=call.body.issuer)
    return _shown(gateway, await gateway.handoff_keys.put(call.scope, call.path["workspaceId"], new))


async def delete_handoff_key(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Take no more signed hand-offs; calling to confirm them goes on working."""
    deleted = await gateway.handoff_keys.delete(call.scope, call.path["workspaceId"])
    return Deleted(id=deleted.workspace_id)


def _shown(gateway: Gateway, row: records.HandoffKey) -> OneHandoffKey:
    public_url = gateway.settings.public_url
    return OneHandoffKey(
        handoff_key=HandoffKey(
            workspace_id=row.workspace_id,
            kind="jwks" if row.sealed is None else "secret",
            jwks_url=row.jwks_url,
            issuer=row.issuer,
            audience=public_url,
            token_url=f"{public_url}{SIGNED_PATH}",
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
    )
