"""Listing the tools of a server that wants no credential: at once, for nobody in particular."""

from functools import partial

from gateway.principals import Caller
from gateway.upstreams.approvals import Approvals
from gateway.upstreams.conversation import NOBODY
from gateway.upstreams.upstreams import Upstreams
from integrations.action import Ports
from integrations.failures import ActionFailed
from integrations.integration import Integration
from integrations.ports import Http
from integrations.upstream.forwarding import RemoteListing


async def list_openly(
    integration: Integration, organization_id: str, *, upstreams: Upstreams, approvals: Approvals, http: Http
) -> str | None:
    """List the tools, so that they are held against what is approved; return why that can't be done, if it can't."""
    listed = partial(approvals.listed, organization_id, integration, at_once=True)
    # Whoever calls later has a workspace: no session of theirs is shared with this one.
    asking = upstreams.on_behalf_of(NOBODY, caller=Caller(organization_id, ""), listed=listed)
    try:
        await RemoteListing(integration.manifest).run({}, None, Ports(http=http, mcp=asking))
    except ActionFailed as error:
        return f"its tools can't be listed without an account: {error.message}"
    return None
