"""The connect portal's routes, and what they are made of."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.portal import addresses
from gateway.portal.agents import Agents
from gateway.portal.client_document import ClientDocuments
from gateway.portal.disconnecting import Disconnecting
from gateway.portal.ending import Endings
from gateway.portal.entering import Entering
from gateway.portal.hop import OAuthHop
from gateway.portal.link_page import LinkPage
from gateway.portal.pages import PortalPages
from gateway.portal.replacing import Replacing
from gateway.portal.setup_page import SetupPage
from gateway.portal.setup_visits import SetupVisits
from gateway.portal.signed_handoff import SignedHandoffPage
from gateway.portal.visits import Visits
from gateway.web.browser import Browsers
from gateway.web.door import Door
from gateway.web.limits import PageLimits
from gateway.web.pages import Pages
from gateway.web.stops import PageStop
from gateway.wiring import Gateway


def portal_routes(gateway: Gateway) -> list[Route]:
    """Return the routes of all pages that a portal link, a connect session or a setup URL opens."""
    settings = gateway.settings
    templates = Pages(settings, "gateway.portal")
    browsers = Browsers(cipher=gateway.cipher, is_https=settings.is_https)
    limits = PageLimits(trusted_proxies=settings.trusted_proxies, clock=gateway.clock)
    door = Door(templates, browsers, public_url=settings.public_url, may_be_popup=True)
    # Nobody opens these in a popup: they stand in what agents say.
    setup_door = Door(templates, browsers, public_url=settings.public_url)

    visits = Visits(gateway, pages=templates, browsers=browsers, limits=limits)
    endings = Endings(visits, gateway.connecting.sessions, is_https=settings.is_https)
    pages, replacing = PortalPages(visits, endings, gateway.connecting.oauth), Replacing(gateway, visits, endings)
    hop = OAuthHop(gateway, visits, pages=pages, endings=endings, replacing=replacing, limits=limits)
    entering = Entering(gateway, visits, pages=pages, endings=endings, replacing=replacing, limits=limits)
    agents = Agents(gateway, visits, endings)
    setup_visits = SetupVisits(gateway, browsers=browsers, limits=limits)
    setup = SetupPage(gateway, setup_visits, pages=templates, limits=limits)
    signed = SignedHandoffPage(gateway, limits=limits)
    link = LinkPage(gateway, setup_visits, pages=templates, limits=limits)
    return [
        Route(addresses.SETUP, setup_door(setup.show), methods=["GET"]),
        Route(addresses.SETUP, setup_door(setup.act), methods=["POST"]),
        Route(addresses.SECRET, setup_door(link.show), methods=["GET"]),
        Route(addresses.SECRET, setup_door(link.act), methods=["POST"]),
        Route(addresses.RETURN, setup_door(setup.come_back), methods=["GET"]),
        Route(addresses.SIGNED_PATH, setup_door.from_elsewhere(signed.take), methods=["POST"]),
        Route(addresses.SESSION_PATH, door(pages.answer), methods=["GET"]),
        Route(addresses.LINK_PATH, door(pages.answer), methods=["GET"]),
        Route(addresses.START, door(hop.start), methods=["POST"]),
        Route(addresses.CALLBACK, door(hop.arrive), methods=["GET"]),
        Route(addresses.CREDENTIAL, door(entering.answer), methods=["POST"]),
        Route(addresses.REPLACE, door(replacing.question), methods=["GET"]),
        Route(addresses.REPLACE, door(replacing.decide), methods=["POST"]),
        Route(addresses.DISCONNECT, door(Disconnecting(gateway, visits, endings).answer), methods=["POST"]),
        Route(addresses.AGENTS, door(agents.show), methods=["GET"]),
        Route(addresses.AGENTS, door(agents.end), methods=["POST"]),
        Route(addresses.CLIENT_DOCUMENT, ClientDocuments(public_url=settings.public_url).answer, methods=["GET"]),
        Route(addresses.ANYTHING_ELSE, door(_nothing), methods=["GET", "POST"]),
    ]


async def _nothing(_request: Request) -> Response:
    """Answer who opens the address of a form, or one that was cut off on the way."""
    raise PageStop("There is nothing here", "Open the link that you were given once more.", status=404)
