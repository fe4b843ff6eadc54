"""The device grant's two doors: where a device gets its codes, and where a person enters the one it shows (RFC 8628)."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.client_metadata import DEVICE_GRANT
from gateway.access.device_codes import NewDevice, normal_user_code
from gateway.access.oauth_errors import OAuthError
from gateway.access.pending_requests import NewRequest, WaitingDevice
from gateway.oauth import addresses, answers
from gateway.oauth.limits import OAuthLimits
from gateway.oauth.parameters import of_body, shown_client, words
from gateway.oauth.programs import Programs
from gateway.oauth.targets import asked_scopes, asked_server
from gateway.web.browser import Browsers
from gateway.web.door import browser_of
from gateway.web.forms import OwnForms
from gateway.web.headers import lead_to
from gateway.web.limits import PageLimits
from gateway.web.pages import Button, Pages
from gateway.wiring import Gateway

_FORM = "device"
_LONGEST_CODE = 50


class DeviceEndpoint:
    """`POST /oauth/device/code`."""

    def __init__(self, gateway: Gateway, *, limits: OAuthLimits) -> None:
        self._gateway = gateway
        self._issuer = gateway.settings.public_url
        self._limits = limits
        self._programs = Programs(gateway.authorizing.authentication, limits=limits)

    async def begin(self, request: Request) -> Response:
        """Give a device its codes."""
        if request.method == "OPTIONS":
            return answers.preflight()
        wait = self._limits.must_wait(request) or self._limits.must_wait_for_a_device(request)
        if wait:
            return answers.too_often(wait)
        try:
            device = await self._begun(request)
        except OAuthError as error:
            if error.error == "invalid_client":
                self._limits.count_failure(request)
            return answers.refused(error, challenge="Basic")
        page = self._issuer + addresses.DEVICE
        return answers.said(
            {
                "device_code": device.device_code,
                "user_code": device.user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?{urlencode({'user_code': device.user_code})}",
                "expires_in": device.expires_in,
                "interval": device.interval,
            }
        )

    async def _begun(self, request: Request) -> NewDevice:
        given = await of_body(request)
        client = await self._programs.asking(request, shown_client(request, given))
        if DEVICE_GRANT not in client.grant_types:
            raise OAuthError("unauthorized_client", f"this client is not registered for {DEVICE_GRANT}")
        server = await asked_server(self._gateway.database, client, given.get("resource"), issuer=self._issuer)
        scopes = asked_scopes(server, words(given.get("scope")))
        return await self._gateway.authorizing.devices.begin(client, server, scopes=scopes)


class DevicePage:
    """`GET` and `POST /oauth/device`: from a code to a sign-in in this browser."""

    def __init__(self, gateway: Gateway, *, pages: Pages, browsers: Browsers, limits: PageLimits) -> None:
        self._devices = gateway.authorizing.devices
        self._requests = gateway.authorizing.requests
        self._is_https = gateway.settings.is_https
        self._pages = pages
        self._browsers = browsers
        self._forms = OwnForms(browsers, limits)
        self._limits = limits

    async def show(self, request: Request) -> Response:
        """Ask for the code; one that came with the address is filled in, and still has to be sent."""
        return self._ask(request, code=request.query_params.get("user_code", "")[:_LONGEST_CODE])

    async def enter(self, request: Request) -> Response:
        """Take a code, and let this browser sign in for the device that shows it."""
        form = await self._forms.of(request, _FORM)
        browser, code = browser_of(request), form.get("user_code", "")[:_LONGEST_CODE]
        # Every try counts, also a right one: codes are short, and whoever guesses has many to hit.
        self._limits.count_stranger(request, back=Button("Back", addresses.DEVICE))
        found = await self._devices.waiting(code)
        if found is None:
            return self._ask(
                request, code=code, problem="No device waits for this code. Check it, or let the device show a new one."
            )
        row, server = found
        new = NewRequest(
            server=server,
            client_id=row.client_id,
            redirect_uri="",
            scopes=row.scopes,
            state=None,
            challenge="",
            device=WaitingDevice(row.id, normal_user_code(code)),
        )
        key = await self._requests.begin(new, browser=browser)
        return lead_to(addresses.of_request(addresses.SIGN_IN, key), is_https=self._is_https)

    def _ask(self, request: Request, *, code: str, problem: str | None = None) -> Response:
        return self._pages.show(
            "device.html",
            status=200 if problem is None else 422,
            path=addresses.DEVICE,
            proof=self._browsers.proof(browser_of(request), _FORM),
            code=code,
            problem=problem,
        )
