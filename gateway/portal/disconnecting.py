"""Taking an account away again: because it is no longer wanted, or was never this person's."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.portals import Offer
from gateway.errors import ConnectionNotFound
from gateway.portal.addresses import page_address
from gateway.portal.ending import Endings
from gateway.portal.visits import Visit, Visits
from gateway.web.pages import Button
from gateway.web.stops import PageStop
from gateway.wiring import Gateway


class Disconnecting:
    """`POST /connect/disconnect`."""

    def __init__(self, gateway: Gateway, visits: Visits, endings: Endings) -> None:
        self._attachments = gateway.connecting.attachments
        self._visits = visits
        self._endings = endings

    async def answer(self, request: Request) -> Response:
        """Remove the account that the page showed, and no other that has taken its place since."""
        visit = await self._visits.submitted(request)
        offer = visit.offer
        if offer.held is None or offer.held.id != visit.form.get("connection"):
            raise _changed(visit, offer)
        try:
            await self._attachments.detach(visit.portal, offer)
        except ConnectionNotFound as error:
            raise _changed(visit, offer) from error
        return self._endings.lead_to(page_address(visit.portal, offer, show="removed"))


def _changed(visit: Visit, offer: Offer) -> PageStop:
    return PageStop(
        "That account is no longer connected",
        "It was removed or replaced since you opened the page. Nothing was changed now.",
        status=409,
        brand=visit.brand,
        button=Button("See what is connected", page_address(visit.portal, offer)),
    )
