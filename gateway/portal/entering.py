"""Connecting with something that the person enters: tried at the provider before it is kept."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.attaching import AnotherAccount, NewAccount
from gateway.connections.connect_methods import ConnectMethod
from gateway.connections.credential_forms import accept_values
from gateway.connections.portals import Offer
from gateway.connections.provider_oauth import plain_words
from gateway.errors import ToolgateError, ValidationFailed
from gateway.portal.ending import Endings
from gateway.portal.forms import Entered, given_values, problems, secret_field
from gateway.portal.pages import PortalPages
from gateway.portal.replacing import Replacing
from gateway.portal.visits import Visit, Visits
from gateway.web.limits import PageLimits
from gateway.wiring import Gateway
from integrations.auth_methods import OAuth2
from integrations.failures import ActionFailed, CredentialsRejected
from integrations.ports import Json


class Entering:
    """`POST /connect/credential`."""

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
        self._entered = gateway.connecting.entered
        self._attachments = gateway.connecting.attachments
        self._visits = visits
        self._pages = pages
        self._endings = endings
        self._replacing = replacing
        self._limits = limits

    async def answer(self, request: Request) -> Response:
        """Check what was entered, try it at the provider, and keep it."""
        visit = await self._visits.submitted(request)
        offer, method = visit.offer, visit.method
        if isinstance(method, OAuth2) or visit.portal.session is not None:
            raise visit.gone()
        errors = problems(method, visit.form)
        try:
            values = {} if errors else accept_values(method, given_values(method, visit.form))
        except ValidationFailed as error:
            return self._again(visit, offer, method, problem=error.message)
        if errors:
            return self._again(visit, offer, method, errors=errors)
        self._limits.count_secret(visit.portal.token)
        try:
            new = await self._proven(offer, method, values)
        except CredentialsRejected as error:
            return self._again(visit, offer, method, errors=_refused(offer, method, error))
        except ActionFailed as error:
            self._limits.forgive_secret(visit.portal.token)
            said = plain_words(error.message)
            problem = (
                f"{offer.title} could not be asked whether this works ({said}). Nothing was saved; please try again."
            )
            return self._again(visit, offer, method, problem=problem)
        self._limits.forgive_secret(visit.portal.token)
        return await self._attached(visit, offer, new)

    async def _proven(self, offer: Offer, method: ConnectMethod, values: dict[str, Json]) -> NewAccount:
        found = await self._entered.proven(offer.integration, method, values, enabled=offer.enabled_actions)
        return NewAccount(
            method_key=method.key,
            values=found.values,
            account_id=found.account.id if found.account else None,
            account_label=found.account.label if found.account else None,
            granted_scopes=found.granted_scopes,
            obtained_at=found.obtained_at,
            expires_at=found.expires_at,
        )

    async def _attached(self, visit: Visit, offer: Offer, new: NewAccount) -> Response:
        try:
            await self._attachments.attach(visit.portal, offer, new)
        except AnotherAccount as other:
            return await self._replacing.ask(visit, offer, other.new)
        except ToolgateError as error:
            return await self._endings.failed(visit, offer, f"Nothing was connected: {error.message}.")
        return self._endings.connected(visit, offer)

    def _again(
        self,
        visit: Visit,
        offer: Offer,
        method: ConnectMethod,
        *,
        errors: dict[str, str] | None = None,
        problem: str | None = None,
    ) -> Response:
        return self._pages.offer(visit, offer, chosen=method.key, entered=Entered(visit.form, errors or {}, problem))


def _refused(offer: Offer, method: ConnectMethod, error: CredentialsRejected) -> dict[str, str]:
    where = secret_field(method)
    said = plain_words(error.message)
    return {where: f"{offer.title} does not accept this{f' ({said})' if said else ''}."} if where else {}
