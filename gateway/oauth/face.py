"""The authorization server's routes, and what they are made of."""

from starlette.routing import Route

from gateway.oauth import addresses
from gateway.oauth.authorize import Authorize
from gateway.oauth.connect_step import ConnectStep
from gateway.oauth.consent import Consent
from gateway.oauth.device import DeviceEndpoint, DevicePage
from gateway.oauth.limits import OAuthLimits
from gateway.oauth.metadata import ServerMetadata
from gateway.oauth.register import Registrations
from gateway.oauth.sign_in import sign_in_routes
from gateway.oauth.token import TokenEndpoint
from gateway.web.browser import Browsers
from gateway.web.door import Door
from gateway.web.limits import PageLimits
from gateway.web.pages import Pages
from gateway.wiring import Gateway

OAUTH_BODY_BYTES = 16 * 1024


def oauth_routes(gateway: Gateway) -> list[Route]:
    """Return the routes by which programs and people come to tokens."""
    settings, authorizing = gateway.settings, gateway.authorizing
    issuer = settings.public_url
    pages = Pages(settings, "gateway.oauth")
    browsers = Browsers(cipher=gateway.cipher, is_https=settings.is_https)
    page_limits = PageLimits(trusted_proxies=settings.trusted_proxies, clock=gateway.clock)
    limits = OAuthLimits(trusted_proxies=settings.trusted_proxies, clock=gateway.clock)
    door = Door(pages, browsers, public_url=issuer)

    metadata = ServerMetadata(issuer=issuer).answer
    tokens = TokenEndpoint(authorizing, limits=limits)
    registrations = Registrations(clients=authorizing.clients, limits=limits, issuer=issuer)
    authorize = Authorize(gateway, limits=page_limits)
    devices = DeviceEndpoint(gateway, limits=limits)
    device_page = DevicePage(gateway, pages=pages, browsers=browsers, limits=page_limits)
    connecting = ConnectStep(gateway, pages=pages, browsers=browsers, limits=page_limits)
    consent = Consent(gateway, connecting, pages=pages, browsers=browsers, limits=page_limits)
    return [
        Route(addresses.METADATA, metadata, methods=["GET", "OPTIONS"]),
        Route(addresses.OPENID_METADATA, metadata, methods=["GET", "OPTIONS"]),
        Route(addresses.REGISTER, registrations.register, methods=["POST", "OPTIONS"]),
        Route(addresses.REGISTER + "/{client_id}", registrations.manage, methods=["GET", "DELETE", "OPTIONS"]),
        Route(addresses.TOKEN, tokens.token, methods=["POST", "OPTIONS"]),
        Route(addresses.DEVICE_CODE, devices.begin, methods=["POST", "OPTIONS"]),
        Route(addresses.DEVICE, door(device_page.show), methods=["GET"]),
        Route(addresses.DEVICE, door(device_page.enter), methods=["POST"]),
        Route(addresses.REVOKE, tokens.revoke, methods=["POST", "OPTIONS"]),
        Route(addresses.AUTHORIZE, door(authorize.answer), methods=["GET"]),
        *sign_in_routes(gateway, pages=pages, browsers=browsers, door=door, limits=page_limits),
        Route(addresses.CONSENT, door(consent.show), methods=["GET"]),
        Route(addresses.CONSENT, door(consent.decide), methods=["POST"]),
        Route(addresses.CONNECT, door(connecting.show), methods=["GET"]),
        Route(addresses.CONNECT, door(connecting.act), methods=["POST"]),
    ]
