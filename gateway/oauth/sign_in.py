"""The sign-in page: who is it that a program wants to act for?

`GET` shows how things stand and changes nothing; every step is a form.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.access.oauth_clients import ClientView
from gateway.errors import RateLimited, ValidationFailed
from gateway.kit.log import get_logger
from gateway.kit.mail import MailFailed
from gateway.oauth import addresses
from gateway.oauth.consent import leaving, person
from gateway.oauth.sign_in_visits import SignInVisit, SignInVisits, sign_in_over, sign_in_path
from gateway.tenancy.admission import NotAdmitted
from gateway.tenancy.identities import by_handoff, identity_of, is_handoff
from gateway.tenancy.identity_providers import CALLBACK
from gateway.web.browser import Browsers
from gateway.web.door import Door, browser_of
from gateway.web.handoffs import HandoffLost
from gateway.web.limits import PageLimits
from gateway.web.mailed_codes import CodeRefused, told_tries
from gateway.web.openid import NotSignedIn, SignInLost
from gateway.web.openid_keys import ProviderFailed
from gateway.web.pages import Button, Pages
from gateway.web.signed_in_browsers import describe, stay_signed_in
from gateway.web.stops import PageStop, too_many_codes
from gateway.wiring import Gateway
from storage.records import EndUser, Identity

_RETURN = "/oauth/return/"
_log = get_logger(__name__)


def sign_in_routes(
    gateway: Gateway, *, pages: Pages, browsers: Browsers, door: Door, limits: PageLimits
) -> list[Route]:
    """Return the routes of signing in."""
    visits = SignInVisits(gateway, browsers=browsers, limits=limits)
    page = SignInPage(gateway, visits, pages=pages, limits=limits)
    return [
        Route(addresses.SIGN_IN, door(page.show), methods=["GET"]),
        Route(addresses.SIGN_IN, door(page.act), methods=["POST"]),
        Route(_RETURN + "{secret}", door(page.come_back), methods=["GET"]),
        Route(CALLBACK + "{provider_id}", door(page.answer_of_provider), methods=["GET"]),
    ]


class SignInPage:
    """`/oauth/sign-in`, and `/oauth/return/{secret}`, by which a hand-off comes back to it."""

    def __init__(self, gateway: Gateway, visits: SignInVisits, *, pages: Pages, limits: PageLimits) -> None:
        self._gateway = gateway
        self._identity = gateway.identity
        self._visits = visits
        self._pages = pages
        self._limits = limits

    async def show(self, request: Request) -> Response:
        """Show what this browser has to do next; `another` asks for all ways anew."""
        visit = await self._visits.open(request, request.query_params.get("request", ""))
        if "another" in request.query_params:
            return self._ask(visit, [])
        return await self._step(visit)

    async def act(self, request: Request) -> Response:
        """Take one step."""
        visit, form = await self._visits.submitted(request)
        match form.get("step"):
            case "continue" | "sign_out" as step:
                return await self._as_remembered(visit, form.get("identity", ""), is_leaving=step == "sign_out")
            case "send" if visit.methods.email:
                return await self._send_code(visit, form.get("email", "").strip(), client=self._limits.client(request))
            case "code" if visit.methods.email:
                return await self._take_code(request, visit, form.get("code", ""))
            case "handoff" if visit.methods.handoff_url is not None:
                return await self._hand_off(visit, visit.methods.handoff_url)
            case "provider":
                return await self._go_to_provider(visit, form.get("provider", ""))
            case "choose" if visit.pending.identity is not None:
                return await self._visits.choose(visit, visit.pending.identity, form.get("end_user", ""))
            case "deny":
                return leaving(self._pages, visit.pending, await self._visits.deny(visit))
            case _:
                # That way is closed by now.
                return self._visits.lead_to(visit, visit.path)

    async def come_back(self, request: Request) -> Response:
        """Take a browser that the product has sent back. Only the one that began gets in, once."""
        try:
            arrival = await self._identity.handoffs.arrive(request.path_params["secret"], browser=browser_of(request))
        except HandoffLost as lost:
            self._limits.count_stranger(request)
            raise sign_in_over() from lost
        visit = await self._visits.open(request, _key_of(arrival.onward))
        pending, end_user = visit.pending, arrival.end_user
        if end_user.workspace_id != pending.workspace.id or end_user.external_id is None:
            raise sign_in_over()
        claimed = by_handoff(pending.workspace.id, end_user.external_id, display_name=end_user.display_name)
        now = self._gateway.clock()
        async with self._gateway.database.write() as tx:
            identity = await identity_of(tx, pending.scope, claimed, now=now)
            await stay_signed_in(tx, identity, browser=visit.browser, described=visit.described, now=now)
        return await self._visits.signed_in(visit, identity)

    async def answer_of_provider(self, request: Request) -> Response:
        """Take a browser that an OpenID provider has sent back, likewise."""
        browser, described = browser_of(request), describe(request.headers.get("user-agent", ""))
        provider_id, answer = request.path_params["provider_id"], dict(request.query_params)
        try:
            identity, onward = await self._identity.openid.arrive(
                provider_id, answer, browser=browser, described=described
            )
        except SignInLost as lost:
            self._limits.count_stranger(request)
            raise sign_in_over() from lost
        except NotSignedIn as failed:
            _log.warning("sign-in at a provider failed", provider_id=failed.provider.id, reason=failed.said)
            raise _not_signed_in(failed) from failed
        return await self._visits.signed_in(await self._visits.open(request, _key_of(onward)), identity)

    async def _step(self, visit: SignInVisit, *, problem: str | None = None) -> Response:
        """Show the step that this browser has reached; `problem` is what was wrong with what it sent."""
        address = await self._identity.sign_in_codes.waiting_for(visit.asking) if visit.methods.email else None
        if address is not None:
            return self._show(visit, "code", problem=problem, address=address)
        known, identity = await self._known(visit), visit.pending.identity
        # Only while that person has not signed out since.
        is_here = identity is not None and identity.id in {each.id for each in known}
        if identity is not None and is_here and visit.pending.end_user is None and problem is None:
            return await self._settle(visit, identity)
        return self._ask(visit, known, problem=problem)

    async def _settle(self, visit: SignInVisit, identity: Identity) -> Response:
        """Show what is left to be asked of, or said to, somebody who has signed in."""
        try:
            offered = await self._visits.offered(visit, identity)
        except NotAdmitted as refused:
            return self._show(visit, "refused", status=403, said=refused.message)
        if len(offered) > 1:
            return self._show(visit, "choose", people=_told_apart(offered))
        return self._ask(visit, [identity])

    def _ask(
        self, visit: SignInVisit, known: list[Identity], *, problem: str | None = None, entered: str = ""
    ) -> Response:
        named = [(each.id, _name(visit, each)) for each in known]
        return self._show(visit, "ask", problem=problem, known=named, entered=entered)

    def _show(
        self, visit: SignInVisit, step: str, *, problem: str | None = None, status: int = 200, **values: Any
    ) -> Response:
        shown: dict[str, Any] = {"address": None, "entered": "", "known": [], "people": [], "said": None, **values}
        return self._pages.show(
            "sign_in.html",
            brand=visit.brand,
            status=status if problem is None else 422,
            step=step,
            problem=problem,
            path=addresses.SIGN_IN,
            another=f"{visit.path}&another=1",
            hidden={"request": visit.key, "proof": self._visits.proof(visit)},
            client=visit.pending.client.name,
            workspace=visit.pending.workspace.name,
            methods=visit.methods,
            **shown,
        )

    async def _known(self, visit: SignInVisit) -> list[Identity]:
        found = await self._identity.signed_in.at(visit.pending.organization.id, browser=visit.browser)
        return [each for each in found if visit.methods.still_takes(each)]

    async def _as_remembered(self, visit: SignInVisit, identity_id: str, *, is_leaving: bool) -> Response:
        """Go on as somebody who is signed in at this browser, or sign them out."""
        for identity in await self._known(visit):
            if identity.id == identity_id and is_leaving:
                await self._identity.signed_in.forget(identity, browser=visit.browser)
            elif identity.id == identity_id:
                await self._identity.signed_in.note_use(identity, browser=visit.browser)
                return await self._visits.signed_in(visit, identity)
        return self._visits.lead_to(visit, visit.path)

    async def _send_code(self, visit: SignInVisit, address: str, *, client: str) -> Response:
        brand = visit.brand
        try:
            await self._identity.sign_in_codes.send(
                visit.asking,
                address,
                client=client,
                brand=brand,
                purpose=f"wants to sign in to {brand.name}, {_reason(visit.pending.client)}",
            )
        except ValidationFailed as error:
            return self._ask(visit, [], problem=error.message, entered=address)
        except RateLimited as error:
            raise too_many_codes(error.retry_after, brand=brand, path=visit.path) from error
        except MailFailed:
            told = "The mail could not be sent. Please try again in a minute."
            return self._ask(visit, [], problem=told, entered=address)
        return self._visits.lead_to(visit, visit.path)

    async def _take_code(self, request: Request, visit: SignInVisit, code: str) -> Response:
        self._limits.count_code(request, back=Button("Sign in another way", f"{visit.path}&another=1"))
        try:
            identity = await self._identity.sign_in_codes.enter(visit.asking, code, described=visit.described)
        except CodeRefused as refused:
            self._limits.count_stranger(request)
            return await self._step(visit, problem=told_tries(refused.tries_left))
        self._limits.forgive_code(request)
        return await self._visits.signed_in(visit, identity)

    async def _hand_off(self, visit: SignInVisit, handoff_url: str) -> Response:
        address = await self._identity.handoffs.begin(
            visit.pending.workspace, handoff_url, browser=visit.browser, onward=visit.path, back=_RETURN
        )
        return self._leave(visit, address, to=visit.brand.name)

    async def _go_to_provider(self, visit: SignInVisit, provider_id: str) -> Response:
        provider = visit.methods.provider(provider_id)
        if provider is None:
            return self._visits.lead_to(visit, visit.path)
        try:
            address = await self._identity.openid.begin(
                provider, workspace_id=visit.pending.workspace.id, browser=visit.browser, onward=visit.path
            )
        except ProviderFailed as failed:
            _log.warning("an OpenID provider can't be used", provider_id=provider.id, reason=failed.message)
            return self._ask(visit, [], problem=f"{provider.name} can't be reached. Please try again in a minute.")
        return self._leave(visit, address, to=provider.name)

    def _leave(self, visit: SignInVisit, address: str, *, to: str) -> Response:
        # By a page: browsers hold every redirect after a form against the page's policy, and logins redirect a lot.
        return self._pages.show(
            "leaving.html",
            brand=visit.brand,
            title=f"Going to {to}…",
            said=None,
            address=address,
            host=urlsplit(address).netloc,
        )


def _reason(client: ClientView) -> str:
    """Say in a mail what for. Anybody makes us write to anybody: no words of strangers stand in what we send."""
    return "to let a program act for you" if client.organization_id is None else f"for the program “{client.name}”"


def _not_signed_in(failed: NotSignedIn) -> PageStop:
    name = failed.provider.name
    return PageStop(
        f"{name} did not sign you in",
        "You, or they, have said no." if failed.was_refused else "What came back from there could not be used.",
        "Nothing was allowed. Try again, or sign in another way.",
        status=403,
        button=Button("Try again", f"{failed.onward}&another=1"),
    )


def _key_of(onward: str) -> str:
    """Return the request that a hand-off was begun for; none where it was begun for something else."""
    beginning = sign_in_path("")
    return onward.removeprefix(beginning) if onward.startswith(beginning) else ""


def _told_apart(people: Sequence[EndUser]) -> list[tuple[str, str]]:
    """Return id and name of each; those of the same name get the product's own id beside it."""
    names = Counter(person(each) for each in people)
    return [
        (each.id, name if names[name] == 1 else f"{name} ({each.external_id or 'signed in before'})")
        for each in people
        for name in (person(each),)
    ]


def _name(visit: SignInVisit, identity: Identity) -> str:
    if is_handoff(identity):
        return f"{identity.display_name or identity.subject} at {visit.brand.name}"
    return identity.email or identity.display_name or "your account"
