"""The browsers at which somebody is signed in as an end user, over REST: seen and taken back by the product's backend."""

from pydantic import Field

from gateway.api.calls import Call
from gateway.api.models import Answer, Deleted, Moment, NoQuery, Nothing
from gateway.wiring import Gateway
from storage import records


class SignIn(Answer):
    """A browser that stays signed in."""

    id: str
    described: str | None = Field(description="What the person recognises it by, as the browser says it.")
    created_at: Moment
    last_used_at: Moment
    expires_at: Moment

    @classmethod
    def of(cls, row: records.SignedInBrowser) -> "SignIn":
        """Show a row."""
        return cls(
            id=row.id,
            described=row.described,
            created_at=row.created_at,
            last_used_at=row.last_used_at,
            expires_at=row.expires_at,
        )


class ManySignIns(Answer):
    """All of them."""

    sign_ins: list[SignIn]
    total: int


async def list_sign_ins(gateway: Gateway, call: Call[Nothing, NoQuery]) -> ManySignIns:
    """List the browsers at which somebody is signed in as an end user."""
    rows = await gateway.identity.signed_in.of_end_user(call.scope, call.path["id"])
    return ManySignIns(sign_ins=[SignIn.of(each) for each in rows], total=len(rows))


async def delete_sign_in(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Sign an end user out at one browser.

    What programs have been allowed goes on: that ends with the grant.
    """
    await gateway.identity.signed_in.sign_out(call.scope, call.path["id"], call.path["signInId"])
    return Deleted(id=call.path["signInId"])
