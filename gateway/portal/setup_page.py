"""The pages behind a setup URL: who opened it? Then on to connecting, in this browser.

`GET` shows how things stand and changes nothing, however often scanners and previews ask; every step is a form.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.connections.connect_links import end_users_connect
from gateway.connections.setup_urls import PATH
from gateway.errors import RateLimited, ToolgateError
from gateway.kit.mail import MailFailed
from gateway.portal.views import Asker
from gateway.tenancy.branding import Branding, branding_of
from gateway.tenancy.verification import Means, Proof, is_enough, proof_to_ask_for, what_is_missing
from gateway.tenancy.workspace_settings import settings_of
from gateway.web.browser import Browsers
from gateway.web.door import browser_of
from gateway.web.email_codes import CodeRefused, masked
from gateway.web.forms import FormRefused, read_form
from gateway.web.handoffs import HandoffLost
from gateway.web.headers import page_headers
from gateway.web.limits import PageLimits
from gateway.web.pages import Button, Pages
from gateway.web.stops import PageStop, not_from_our_page, too_often
from gateway.wiring import Gateway
from storage.records import EndUser, Organization, Workspace, WorkspaceIntegration
from storage.scope import TenantScope

_LINK_LIFETIME: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SetupVisit:
    """A setup URL that is good, opened in this browser."""

    setup_id: str
    organization: Organization
    workspace: Workspace
    end_user: EndUser
    instance: WorkspaceIntegration
    title: str
    """What people call the integration."""
    means: Means
    browser: str = field(repr=False)

    @property
    def scope(self) -> TenantScope:
        """Whose rows the visit is about."""
        return TenantScope(self.organization.id, frozenset((self.workspace.id,)))

    @property
    def brand(self) -> Branding:
        """Whose page it is."""
        return branding_of(self.organization, self.workspace)

    @property
    def path(self) -> str:
        """Where this page is."""
        return PATH + self.setup_id

    @property
    def person(self) -> str:
        """What the end user is called on pages. Not by the address: whoever opens the link might learn it."""
        return self.end_user.display_name or "the person who asked"


class SetupPage:
    """`/connect/s/{setup_id}`, and `/connect/return/{secret}`, by which a hand-off comes back to it."""

    def __init__(self, gateway: Gateway, *, pages: Pages, browsers: Browsers, limits: PageLimits) -> None:
        self._gateway = gateway
        self._identity = gateway.identity
        self._pages = pages
        self._browsers = browsers
        self._limits = limits

    async def show(self, request: Request) -> Response:
        """Show what this browser has to do next."""
        return await self._step(await self._open(request))

    async def act(self, request: Request) -> Response:
        """Take one step."""
        visit = await self._open(request)
        try:
            form = await read_form(request)
        except FormRefused as error:
            raise not_from_our_page() from error
        if not self._browsers.is_proven(visit.browser, visit.setup_id, form.get("proof", "")):
            self._limits.count_stranger(request)
            raise not_from_our_page()
        if await self._is_known(visit):
            return await self._go_on(visit)
        match (form.get("step"), proof_to_ask_for(visit.means)):
            case ("send", Proof.EMAIL):
                return await self._send_code(visit, client=self._limits.client(request))
            case ("code", Proof.EMAIL):
                return await self._take_code(request, visit, form.get("code", ""))
            case ("handoff", Proof.HANDOFF):
                return await self._hand_off(visit)
            case _:
                # The workspace asks for something else by now, or this browser is known no more.
                return self._lead_to(visit.path)

    async def come_back(self, request: Request) -> Response:
        """Take a browser that the product has sent back. Only the one that began gets in, once."""
        try:
            arrival = await self._identity.handoffs.arrive(request.path_params["secret"], browser=browser_of(request))
        except HandoffLost as lost:
            self._limits.count_stranger(request)
            raise PageStop(
                "This way back is not yours, or no longer good",
                "Signing in elsewhere counts for ten minutes, once, and only in the browser in which it was begun.",
                "Open the link that you were given once more, in this browser, and begin again.",
                status=403,
            ) from lost
        wanted = self._gateway.setup_urls.read(arrival.onward.removeprefix(PATH))
        if wanted is not None and wanted.end_user_id != arrival.end_user.id:
            visit = await self._visit(arrival.onward.removeprefix(PATH), browser_of(request))
            raise _somebody_else(visit, arrival.end_user)
        return self._lead_to(arrival.onward)

    async def _open(self, request: Request) -> SetupVisit:
        setup_id = request.path_params["setup_id"]
        try:
            visit = await self._visit(setup_id, browser_of(request))
        except PageStop:
            self._limits.count_stranger(request)
            raise
        self._limits.count_token(f"{setup_id} {self._limits.client(request)}")
        if visit.end_user.suspended_at is not None:
            raise PageStop(
                "Connecting is paused", f"{visit.brand.name} has suspended this account.", status=403, brand=visit.brand
            )
        return visit

    async def _visit(self, setup_id: str, browser: str) -> SetupVisit:
        wanted = self._gateway.setup_urls.read(setup_id)
        if wanted is None:
            raise _link_over()
        async with self._gateway.database.read() as tx:
            found = await tx.end_users.find_with_integration(wanted.end_user_id, wanted.workspace_integration_id)
            if found is None:
                raise _link_over()
            end_user, instance = found
            organization = await tx.organizations.find(end_user.organization_id)
            workspace = await tx.workspaces.get(TenantScope(end_user.organization_id), end_user.workspace_id)
        if organization is None or workspace is None or not end_users_connect(instance, self._gateway.catalog):
            raise _link_over()
        return SetupVisit(
            setup_id=setup_id,
            organization=organization,
            workspace=workspace,
            end_user=end_user,
            instance=instance,
            title=instance.display_name or self._gateway.catalog.get(instance.integration_name).title,
            means=Means(
                settings_of(workspace),
                has_address=end_user.email_key is not None,
                sends_mail=self._identity.codes.can_be_sent,
            ),
            browser=browser,
        )

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
            may_be_popup=True,
            step=step,
            problem=problem,
            title=visit.title,
            asker=Asker(visit.organization.name, visit.workspace.name, visit.person),
            path=visit.path,
            proof=self._browsers.proof(visit.browser, visit.setup_id),
            address=masked(visit.end_user.email or ""),
            missing=what_is_missing(visit.means),
        )

    async def _is_known(self, visit: SetupVisit) -> bool:
        shown = await self._identity.browsers.proof(visit.scope, visit.end_user.id, browser=visit.browser)
        return shown is not None and is_enough(visit.means.settings, shown)

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
            raise too_often(error.retry_after, brand=visit.brand) from error
        except MailFailed:
            return self._show(visit, step="send", problem="The mail could not be sent. Please try again in a minute.")
        return self._lead_to(visit.path)

    async def _take_code(self, request: Request, visit: SetupVisit, code: str) -> Response:
        try:
            await self._identity.codes.enter(visit.end_user, code, browser=visit.browser)
        except CodeRefused as refused:
            self._limits.count_stranger(request)
            return await self._step(visit, problem=_tries(refused.tries_left))
        return await self._go_on(visit)

    async def _hand_off(self, visit: SetupVisit) -> Response:
        address = await self._identity.handoffs.begin(
            visit.workspace, visit.means.settings.handoff_url or "", browser=visit.browser, onward=visit.path
        )
        # By a page: browsers hold every redirect after a form against the page's policy, and logins redirect a lot.
        return self._pages.show(
            "leaving.html",
            brand=visit.brand,
            may_be_popup=True,
            title=f"Going to {visit.brand.name}…",
            said=None,
            address=address,
            host=urlsplit(address).netloc,
        )

    async def _go_on(self, visit: SetupVisit) -> Response:
        """Open the portal for this one account, in this browser only."""
        try:
            link = await self._gateway.connecting.links.create(
                visit.scope,
                visit.end_user.id,
                workspace_integration_id=visit.instance.id,
                lifetime=_LINK_LIFETIME,
                browser=visit.browser,
            )
        except ToolgateError as error:
            raise _link_over() from error
        return self._lead_to(link.url)

    def _lead_to(self, address: str) -> Response:
        is_https = self._gateway.settings.public_url.startswith("https://")
        headers = page_headers(is_https=is_https, may_be_popup=True)
        return RedirectResponse(address, status_code=303, headers=dict(headers))


def _link_over() -> PageStop:
    return PageStop(
        "This link is no longer good",
        "It has expired, or what it led to is gone.",
        "Ask your assistant to do again what it could not do: you will get a new link.",
        status=404,
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


def _tries(left: int) -> str:
    match left:
        case 0:
            return "That code is not good any more. Send a new one, and enter it within ten minutes."
        case 1:
            return "That is not the code. You have one try left."
        case _:
            return f"That is not the code. You have {left} tries left."
