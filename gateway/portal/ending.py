"""How connecting ends: our own page, a message to the window that opened it, or the way back to the product."""

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from starlette.responses import Response

from gateway.connections.connect_sessions import ConnectSessions
from gateway.connections.portals import Offer, Portal
from gateway.kit.urls import normal_url
from gateway.portal.addresses import page_address
from gateway.portal.views import account_name
from gateway.portal.visits import Visit, Visits
from gateway.tenancy.workspace_settings import settings_of
from gateway.web.headers import lead_to
from gateway.web.pages import Button
from storage.records import Connection

_MESSAGE_TYPE: Final = "weavz-connect-result"
"""What products' code listens for (contract 1.5)."""


class Endings:
    """Shows and tells how it went."""

    def __init__(self, visits: Visits, sessions: ConnectSessions, *, is_https: bool) -> None:
        self._visits = visits
        self._sessions = sessions
        self._is_https = is_https

    def lead_to(self, address: str) -> Response:
        """Lead to a page of ours that may be loaded again without anything happening."""
        return lead_to(address, is_https=self._is_https, may_be_popup=True)

    def connected(self, visit: Visit, offer: Offer) -> Response:
        """Lead to the page that says whose account was connected."""
        return self.lead_to(page_address(visit.portal, offer, show="done"))

    def done(self, visit: Visit, offer: Offer) -> Response:
        """Say whose account is connected, and go back to where the product wants people then."""
        back = way_back(visit.portal, offer.held, error=None)
        if back is not None and offer.held is not None:
            name = account_name(offer)
            return self.leave(visit, back, title=f"{offer.title} is connected", said=f"As {name}." if name else None)
        return self._visits.show(
            visit,
            "done.html",
            title=offer.title,
            offer=offer.key,
            connection=offer.held,
            account=account_name(offer),
            all_accounts=None if visit.portal.is_for_one else page_address(visit.portal),
            onward=visit.portal.onward,
            manage=page_address(visit.portal, offer) if visit.portal.session is None else None,
            told=_told(visit.portal, offer, connection=offer.held, error=None),
        )

    async def failed(self, visit: Visit, offer: Offer, message: str) -> Response:
        """Say why nothing was connected, with a way back."""
        portal = visit.portal
        if portal.session is not None:
            await self._sessions.note(portal.session, "FAILED", error=message)
        back = way_back(portal, None, error=message)
        if back is not None:
            return self.leave(visit, back, title=f"{offer.title} is not connected", said=message)
        return self._visits.show(
            visit,
            "failed.html",
            title=f"{offer.title} is not connected",
            sentence=message,
            button=Button("Try again", page_address(portal, offer)),
            told=_told(portal, offer, connection=None, error=message),
        )

    def leave(self, visit: Visit, address: str, *, title: str, said: str | None = None) -> Response:
        """Go on to another site: by a page, as browsers hold redirects after a form against its page's policy."""
        return self._visits.show(
            visit, "leaving.html", title=title, said=said, address=address, host=urlsplit(address).netloc
        )


def way_back(portal: Portal, connection: Connection | None, *, error: str | None) -> str | None:
    """Return the address at the product with how it went, where the session names one."""
    session = portal.session
    if session is None:
        return None
    address = session.success_redirect_uri if error is None else session.error_redirect_uri
    if address is None or not _may_lead_to(portal, address):
        return None
    told = {
        "status": "success" if error is None else "error",
        "sessionId": session.id,
        "integrationName": session.integration_name,
        "externalId": session.external_id,
        "connectionId": None if connection is None else connection.id,
        "error": error,
    }
    query = urlencode({name: value for name, value in told.items() if value is not None})
    return f"{address}{'&' if urlsplit(address).query else '?'}{query}"


def _may_lead_to(portal: Portal, address: str) -> bool:
    """Hold an address against the workspace's list as it is now: one may have been struck off since (R37)."""
    listed = settings_of(portal.workspace).redirect_uris
    return listed is None or address in listed


def _told(portal: Portal, offer: Offer, *, connection: Connection | None, error: str | None) -> Mapping[str, str]:
    """Return the message for a popup's opener, and which origins may read it, as text for the page."""
    session = portal.session
    known = connection.external_id if connection is not None else None
    message: dict[str, Any] = {
        "type": _MESSAGE_TYPE,
        "status": "success" if error is None else "error",
        "connectionId": None if connection is None else connection.id,
        "integrationName": offer.integration.name,
        "externalId": session.external_id if session is not None else known,
        "error": error,
    }
    return {"result": json.dumps(message), "origins": json.dumps(_listeners(portal))}


def _listeners(portal: Portal) -> list[str]:
    """Return the origins of the product that we know of; where none is named, any: nothing in the message is secret."""
    session = portal.session
    named = () if session is None else (session.success_redirect_uri, session.error_redirect_uri)
    listed = settings_of(portal.workspace).redirect_uris
    known = [each for each in named if each is not None and _may_lead_to(portal, each)] or listed
    return ["*"] if known is None else sorted({str(normal_url(each).origin) for each in known})
