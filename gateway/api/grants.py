"""Which programs people have let act for them by signing in, over REST: seen and ended by the product's backend."""

from typing import Literal

from pydantic import Field

from gateway.access.standing_grants import GrantPage, ShownGrant
from gateway.api.calls import Call
from gateway.api.models import Answer, Deleted, Moment, NoQuery, Nothing, Paged
from gateway.wiring import Gateway
from storage.oauth import LastCall as Called

GrantKind = Literal["code", "device", "client_credentials"]


class LastCall(Answer):
    """What a program did last; never with what input, nor what came of it."""

    tool: str = Field(description="Its name on the MCP server then.")
    title: str = Field(description="What people call the tool.")
    integration: str = Field(description="What people call the integration that it belongs to.")
    at: Moment
    failed: bool = Field(description="It did not succeed, or the program left before it was done.")

    @classmethod
    def of(cls, call: Called) -> "LastCall":
        """Show a call."""
        return cls(
            tool=call.called_tool,
            title=call.called_title,
            integration=call.called_integration,
            at=call.called_at,
            failed=call.call_failed,
        )


class Grant(Answer):
    """What somebody has allowed a program: to act as them at one MCP server."""

    id: str
    kind: GrantKind = Field(description="How it was given: in the browser, for a device, or to a service client.")
    client_id: str
    client_name: str = Field(description="What the program calls itself; nobody need have checked it.")
    server_id: str
    server_name: str
    end_user_id: str | None = Field(description="As whom, by external id; null for a service client.")
    scopes: list[str]
    created_at: Moment
    last_used_at: Moment | None = Field(description="When the program last fetched a token or called a tool.")
    last_call: LastCall | None = Field(description="The last tool that it called, some seconds late; null before any.")
    expires_at: Moment = Field(description="When it ends unless the program fetches a token before.")

    @classmethod
    def of(cls, shown: ShownGrant) -> "Grant":
        """Show a grant."""
        row = shown.record
        return cls.model_validate(
            {
                **{name: getattr(row, name) for name in _SHOWN},
                "server_id": row.server_id,
                "server_name": shown.server_name,
                "end_user_id": shown.end_user_external_id,
                "last_used_at": shown.last_used_at,
                "last_call": None if shown.last_call is None else LastCall.of(shown.last_call),
            }
        )


_SHOWN = frozenset(Grant.model_fields) - {"server_id", "server_name", "end_user_id", "last_used_at", "last_call"}


class ManyGrants(Answer):
    """A page of grants."""

    grants: list[Grant]
    total: int

    @classmethod
    def of(cls, page: GrantPage) -> "ManyGrants":
        """Show a page."""
        return cls(grants=[Grant.of(each) for each in page.grants], total=page.total)


async def list_end_user_grants(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyGrants:
    """List the programs that an end user has let act for them."""
    query = call.query
    page = await gateway.authorizing.standing.of_end_user(
        call.scope, call.path["id"], limit=query.limit, offset=query.offset
    )
    return ManyGrants.of(page)


async def list_mcp_server_grants(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyGrants:
    """List the programs that may use an MCP server after somebody has signed in, and as whom."""
    query = call.query
    page = await gateway.authorizing.standing.of_server(
        call.scope, call.path["serverId"], limit=query.limit, offset=query.offset
    )
    return ManyGrants.of(page)


async def revoke_grant(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Revoke a grant with all its tokens, which open nothing from then on; the program has to ask again."""
    await gateway.authorizing.standing.revoke(call.scope, call.path["id"])
    return Deleted(id=call.path["id"])
