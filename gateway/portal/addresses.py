"""Addresses of the connect pages."""

from typing import Final
from urllib.parse import urlencode

from gateway.connections.client_registration import DOCUMENT_PATH
from gateway.connections.connect_links import PATH as LINK_PATH
from gateway.connections.connect_methods import CALLBACK_PATH
from gateway.connections.connect_sessions import PATH as SESSION_PATH
from gateway.connections.portals import Offer, Portal
from gateway.connections.setup_secrets import PATH as SECRET_PATH
from gateway.connections.setup_urls import PATH as SETUP_PATH
from gateway.web.handoffs import RETURN_PATH, SIGNED_PATH

SETUP: Final = f"{SETUP_PATH}{{setup_id}}"
SECRET: Final = f"{SECRET_PATH}{{secret}}"
RETURN: Final = f"{RETURN_PATH}{{secret}}"
START: Final = "/connect/start"
CREDENTIAL: Final = "/connect/credential"
DISCONNECT: Final = "/connect/disconnect"
REPLACE: Final = "/connect/replace"
AGENTS: Final = "/connect/agents"
CALLBACK: Final = f"{CALLBACK_PATH}{{integration}}"
CLIENT_DOCUMENT: Final = f"{DOCUMENT_PATH}{{integration}}"

ANYTHING_ELSE: Final = "/connect/{rest:path}"

__all__ = [
    "AGENTS",
    "ANYTHING_ELSE",
    "CALLBACK",
    "CLIENT_DOCUMENT",
    "CREDENTIAL",
    "DISCONNECT",
    "LINK_PATH",
    "REPLACE",
    "RETURN",
    "SECRET",
    "SESSION_PATH",
    "SETUP",
    "SIGNED_PATH",
    "START",
    "agents_address",
    "page_address",
    "question_address",
]


def page_address(portal: Portal, offer: Offer | None = None, **further: str) -> str:
    """Return the address of a portal's page: of all its accounts, or of one; `further` says which state of it."""
    path = LINK_PATH if portal.session is None else SESSION_PATH
    chosen = {} if offer is None or portal.session is not None else {"offer": offer.key}
    return f"{path}?{urlencode({'token': portal.token, **chosen, **further})}"


def agents_address(portal: Portal, **further: str) -> str:
    """Return the address of the page that shows which programs act for the portal's person."""
    return f"{AGENTS}?{urlencode({'token': portal.token, **further})}"


def question_address(portal: Portal, offer: Offer, step: str) -> str:
    """Return the address of the question whether another account may take this one's place."""
    return f"{REPLACE}?{urlencode({'token': portal.token, 'offer': offer.key, 'step': step})}"
