"""The pages behind a setup URL: who opened it? Then on to connecting, in this browser.

`GET` shows how things stand and changes nothing, however often scanners and previews ask; every step is a form.
"""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.setup_urls import PATH
from gateway.errors import RateLimited
from gateway.kit.mail import MailFailed
from gateway.portal.setup_visits import SetupVisit, SetupVisits, link_over
from gateway.tenancy.verification import Proof, is_enough, proof_to_ask_for, what_is_missing
from gateway.web.door import browser_of
from gateway.web.handoffs import HandoffLost
from gateway.web.limits import PageLimits
from gateway.web.mailed_codes import CodeRefused, masked, told_tries
from gateway.web.pages import Button, Pages
from gateway.web.stops import PageStop, too_many_codes
from gateway.wiring import Gateway
from storage.records import EndUser


class SetupPage:
    """`/connect/s/{setup_id}`, and `/connect/return/{secret}`, by which a hand-off comes back to it."""

    def __init__(self, gateway: Gateway, visits: SetupVisits, *, pages: Pages, limits: PageLimits) -> None:
        self._setup_urls = gateway.setup_urls
        self._identity = gateway.identity
        self._visits = visits
        self._pages = pages
        self._limits = limits

    async def show(self, request: Request) -> Response:
        """Show what this browser has to do next."""
        return await self._step(await self._open(request))

    async def act(self, request: Request) -> Response:
        """Take one step."""
        visit = await self._open(request)
        form = await self._visits.form(request, visit)
        if await self._is_known(visit):
            return await self._visits.go_on(visit)
        match (form.get("step"), proof_to_ask_for(visit.means)):
            case ("send", Proof.EMAIL):
                return await self._send_code(visit, client=self._limits.client(request))
            case ("code", Proof.EMAIL):
                return await self._take_code(request, visit, form.get("code", ""))
            case ("handoff", Proof.HANDOFF):
                return await self._hand_off(visit)
            case _:
                # The workspace asks for something else by now, or this browser is known no more.
                return self._visits.lead_to(visit.path)

    async def come_back(self, request: Request) -> Response:
        """Take a browser that the product has sent back. Only the one that began gets in, once."""
        browser = browser_of(request)
        try:
            arrival = await self._identity.handoffs.arrive(request.path_params["secret"], browser=browser)
        except HandoffLost as lost:
            self._limits.count_stranger(request)
            raise PageStop(
                "This way back is not yours, or no longer good",
                "Signing in elsewhere counts for ten minutes, once, and only in the browser in which it was begun.",
                "Open the link that you were given once more, in this browser, and begin again.",
                status=403,
            ) from lost
        visit = await self._visit(arrival.onward.removeprefix(PATH), browser)
        if visit.end_user.id != arrival.end_user.id:
            raise _somebody_else(visit, arrival.end_user)
        return self._visits.lead_to(arrival.onward)

    async def _open(self, request: Request) -> SetupVisit:
        try:
            visit = await self._visit(request.path_params["setup_id"], browser_of(request))
        except PageStop:
            self._limits.count_stranger(request)
            raise
        self._visits.count(request)
        return visit

    async def _visit(self, setup_id: str, browser: str) -> SetupVisit:
        wanted = self._setup_urls.read(setup_id)
        if wanted is None:
            raise link_over()
        return await self._visits.open(
            wanted.end_user_id, wanted.workspace_integration_id, path=PATH + setup_id, browser=browser
        )

    async def _is_known(self, visit: SetupVisit) -> bool:
        shown = await self._identity.browsers.proof(visit.end_user, browser=visit.browser)
        return shown is not None and is_enough(visit.means.settings, shown)

    async def _step(self, visit: SetupVisit, *, problem: str | None = None) -> Response:
        """Show the step that this browser has reached; `problem` is what was wrong with what it sent."""
        if await self._is_known(visit):
            return self._show(visit, step="go")
        match proof_to_ask_for(visit.means):
            case Proof.HANDOFF:
                return self._show(visit, step="handoff", problem=problem)
            case Proof.EMAIL:
                is_waiting = await self._identity.codes.is_waiting(visit.end_user, browser=visit.browser)
                return self._show(visit, step="code" if is_waiting else "send", problem=problem)
            case None:
                return self._show(visit, step="closed", problem=problem)

    def _show(self, visit: SetupVisit, *, step: str, problem: str | None = None) -> Response:
        return self._pages.show(
            "setup.html",
            brand=visit.brand,
            status=200 if problem is None else 422,
            step=step,
            problem=problem,
            title=visit.title,
            asker=visit.asker,
            path=visit.path,
            proof=self._visits.proof(visit),
            address=masked(visit.end_user.email or ""),
            missing=what_is_missing(visit.means),
        )

    async def _send_code(self, visit: SetupVisit, *, client: str) -> Response:
        try:
            await self._identity.codes.send(
                visit.end_user,
                browser=visit.browser,
                client=client,
                brand=visit.brand,
                purpose=f"connect {visit.title} for {visit.person}",
            )
        except RateLimited as error:
            raise too_many_codes(error.retry_after, brand=visit.brand, path=visit.path) from error
        except MailFailed:
            return self._show(visit, step="send", problem="The mail could not be sent. Please try again in a minute.")
        return self._visits.lead_to(visit.path)

    async def _take_code(self, request: Request, visit: SetupVisit, code: str) -> Response:
        try:
            await self._identity.codes.enter(visit.end_user, code, browser=visit.browser)
        except CodeRefused as refused:
            self._limits.count_stranger(request)
            return await self._step(visit, problem=told_tries(refused.tries_left))
        return await self._visits.go_on(visit)

    async def _hand_off(self, visit: SetupVisit) -> Response:
        address = await self._identity.handoffs.begin(
            visit.workspace, visit.means.settings.handoff_url or "", browser=visit.browser, onward=visit.path
        )
        # By a page: browsers hold every redirect after a form against the page's policy, and logins redirect a lot.
        return self._pages.show(
            "leaving.html",
            brand=visit.brand,
            title=f"Going to {visit.brand.name}…",
            said=None,
            address=address,
            host=urlsplit(address).netloc,
        )


def _somebody_else(visit: SetupVisit, found: EndUser) -> PageStop:
    name = found.display_name or "somebody else"
    return PageStop(
        "You are signed in as somebody else",
        f"{visit.brand.name} says that you are {name}. This link is for {visit.person}, "
        f"to connect an account of theirs. Nothing was connected.",
        f"If you are {visit.person}, sign out there, sign in as yourself, and try again.",
        status=403,
        brand=visit.brand,
        button=Button("Try again", visit.path),
    )
