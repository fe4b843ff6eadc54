"""The page behind a link-mode secret: says who asks for what, and goes on, once, when the person says so."""

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.setup_secrets import PATH
from gateway.portal.setup_visits import SetupVisit, SetupVisits, link_over
from gateway.tenancy.workspace_settings import SetupVerification
from gateway.web.door import browser_of
from gateway.web.limits import PageLimits
from gateway.web.pages import Pages
from gateway.web.stops import PageStop
from gateway.wiring import Gateway


class LinkPage:
    """`/connect/l/{secret}`. Opening it spends nothing: previews and scanners open it too."""

    def __init__(self, gateway: Gateway, visits: SetupVisits, *, pages: Pages, limits: PageLimits) -> None:
        self._secrets = gateway.setup_secrets
        self._visits = visits
        self._pages = pages
        self._limits = limits

    async def show(self, request: Request) -> Response:
        """Ask whether to go on."""
        visit = await self._open(request)
        return self._pages.show(
            "link.html",
            brand=visit.brand,
            title=visit.title,
            asker=visit.asker,
            path=visit.path,
            proof=self._visits.proof(visit),
        )

    async def act(self, request: Request) -> Response:
        """Go on, in this browser; the link is spent."""
        visit = await self._open(request)
        await self._visits.form(request, visit)
        if await self._secrets.spend(request.path_params["secret"]) is None:
            raise link_over()
        return await self._visits.go_on(visit)

    async def _open(self, request: Request) -> SetupVisit:
        secret = request.path_params["secret"]
        try:
            link = await self._secrets.look(secret)
            if link is None or link.workspace_integration_id is None:
                raise link_over()
            visit = await self._visits.open(
                link.end_user_id, link.workspace_integration_id, path=PATH + secret, browser=browser_of(request)
            )
            # What was handed out before the workspace asked for more is good no longer.
            if visit.means.settings.setup_verification is not SetupVerification.LINK:
                raise link_over()
        except PageStop:
            self._limits.count_stranger(request)
            raise
        self._visits.count(request)
        return visit
