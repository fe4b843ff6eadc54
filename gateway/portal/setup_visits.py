"""What the links in tool answers lead to: who asks whom to connect what, and on to the portal for that one account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.connections.connect_links import end_users_connect
from gateway.errors import ToolgateError
from gateway.portal.views import Asker
from gateway.tenancy.branding import Branding, branding_of, shown_name
from gateway.tenancy.verification import Means
from gateway.tenancy.workspace_settings import settings_of
from gateway.web.browser import Browsers
from gateway.web.forms import OwnForms
from gateway.web.headers import lead_to
from gateway.web.limits import PageLimits
from gateway.web.stops import PageStop
from gateway.wiring import Gateway
from storage.records import EndUser, Organization, Workspace, WorkspaceIntegration
from storage.scope import TenantScope

_LINK_LIFETIME: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SetupVisit:
    """A link out of a tool's answer that is good, opened in this browser."""

    path: str = field(repr=False)
    """Where the page is; our forms are bound to it."""
    organization: Organization
    workspace: Workspace
    end_user: EndUser
    instance: WorkspaceIntegration
    title: str
    """What people call the integration."""
    means: Means
    browser: str = field(repr=False)

    @property
    def scope(self) -> TenantScope:
        """Whose rows the visit is about."""
        return TenantScope(self.organization.id, frozenset((self.workspace.id,)))

    @property
    def brand(self) -> Branding:
        """Whose page it is."""
        return branding_of(self.organization, self.workspace)

    @property
    def person(self) -> str:
        """What the end user is called on pages. Not by the address: whoever opens the link might learn it."""
        return self.end_user.display_name or "the person who asked"

    @property
    def asker(self) -> Asker:
        """Who asks, and for whom."""
        return Asker(shown_name(self.organization, self.workspace), self.workspace.name, self.person)


class SetupVisits:
    """Opens such links, checks the forms of their pages, and leads on."""

    def __init__(self, gateway: Gateway, *, browsers: Browsers, limits: PageLimits) -> None:
        self._gateway = gateway
        self._browsers = browsers
        self._forms = OwnForms(browsers, limits)
        self._limits = limits

    async def open(self, end_user_id: str, workspace_integration_id: str, *, path: str, browser: str) -> SetupVisit:
        """Find out what a link is about. Raises `PageStop` where that is gone, or the end user is suspended."""
        gateway = self._gateway
        async with gateway.database.read() as tx:
            found = await tx.end_users.find_with_integration(end_user_id, workspace_integration_id)
            if found is None:
                raise link_over()
            end_user, instance = found
            organization = await tx.organizations.find(end_user.organization_id)
            workspace = await tx.workspaces.get(TenantScope(end_user.organization_id), end_user.workspace_id)
        if organization is None or workspace is None or not end_users_connect(instance, gateway.catalogs):
            raise link_over()
        if end_user.suspended_at is not None:
            brand = branding_of(organization, workspace)
            raise PageStop("Connecting is paused", f"{brand.name} has suspended this account.", status=403, brand=brand)
        return SetupVisit(
            path=path,
            organization=organization,
            workspace=workspace,
            end_user=end_user,
            instance=instance,
            title=instance.display_name
            or gateway.catalogs.of(instance.organization_id).get(instance.integration_name).title,
            means=Means(
                settings_of(workspace),
                has_address=end_user.email_key is not None,
                sends_mail=gateway.identity.codes.can_be_sent,
            ),
            browser=browser,
        )

    def count(self, request: Request) -> None:
        """Count a visit to a link that is good. Raises `PageStop`."""
        self._limits.count_token(f"{request.scope['path']} {self._limits.client(request)}")

    def proof(self, visit: SetupVisit) -> str:
        """Return the hidden field of this page's forms."""
        return self._browsers.proof(visit.browser, visit.path)

    async def form(self, request: Request, visit: SetupVisit) -> Mapping[str, str]:
        """Return the form that this visit's page of ours has sent, in this browser. Raises `PageStop`."""
        return await self._forms.of(request, visit.path)

    async def go_on(self, visit: SetupVisit) -> Response:
        """Open the portal for this one account, in this browser only."""
        try:
            link = await self._gateway.connecting.links.create(
                visit.scope,
                visit.end_user.id,
                workspace_integration_id=visit.instance.id,
                lifetime=_LINK_LIFETIME,
                browser=visit.browser,
            )
        except ToolgateError as error:
            raise link_over() from error
        return self.lead_to(link.url)

    def lead_to(self, address: str) -> Response:
        """Lead to a page of ours that may be loaded again without anything happening."""
        return lead_to(address, is_https=self._gateway.settings.is_https)


def link_over() -> PageStop:
    """Say that a link out of a tool's answer opens nothing."""
    return PageStop(
        "This link is no longer good",
        "It has expired, has been used, or what it led to is gone.",
        "Ask your assistant to do again what it could not do: you will get a new link.",
        status=404,
    )
