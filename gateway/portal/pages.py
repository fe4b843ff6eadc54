"""The pages of a portal that only show something: opening them changes nothing."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.connect_methods import ConnectMethod
from gateway.connections.portals import Offer, Portal
from gateway.connections.provider_oauth import ProviderOAuth
from gateway.portal.addresses import agents_address, page_address
from gateway.portal.ending import Endings
from gateway.portal.forms import Entered, form_fields
from gateway.portal.views import Standing, account_name, method_view, offer_view, standing_of
from gateway.portal.visits import Visit, Visits
from integrations.auth_methods import OAuth2
from storage.records import Connection


class PortalPages:
    """`GET /connect/portal` and `GET /connect`."""

    def __init__(self, visits: Visits, endings: Endings, oauth: ProviderOAuth) -> None:
        self._visits = visits
        self._endings = endings
        self._oauth = oauth

    async def answer(self, request: Request) -> Response:
        """Show all accounts, or one of them, or how connecting one went."""
        query = request.query_params
        visit = await self._visits.open(request, query.get("token", ""))
        portal, wanted, state = visit.portal, query.get("offer"), query.get("show")
        offer = portal.offer(wanted) if wanted is not None else _only(visit)
        if offer is None:
            if wanted is not None:
                raise visit.gone()
            return self._list(visit)
        is_connected = standing_of(offer) in (Standing.CONNECTED, Standing.WANTS_MORE)
        is_over = portal.session is not None and portal.session.status == "COMPLETED"
        if is_over or (state == "done" and is_connected):
            return self._endings.done(visit, offer)
        if state == "disconnect" and offer.held is not None:
            return self._visits.show(
                visit,
                "disconnect.html",
                title=offer.title,
                offer=offer.key,
                connection=offer.held,
                account=account_name(offer),
                back=page_address(portal, offer),
            )
        return self.offer(visit, offer, chosen=query.get("method"), is_removed=state == "removed")

    def offer(
        self,
        visit: Visit,
        offer: Offer,
        *,
        chosen: str | None = None,
        entered: Entered | None = None,
        is_removed: bool = False,
    ) -> Response:
        """Show one account; `entered` is what a person has entered and what is wrong with it."""
        portal, methods = visit.portal, self._methods(visit.portal, offer)
        method = _choose(methods, chosen, offer.held)
        others = [each for each in methods if each is not method]
        return self._visits.show(
            visit,
            "offer.html",
            status=200 if entered is None else 422,
            offer=offer_view(portal, offer),
            key=offer.key,
            method=None if method is None else method_view(offer, method),
            fields=[] if method is None else form_fields(method, entered),
            error=None if entered is None else entered.problem,
            others=[(method_view(offer, each).title, page_address(portal, offer, method=each.key)) for each in others],
            disconnect=page_address(portal, offer, show="disconnect") if offer.held is not None else None,
            all_accounts=None if portal.is_for_one else page_address(portal),
            is_removed=is_removed and offer.held is None,
            is_shared=portal.session is not None and portal.session.end_user_external_id is None,
        )

    def _methods(self, portal: Portal, offer: Offer) -> Sequence[ConnectMethod]:
        """Return the ways to connect that can be gone; all, where none can, so that the person learns whom to ask."""
        has_app = self._oauth.has_app(portal, offer)
        return [each for each in offer.methods if has_app or not isinstance(each, OAuth2)] or offer.methods

    def _list(self, visit: Visit) -> Response:
        offers = [offer_view(visit.portal, each) for each in visit.portal.offers]
        return self._visits.show(
            visit, "list.html", offers=offers, agents=agents_address(visit.portal), onward=visit.portal.onward
        )


def _only(visit: Visit) -> Offer | None:
    return visit.portal.offers[0] if len(visit.portal.offers) == 1 and visit.portal.is_for_one else None


def _choose(methods: Sequence[ConnectMethod], asked_for: str | None, held: Connection | None) -> ConnectMethod | None:
    """Choose the way to connect: the one asked for, else the one in use, else the usual one."""
    in_use = held.auth_method_key if held is not None else None
    by_key = {method.key: method for method in methods}
    return by_key.get(asked_for or "") or by_key.get(in_use or "") or next(iter(methods), None)
