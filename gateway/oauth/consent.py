"""Consent: the person sees which program asks to act for them, where, as whom and for what, and decides (security R16).

Asked every time and answered once: no consent is remembered for another request to ride on.
"""

from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.mcp_tokens import CODE_SCOPE, TOOLS_SCOPE
from gateway.access.oauth_errors import OAuthError
from gateway.access.pending_requests import PendingRequest
from gateway.access.redirect_uris import is_loopback_redirect
from gateway.oauth import addresses
from gateway.tenancy.branding import Branding, branding_of
from gateway.web.browser import Browsers
from gateway.web.door import browser_of
from gateway.web.forms import OwnForms
from gateway.web.headers import lead_to
from gateway.web.limits import PageLimits
from gateway.web.pages import Pages
from gateway.web.stops import PageStop
from gateway.wiring import Gateway
from storage.records import EndUser

_ALLOW = "allow"
_SCOPE_WORDS = {
    TOOLS_SCOPE: "Take the actions below in your name",
    CODE_SCOPE: "Run small programs of its own that take them",
}


@dataclass(frozen=True, slots=True)
class ClientShown:
    """What a person is told of the program, and how far it can be believed."""

    name: str
    known_by: str | None
    """The host that vouches for the name; None where it is the program's own claim."""
    is_registered_here: bool
    goes_to: str
    """Where the answer is sent; empty where a device asks for it by itself."""
    user_code: str | None
    """What the device shows that waits for the answer."""
    is_on_this_machine: bool
    """The answer goes to whatever program listens for it, or has taken the scheme of its address."""
    is_vouched_for: bool
    """Whoever vouches for the name has this address too; hosts such as those of code let anybody put documents."""


class Connecting(Protocol):
    """The step after consent: connecting accounts that are missing."""

    async def wants(self, pending: PendingRequest) -> bool: ...
    def lead_to(self, key: str) -> Response: ...


class Consent:
    """`GET` and `POST /oauth/consent`."""

    def __init__(
        self, gateway: Gateway, connecting: Connecting, *, pages: Pages, browsers: Browsers, limits: PageLimits
    ) -> None:
        self._gateway = gateway
        self._connecting = connecting
        self._requests = gateway.authorizing.requests
        self._is_https = gateway.settings.is_https
        self._pages = pages
        self._browsers = browsers
        self._forms = OwnForms(browsers, limits)
        self._limits = limits

    async def show(self, request: Request) -> Response:
        """Ask."""
        key = request.query_params.get("request", "")
        pending, end_user = await self._open(request, key)
        tools = await self._tools(pending)
        return self._pages.show(
            "consent.html",
            brand=_brand(pending),
            path=addresses.CONSENT,
            key=key,
            proof=self._browsers.proof(browser_of(request), key),
            client=_shown(pending),
            person=person(end_user),
            end_user=end_user.id,
            workspace=pending.workspace.name,
            scopes=[_SCOPE_WORDS[scope] for scope in pending.scopes],
            tools=tools,
        )

    async def decide(self, request: Request) -> Response:
        """Take the answer, and lead back to the program with it."""
        form = await self._forms.about(request, "request")
        key, browser, is_yes = form.get("request", ""), browser_of(request), form.get("decision") == _ALLOW
        pending, end_user = await self._open(request, key)
        if is_yes and form.get("end_user") != end_user.id:
            # Another tab has signed in as somebody else: this yes was to another question.
            return lead_to(addresses.of_request(addresses.CONSENT, key), is_https=self._is_https)
        try:
            if is_yes and await self._connecting.wants(pending):
                await self._requests.allow(key, browser=browser, end_user_id=end_user.id)
                return self._connecting.lead_to(key)
            if is_yes:
                address = await self._requests.approve(key, browser=browser, end_user_id=end_user.id)
            else:
                address = await self._requests.deny(key, browser=browser, description="the person said no")
        except OAuthError as error:
            raise over() from error
        return leaving(self._pages, pending, address)

    async def _open(self, request: Request, key: str) -> tuple[PendingRequest, EndUser]:
        pending = await self._requests.open(key, browser=browser_of(request))
        if pending is None or pending.end_user is None:
            self._limits.count_stranger(request)
            raise over()
        self._limits.count_token(key)
        return pending, pending.end_user

    async def _tools(self, pending: PendingRequest) -> dict[str, list[str]]:
        """Return the titles of the server's tools, by integration."""
        toolset = await self._gateway.toolsets.of(pending.server.id)
        found: dict[str, list[str]] = {}
        for tool in toolset.by_name.values():
            found.setdefault(tool.integration_title, []).append(tool.action.title)
        return found


def person(end_user: EndUser) -> str:
    """Return what an end user is called on pages that only they get to see."""
    return end_user.display_name or end_user.email or end_user.external_id or "you"


def leaving(pages: Pages, pending: PendingRequest, address: str) -> Response:
    """Lead back to the program by a page: browsers hold redirects after a form against the page's own policy.

    Where a device waits, it asks for the answer by itself.
    """
    if pending.device is not None:
        return pages.say(
            "Go back to your device",
            f"{pending.client.name} learns your answer in a few seconds. You can close this page.",
            brand=_brand(pending),
        )
    return pages.show(
        "leaving.html",
        brand=_brand(pending),
        title=f"Back to {pending.client.name}…",
        said="You can close this page once the program has gone on.",
        address=address,
        host=_shown(pending).goes_to,
    )


def _shown(pending: PendingRequest) -> ClientShown:
    client, parts = pending.client, urlsplit(pending.redirect_uri)
    is_app, is_registered_here = parts.scheme not in ("https", "http"), client.organization_id is not None
    # What stands behind the scheme of an app is its own affair, whatever host it looks like.
    goes_to = f"{parts.scheme}:" if is_app else parts.netloc
    return ClientShown(
        name=client.name,
        known_by=client.document_host,
        is_registered_here=is_registered_here,
        goes_to="" if pending.device is not None else goes_to,
        user_code=None if pending.device is None else pending.device.user_code,
        is_on_this_machine=is_app or is_loopback_redirect(pending.redirect_uri),
        is_vouched_for=is_registered_here or _are_of_one_site(parts.netloc, client.document_host or ""),
    )


def _are_of_one_site(one: str, other: str) -> bool:
    """Tell whether two hosts are the same, or one lies below the other."""
    hosts = sorted((one.lower(), other.lower()), key=len)
    return bool(hosts[0]) and f".{hosts[1]}".endswith(f".{hosts[0]}")


def _brand(pending: PendingRequest) -> Branding:
    return branding_of(pending.organization, pending.workspace)


def over() -> PageStop:
    """Say that a request is not there any more, or not for this browser."""
    return PageStop(
        "This sign-in is over",
        "It was answered already, waited for too long, or was begun in another browser. Nothing was allowed now.",
        "To begin again, go back to the program and connect it once more.",
        status=404,
    )
