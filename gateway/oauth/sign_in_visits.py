"""A browser in the middle of signing in: for which request of which program, and by what ways it may."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from gateway.access.oauth_errors import OAuthError
from gateway.access.pending_requests import PendingRequest
from gateway.oauth import addresses
from gateway.tenancy.admission import Admission, Choice, NotAdmitted
from gateway.tenancy.branding import Branding, branding_of
from gateway.tenancy.identities import EMAIL_ISSUER, is_handoff
from gateway.tenancy.sign_in_methods import SignInMethods, sign_in_methods
from gateway.tenancy.verification import Proof
from gateway.web.browser import Browsers
from gateway.web.door import browser_of
from gateway.web.forms import OwnForms
from gateway.web.headers import lead_to
from gateway.web.known_browsers import remember
from gateway.web.limits import PageLimits
from gateway.web.mailed_codes import Asking
from gateway.web.signed_in_browsers import LIFETIME, describe
from gateway.web.stops import PageStop
from gateway.wiring import Gateway
from storage.records import EndUser, Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInVisit:
    """One browser at the sign-in of one request."""

    key: str = field(repr=False)
    pending: PendingRequest
    methods: SignInMethods
    browser: str = field(repr=False)
    described: str
    """What the person will recognise this browser by."""

    @property
    def brand(self) -> Branding:
        """Whose page it is."""
        return branding_of(self.pending.organization, self.pending.workspace)

    @property
    def asking(self) -> Asking:
        """What a code that is asked for here goes by."""
        return Asking(
            organization_id=self.pending.organization.id,
            workspace_id=self.pending.workspace.id,
            subject=self.pending.id,
            browser=self.browser,
        )

    @property
    def path(self) -> str:
        """Where this sign-in goes on."""
        return sign_in_path(self.key)


class SignInVisits:
    """Opens sign-ins, checks their forms, and notes what has come of them."""

    def __init__(self, gateway: Gateway, *, browsers: Browsers, limits: PageLimits) -> None:
        self._gateway = gateway
        self._requests = gateway.authorizing.requests
        self._admission = Admission(gateway.database, clock=gateway.clock)
        self._browsers = browsers
        self._forms = OwnForms(browsers, limits)
        self._limits = limits

    async def open(self, request: Request, key: str) -> SignInVisit:
        """Find out what a browser signs in for. Raises `PageStop`."""
        browser = browser_of(request)
        pending = await self._requests.open(key, browser=browser)
        if pending is None:
            self._limits.count_stranger(request)
            raise sign_in_over()
        self._limits.count_token(key)
        async with self._gateway.database.read() as tx:
            providers = await tx.identity_providers.all(pending.scope)
        methods = sign_in_methods(
            pending.organization,
            pending.workspace,
            providers=providers,
            sends_mail=self._gateway.identity.sign_in_codes.can_be_sent,
        )
        described = describe(request.headers.get("user-agent", ""))
        return SignInVisit(key=key, pending=pending, methods=methods, browser=browser, described=described)

    async def submitted(self, request: Request) -> tuple[SignInVisit, Mapping[str, str]]:
        """Return the form that a page of ours in this browser has sent, and what for. Raises `PageStop`."""
        form = await self._forms.about(request, "request")
        return await self.open(request, form.get("request", "")), form

    def proof(self, visit: SignInVisit) -> str:
        """Return the hidden field of this page's forms."""
        return self._browsers.proof(visit.browser, visit.key)

    async def offered(self, visit: SignInVisit, identity: Identity) -> list[EndUser]:
        """Return whom somebody may act as. Raises `NotAdmitted`."""
        return list(await self._admission.offered(visit.pending.server, identity))

    async def signed_in(self, visit: SignInVisit, identity: Identity) -> Response:
        """Note who has signed in, and go on: to consent, or to what is left to be asked or said."""
        try:
            await self._requests.signed_in(visit.key, browser=visit.browser, identity_id=identity.id)
        except OAuthError as error:
            raise sign_in_over() from error
        return await self.admit(visit, identity)

    async def admit(self, visit: SignInVisit, identity: Identity) -> Response:
        """Settle as whom somebody acts who has signed in, where that is settled without asking."""
        try:
            admitted = await self._admission.admit(visit.pending.server, identity)
        except NotAdmitted:
            return self.lead_to(visit, visit.path)
        if isinstance(admitted, Choice):
            return self.lead_to(visit, visit.path)
        return await self._act_as(visit, identity, admitted)

    async def choose(self, visit: SignInVisit, identity: Identity, end_user_id: str) -> Response:
        """Act as one of several, whom the person has chosen."""
        try:
            chosen = await self._admission.choose(visit.pending.server, identity, end_user_id)
        except NotAdmitted:
            return self.lead_to(visit, visit.path)
        return await self._act_as(visit, identity, chosen)

    async def deny(self, visit: SignInVisit) -> str:
        """End the request; returns the address that tells the program. Raises `PageStop`."""
        try:
            return await self._requests.deny(visit.key, browser=visit.browser, description="nobody was admitted")
        except OAuthError as error:
            raise sign_in_over() from error

    async def _act_as(self, visit: SignInVisit, identity: Identity, end_user: EndUser) -> Response:
        try:
            await self._requests.acts_as(visit.key, browser=visit.browser, end_user_id=end_user.id)
        except OAuthError as error:
            raise sign_in_over() from error
        async with self._gateway.database.write() as tx:
            present = await tx.end_users.get(visit.pending.scope, end_user.id)
            if present is not None:
                await remember(tx, present, browser=visit.browser, proof=_proof(identity), now=self._gateway.clock())
        return self.lead_to(visit, addresses.of_request(addresses.CONSENT, visit.key))

    def lead_to(self, visit: SignInVisit, path: str) -> Response:
        """Lead to a page of ours that may be loaded again; the browser keeps its cookie as long as it is signed in."""
        response = lead_to(path, is_https=self._gateway.settings.is_https)
        self._browsers.remember(response, visit.browser, lasting=LIFETIME)
        return response


def sign_in_path(key: str) -> str:
    """Return the path at which a request's sign-in goes on."""
    return addresses.of_request(addresses.SIGN_IN, key)


def sign_in_over() -> PageStop:
    """Say that there is nothing to sign in for."""
    return PageStop(
        "This sign-in is over",
        "It was finished already, waited for too long, or was begun in another browser.",
        "To begin again, go back to the program and connect it once more.",
        status=404,
    )


def _proof(identity: Identity) -> Proof:
    if is_handoff(identity):
        return Proof.HANDOFF
    return Proof.EMAIL if identity.issuer == EMAIL_ISSUER else Proof.SIGN_IN
