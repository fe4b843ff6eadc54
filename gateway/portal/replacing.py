"""Another account than the connected one: the person says whether it may take its place."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.attaching import NewAccount, SessionOver
from gateway.connections.connect_steps import StepKind, StepLost
from gateway.connections.portals import Offer
from gateway.errors import ToolgateError
from gateway.portal.addresses import page_address, question_address
from gateway.portal.ending import Endings
from gateway.portal.views import account_name
from gateway.portal.visits import Visit, Visits
from gateway.web.pages import Button
from gateway.web.stops import PageStop
from gateway.wiring import Gateway
from integrations.ports import Json

_YES: Final = "replace"


class Replacing:
    """`GET` and `POST /connect/replace`."""

    def __init__(self, gateway: Gateway, visits: Visits, endings: Endings) -> None:
        self._steps = gateway.connecting.steps
        self._attachments = gateway.connecting.attachments
        self._visits = visits
        self._endings = endings

    async def ask(self, visit: Visit, offer: Offer, new: NewAccount) -> Response:
        """Lead to the question; the new account waits, sealed, for this browser's answer."""
        key = await self._steps.begin(
            StepKind.REPLACE,
            {"token": visit.portal.token, "offer_key": offer.key, "account": new.to_json()},
            scope=visit.portal.scope,
            workspace_id=visit.portal.workspace.id,
            browser=visit.browser,
            integration_name=offer.integration.name,
        )
        return self._endings.lead_to(question_address(visit.portal, offer, key))

    async def question(self, request: Request) -> Response:
        """Ask. Loading the page again asks again."""
        query = request.query_params
        visit = await self._visits.open(request, query.get("token", ""))
        offer = visit.offer_called(query.get("offer"))
        step = query.get("step", "")
        new = await self._waiting(visit, offer, step)
        return self._visits.show(
            visit,
            "replace.html",
            title=offer.title,
            offer=offer.key,
            step=step,
            held=account_name(offer),
            new=new.account_label,
        )

    async def decide(self, request: Request) -> Response:
        """Take the answer: replace, or keep what is connected."""
        visit = await self._visits.submitted(request)
        offer, step = visit.offer, visit.form.get("step", "")
        account = await self._waiting(visit, offer, step)
        try:
            await self._steps.take(
                StepKind.REPLACE, step, browser=visit.browser, integration_name=offer.integration.name
            )
        except StepLost as lost:
            raise _over(visit, offer) from lost
        is_wanted = visit.form.get("decision") == _YES
        try:
            if is_wanted:
                await self._attachments.attach(visit.portal, offer, account, replace=True)
            else:
                await self._attachments.keep(visit.portal, offer, account)
        except SessionOver:
            await self._attachments.discard(visit.portal, offer, account)
        except ToolgateError as error:
            if is_wanted:
                await self._attachments.discard(visit.portal, offer, account)
            return await self._endings.failed(visit, offer, f"Nothing was connected: {error.message}.")
        return self._endings.connected(visit, offer)

    async def _waiting(self, visit: Visit, offer: Offer, step: str) -> NewAccount:
        """Return the account that waits for this answer, and leave it. Raises `PageStop`."""
        try:
            carried = await self._steps.look(
                StepKind.REPLACE, step, browser=visit.browser, integration_name=offer.integration.name
            )
        except StepLost as lost:
            raise _over(visit, offer) from lost
        # The same browser may be at other links and other offers: what was approved for one is for no other.
        if (carried["token"], carried["offer_key"]) != (visit.portal.token, offer.key):
            raise _over(visit, offer)
        return _account(carried)


def _account(carried: Mapping[str, Json]) -> NewAccount:
    return NewAccount.from_json(carried["account"])


def _over(visit: Visit, offer: Offer) -> PageStop:
    return PageStop(
        "This question is answered already",
        "Or it waited for more than ten minutes. Nothing was changed now.",
        status=409,
        brand=visit.brand,
        button=Button("See what is connected", page_address(visit.portal, offer)),
    )
