"""Between consent and the program: an invitation to connect accounts now, so that its first call already works.

Nothing is asked again and nobody has to: the code that the program waits for is made when the person goes on, as it
lives for a minute only.
"""

from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.oauth_errors import OAuthError
from gateway.access.pending_requests import PendingRequest
from gateway.oauth import addresses
from gateway.oauth.consent import leaving, over
from gateway.tenancy.branding import branding_of
from gateway.web.browser import Browsers
from gateway.web.door import browser_of
from gateway.web.forms import OwnForms
from gateway.web.headers import lead_to
from gateway.web.limits import PageLimits
from gateway.web.pages import Pages
from gateway.wiring import Gateway
from storage.records import EndUser

_LINK_LIFETIME: Final = timedelta(minutes=30)
_CONNECT: Final = "connect"


class ConnectStep:
    """`GET` and `POST /oauth/connect`."""

    def __init__(self, gateway: Gateway, *, pages: Pages, browsers: Browsers, limits: PageLimits) -> None:
        self._requests = gateway.authorizing.requests
        self._portals = gateway.connecting.portals
        self._links = gateway.connecting.links
        self._is_https = gateway.settings.is_https
        self._pages = pages
        self._browsers = browsers
        self._forms = OwnForms(browsers, limits)
        self._limits = limits

    async def wants(self, pending: PendingRequest) -> bool:
        """Tell whether there is something to connect; devices do not wait for that."""
        if pending.end_user is None or pending.device is not None:
            return False
        return bool(await self._portals.lacking(pending.end_user))

    def lead_to(self, key: str) -> Response:
        """Lead to this step."""
        return lead_to(_path(key), is_https=self._is_https)

    async def show(self, request: Request) -> Response:
        """Say which accounts are missing, and lead on."""
        key = request.query_params.get("request", "")
        pending, end_user = await self._open(request, key)
        return self._pages.show(
            "connect.html",
            brand=branding_of(pending.organization, pending.workspace),
            path=addresses.CONNECT,
            key=key,
            proof=self._browsers.proof(browser_of(request), key),
            client=pending.client.name,
            missing=[each.title for each in await self._portals.lacking(end_user)],
        )

    async def act(self, request: Request) -> Response:
        """Go to the portal, in this browser only, or on to the program."""
        form = await self._forms.about(request, "request")
        key, browser = form.get("request", ""), browser_of(request)
        pending, end_user = await self._open(request, key)
        if form.get("step") == _CONNECT:
            link = await self._links.create(
                pending.scope, end_user.id, lifetime=_LINK_LIFETIME, browser=browser, onward=_path(key)
            )
            return lead_to(link.url, is_https=self._is_https)
        try:
            address = await self._requests.approve(key, browser=browser, end_user_id=end_user.id)
        except OAuthError as error:
            raise over() from error
        return leaving(self._pages, pending, address)

    async def _open(self, request: Request, key: str) -> tuple[PendingRequest, EndUser]:
        pending = await self._requests.open(key, browser=browser_of(request))
        if pending is None or pending.end_user is None or not pending.is_allowed:
            self._limits.count_stranger(request)
            raise over()
        self._limits.count_token(key)
        return pending, pending.end_user


def _path(key: str) -> str:
    return addresses.of_request(addresses.CONNECT, key)
