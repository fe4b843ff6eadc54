"""Opening a portal for a request: by its token, in this browser, not too often; for forms, with their proof."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.connect_methods import ConnectMethod
from gateway.connections.portals import Offer, Portal
from gateway.kit.request_log import note
from gateway.portal.addresses import page_address
from gateway.portal.views import asker
from gateway.tenancy.branding import Branding, branding_of
from gateway.web.browser import Browsers
from gateway.web.door import browser_of
from gateway.web.forms import OwnForms
from gateway.web.limits import PageLimits
from gateway.web.pages import Button, Pages
from gateway.web.stops import PageStop
from gateway.wiring import Gateway


@dataclass(frozen=True, slots=True)
class Visit:
    """A portal that is open to this browser, and the form that it sent, if any."""

    portal: Portal
    browser: str = field(repr=False)
    brand: Branding
    proof: str = field(repr=False)
    """What our forms on these pages carry."""
    form: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def offer(self) -> Offer:
        """The account that the form is about. Raises `PageStop`."""
        return self.offer_called(self.form.get("offer"))

    @property
    def method(self) -> ConnectMethod:
        """The way to connect that the form is about. Raises `PageStop`."""
        found = next((each for each in self.offer.methods if each.key == self.form.get("method")), None)
        if found is None:
            raise self.gone()
        return found

    def offer_called(self, key: str | None) -> Offer:
        """Return the account that goes by this key. Raises `PageStop`."""
        found = self.portal.offer(key or "")
        if found is None:
            raise self.gone()
        return found

    def gone(self) -> PageStop:
        """Say that what the visit is about is no longer offered."""
        return PageStop(
            "This is no longer offered",
            f"{self.brand.name} has changed what it asks for since you opened the page.",
            status=404,
            brand=self.brand,
            button=Button("See what there is now", page_address(self.portal)),
        )


class Visits:
    """Opens portals, and shows their pages."""

    def __init__(self, gateway: Gateway, *, pages: Pages, browsers: Browsers, limits: PageLimits) -> None:
        self._portals = gateway.connecting.portals
        self._pages = pages
        self._browsers = browsers
        self._forms = OwnForms(browsers, limits)
        self._limits = limits

    async def open(self, request: Request, token: str) -> Visit:
        """Open what a link leads to. Raises `PageStop`."""
        browser = browser_of(request)
        portal = await self._portals.open(token, browser=browser)
        if portal is None:
            self._limits.count_stranger(request)
            raise link_over()
        self._limits.count_token(token)
        door = portal.link or portal.session
        note(request.scope, caller=door.id if door else None, organization_id=portal.organization.id)
        brand = branding_of(portal.organization, portal.workspace)
        return Visit(portal, browser, brand, self._browsers.proof(browser, token))

    async def submitted(self, request: Request) -> Visit:
        """Open what a form of ours was sent from. Raises `PageStop`."""
        form = await self._forms.about(request, "token")
        visit = await self.open(request, form.get("token", ""))
        return Visit(visit.portal, visit.browser, visit.brand, visit.proof, form)

    def show(self, visit: Visit, template: str, *, status: int = 200, **values: Any) -> Response:
        """Show a page of this portal."""
        return self._pages.show(
            template,
            brand=visit.brand,
            status=status,
            may_be_popup=True,
            asker=asker(visit.portal),
            token=visit.portal.token,
            proof=visit.proof,
            **values,
        )


def link_over() -> PageStop:
    """Say that a link opens nothing here."""
    return PageStop(
        "This link is no longer good",
        "It has expired, was meant for another browser, or what it led to is gone.",
        "Ask for a new one where you got it: in the app that sent you here, or by repeating what you asked "
        "your assistant to do.",
        status=404,
    )
