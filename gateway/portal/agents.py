"""Which programs act for the person whose portal it is, what each did last, and where that person is signed in.

Each can be ended here.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.redirect_uris import is_loopback_redirect
from gateway.access.standing_grants import ShownGrant
from gateway.errors import NotFound
from gateway.portal.addresses import agents_address, page_address
from gateway.portal.ending import Endings
from gateway.portal.moments import ago, day
from gateway.portal.visits import Visit, Visits
from gateway.web.pages import Button
from gateway.web.stops import PageStop
from gateway.wiring import Gateway
from storage.oauth import LastCall
from storage.records import EndUser
from storage.scope import TenantScope

_MOST = 100


@dataclass(frozen=True, slots=True)
class AgentView:
    """One program, in words."""

    id: str
    name: str
    where: str
    """By what the person may recognise it: names are the programs' own claims."""
    uses: str
    since: str
    last_used: str
    last_call: "CallView | None"


@dataclass(frozen=True, slots=True)
class CallView:
    """What a program did last, in words."""

    title: str
    integration: str
    when: str
    failed: bool


@dataclass(frozen=True, slots=True)
class SignInView:
    """One browser that stays signed in, in words."""

    id: str
    name: str
    last_used: str


class Agents:
    """`GET` and `POST /connect/agents`: for links to all of somebody's accounts, and for nothing narrower."""

    def __init__(self, gateway: Gateway, visits: Visits, endings: Endings) -> None:
        self._clock = gateway.clock
        self._standing = gateway.authorizing.standing
        self._signed_in = gateway.identity.signed_in
        self._visits = visits
        self._endings = endings

    async def show(self, request: Request) -> Response:
        """Show the programs and the browsers."""
        visit = await self._visits.open(request, request.query_params.get("token", ""))
        end_user = _person(visit)
        scope = _scope(visit, end_user)
        page = await self._standing.of_end_user(scope, end_user.id, limit=_MOST, offset=0, lately_used_first=True)
        browsers = await self._signed_in.of_end_user(scope, end_user.id)
        now = self._clock()
        return self._visits.show(
            visit,
            "agents.html",
            agents=[_view(each, now) for each in page.grants],
            count_left_out=page.total - len(page.grants),
            sign_ins=[
                SignInView(each.id, each.described or "A browser", ago(each.last_used_at, now=now)) for each in browsers
            ],
            ended=request.query_params.get("ended"),
            back=page_address(visit.portal),
        )

    async def end(self, request: Request) -> Response:
        """End one: whatever it holds opens nothing from its next request on."""
        visit = await self._visits.submitted(request)
        end_user = _person(visit)
        scope, form = _scope(visit, end_user), visit.form
        is_sign_in = "sign_in" in form
        try:
            if is_sign_in:
                await self._signed_in.sign_out(scope, end_user.id, form["sign_in"])
            else:
                await self._standing.revoke(scope, form.get("grant", ""), of_end_user=end_user.id)
        except NotFound as error:
            raise PageStop(
                "That has ended already",
                "It ended since you opened the page. Nothing was changed now.",
                status=404,
                brand=visit.brand,
                button=Button("See what there is now", agents_address(visit.portal)),
            ) from error
        return self._endings.lead_to(agents_address(visit.portal, ended="sign_in" if is_sign_in else "program"))


def _person(visit: Visit) -> EndUser:
    """Return whose programs may be seen through this door. Raises `PageStop`."""
    end_user = visit.portal.end_user
    if end_user is None or visit.portal.is_for_one:
        raise visit.gone()
    return end_user


def _scope(visit: Visit, end_user: EndUser) -> TenantScope:
    return visit.portal.scope.within(end_user.workspace_id)


def _view(shown: ShownGrant, now: datetime) -> AgentView:
    row, call = shown.record, shown.last_call
    return AgentView(
        id=row.id,
        name=row.client_name,
        where=_where(row.kind, row.redirect_uri),
        uses=shown.server_name,
        since=day(row.created_at),
        last_used=ago(shown.last_used_at, now=now),
        last_call=None if call is None else _call_view(call, now),
    )


def _call_view(call: LastCall, now: datetime) -> CallView:
    return CallView(call.called_title, call.called_integration, ago(call.called_at, now=now), call.call_failed)


def _where(kind: str, redirect_uri: str | None) -> str:
    if kind == "device" or redirect_uri is None:
        return "On a device that showed a code"
    if is_loopback_redirect(redirect_uri):
        return "On a computer of yours"
    parts = urlsplit(redirect_uri)
    return f"At {parts.netloc}" if parts.scheme == "https" else f"An app ({parts.scheme}:)"
