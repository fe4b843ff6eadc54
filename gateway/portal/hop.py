"""Connecting by OAuth: the person goes to the provider to approve, and comes back to our callback."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.attaching import AnotherAccount, NewAccount, SessionOver
from gateway.connections.connect_steps import StepFault, StepLost
from gateway.connections.credential_forms import accept_inputs
from gateway.connections.portals import Offer
from gateway.connections.provider_oauth import ConnectFailed, Hop, unique_parameters
from gateway.errors import NoOAuthApp, ToolgateError
from gateway.kit.log import get_logger
from gateway.portal.addresses import page_address
from gateway.portal.ending import Endings
from gateway.portal.forms import Entered, given_values, problems
from gateway.portal.pages import PortalPages
from gateway.portal.replacing import Replacing
from gateway.portal.visits import Visit, Visits
from gateway.tenancy.catalogs import OWN_PREFIX
from gateway.web.door import browser_of
from gateway.web.limits import PageLimits
from gateway.web.pages import Button
from gateway.web.stops import PageStop
from gateway.wiring import Gateway
from integrations.auth_methods import OAuth2

_log = get_logger(__name__)


class OAuthHop:
    """`POST /connect/start` and `GET /connect/callback/{integration}`."""

    def __init__(
        self,
        gateway: Gateway,
        visits: Visits,
        *,
        pages: PortalPages,
        endings: Endings,
        replacing: Replacing,
        limits: PageLimits,
    ) -> None:
        self._connecting = gateway.connecting
        self._catalog = gateway.catalogs.shipped
        self._visits = visits
        self._pages = pages
        self._endings = endings
        self._replacing = replacing
        self._limits = limits

    async def start(self, request: Request) -> Response:
        """Send the person to the provider."""
        visit = await self._visits.submitted(request)
        offer, method, session = visit.offer, visit.method, visit.portal.session
        if session is not None and session.status == "COMPLETED":
            return self._endings.connected(visit, offer)
        if not isinstance(method, OAuth2):
            raise visit.gone()
        found = problems(method, visit.form)
        if found:
            return self._pages.offer(visit, offer, chosen=method.key, entered=Entered(visit.form, found))
        inputs = accept_inputs(method, given_values(method, visit.form))
        try:
            address = await self._connecting.oauth.begin(
                visit.portal, offer, method, browser=visit.browser, inputs=inputs
            )
        except NoOAuthApp as error:
            return await self._endings.failed(visit, offer, _no_app(offer, error))
        except ConnectFailed as error:
            return self._pages.offer(visit, offer, chosen=method.key, entered=Entered(visit.form, {}, error.message))
        if session is not None:
            await self._connecting.sessions.note(session, "CONNECTING")
        return self._endings.leave(visit, address, title=f"Going to {offer.integration.title}…")

    async def arrive(self, request: Request) -> Response:
        """Take what the provider has sent the browser back with, once."""
        name = request.path_params["integration"]
        answer = unique_parameters(request.scope["query_string"].decode("latin-1"))
        browser = browser_of(request)
        if name not in self._catalog and not name.startswith(OWN_PREFIX):
            self._limits.count_stranger(request)
            raise await self._late(name, StepLost(StepFault.UNKNOWN), browser=browser)
        try:
            hop = await self._connecting.oauth.arrive(name, answer.get("state", ""), browser=browser)
        except StepLost as lost:
            self._limits.count_stranger(request)
            raise await self._late(name, lost, browser=browser) from lost
        visit = await self._visits.open(request, hop.token)
        offer = visit.portal.offer(hop.offer_key)
        if offer is None or offer.integration.name != name:
            raise visit.gone()
        return await self._redeemed(visit, offer, hop, answer=answer)

    async def _redeemed(self, visit: Visit, offer: Offer, hop: Hop, *, answer: dict[str, str]) -> Response:
        try:
            new = await self._connecting.oauth.redeem(visit.portal, offer, hop, answer)
        except ConnectFailed as error:
            _note(visit, offer, error)
            return await self._endings.failed(visit, offer, error.message)
        except NoOAuthApp as error:
            return await self._endings.failed(visit, offer, _no_app(offer, error))
        try:
            return await self._attached(visit, offer, new)
        except SessionOver:
            await self._connecting.attachments.discard(visit.portal, offer, new)
            return self._endings.connected(visit, offer)
        except ToolgateError as error:
            # The tenant changed meanwhile: the end user is gone or suspended, or the external id was taken.
            _log.info("account not attached", code=error.code, integration=offer.integration.name)
            await self._connecting.attachments.discard(visit.portal, offer, new)
            return await self._endings.failed(visit, offer, f"{_sentence(error.message)} Nothing was connected.")

    async def _attached(self, visit: Visit, offer: Offer, new: NewAccount) -> Response:
        try:
            await self._connecting.attachments.attach(visit.portal, offer, new)
        except AnotherAccount as other:
            return await self._replacing.ask(visit, offer, other.new)
        return self._endings.connected(visit, offer)

    async def _late(self, integration_name: str, lost: StepLost, *, browser: str) -> PageStop:
        """Say, for each way to come too late or from elsewhere, what to do."""
        title = self._catalog.get(integration_name).title if integration_name in self._catalog else "the provider"
        button = await self._way_back(lost, browser=browser)
        match lost.fault:
            case StepFault.TAKEN:
                return PageStop(
                    "This step is done already",
                    f"The answer from {title} has been used; loading this page again changes nothing.",
                    *(["Continue, and you see how it went."] if button else []),
                    status=409,
                    button=button,
                )
            case StepFault.EXPIRED:
                return PageStop(
                    "That took too long",
                    f"For your safety an answer from {title} counts for ten minutes only. Nothing was connected.",
                    "Please start again." if button else "Open the link that you were given and start again.",
                    status=410,
                    button=button,
                )
            case StepFault.OF_ANOTHER_BROWSER:
                return PageStop(
                    "This was begun in another browser",
                    f"An answer from {title} counts only in the browser in which connecting was begun. "
                    "Nothing was connected.",
                    "Open the link that you were given in this browser, and connect here.",
                    status=403,
                )
            case StepFault.UNKNOWN:
                return PageStop(
                    "We did not ask for this",
                    f"This answer from {title} belongs to nothing that was begun here. Nothing was connected.",
                    "To connect an account, open the link that you were given.",
                    status=404,
                )

    async def _way_back(self, lost: StepLost, *, browser: str) -> Button | None:
        token, key = lost.way_back.get("token"), lost.way_back.get("offer_key")
        if not isinstance(token, str) or not isinstance(key, str):
            return None
        portal = await self._connecting.portals.open(token, browser=browser)
        if portal is None:
            return None
        return Button("Continue", page_address(portal, portal.offer(key)))


def _note(visit: Visit, offer: Offer, error: ConnectFailed) -> None:
    """Leave a trace for whoever runs this: the page is all that the person sees, and its status is 200."""
    tell = _log.warning if error.blames_app else _log.info
    portal = visit.portal
    tell(
        "account not connected",
        integration=offer.integration.name,
        workspace_id=portal.workspace.id,
        end_user_id=portal.end_user.id if portal.end_user else None,
        session_id=portal.session.id if portal.session else None,
        reason=error.message,
    )


def _no_app(offer: Offer, error: NoOAuthApp) -> str:
    # What is missing is for whoever runs this, who also gets it over REST.
    _log.warning("no OAuth app", integration=offer.integration.name, reason=error.message)
    return f"{offer.title} is not ready to be connected: this installation is not registered there. Please tell whoever runs it."


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
