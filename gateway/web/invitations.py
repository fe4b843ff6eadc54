"""Invitations: a portal link by mail. Holding the mailbox is the proof (design/links-and-identity)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateway.connections.connect_links import ConnectLinks, MintedLink
from gateway.errors import NotFound, RateLimited
from gateway.kit.clock import Clock
from gateway.kit.mail import Mail, Mailer, MailFailed, one_line
from gateway.kit.rates import Window, Windows
from gateway.tenancy.branding import branding_of
from gateway.tenancy.catalogs import Catalogs
from gateway.tenancy.end_users import accept_email, existing_end_user
from gateway.web.letters import Letter, write
from gateway.web.pages import Button
from storage.database import Database
from storage.scope import TenantScope

_HOUR: Final = 3600
_PER_TENANT: Final = 5
_PER_RECIPIENT: Final = 10


@dataclass(frozen=True, slots=True)
class Invitation:
    """The link of an invitation, and whether the mail was handed over."""

    link: MintedLink
    email_sent: bool


class Invitations:
    """Sends invitations: to one address at most five an hour by one organization, and ten by all."""

    def __init__(
        self, database: Database, *, links: ConnectLinks, mailer: Mailer, catalogs: Catalogs, clock: Clock
    ) -> None:
        self._database = database
        self._links = links
        self._mailer = mailer
        self._catalogs = catalogs
        self._per_tenant = Windows(limit=_PER_TENANT, clock=clock, seconds=_HOUR)
        self._per_recipient = Windows(limit=_PER_RECIPIENT, clock=clock, seconds=_HOUR)

    async def invite(
        self,
        scope: TenantScope,
        end_user_id: str,
        email: str,
        *,
        integration_name: str | None = None,
        workspace_integration_id: str | None = None,
        lifetime: timedelta | None = None,
    ) -> Invitation:
        """Make a link for an end user and mail it. The record's own address plays no part, and is not changed.

        A mail that could not be sent is no failure: the link is there. Raises what `ConnectLinks.create` raises, and
        `RateLimited`.
        """
        key = accept_email(email)
        _refuse(self._per_tenant.peek(f"{scope.organization_id} {key}"), self._per_recipient.peek(key))
        link = await self._links.create(
            scope,
            end_user_id,
            integration_name=integration_name,
            workspace_integration_id=workspace_integration_id,
            lifetime=lifetime,
        )
        mail = await self._mail(scope, link, to=email)
        # Counted only now: a call that names something unknown sends nothing.
        tenant, recipient = self._per_tenant.hit(f"{scope.organization_id} {key}"), self._per_recipient.hit(key)
        if tenant.is_exceeded or recipient.is_exceeded:
            raise _too_many(tenant if tenant.is_exceeded else recipient)
        try:
            await self._mailer.send(mail)
        except MailFailed:
            return Invitation(link, email_sent=False)
        return Invitation(link, email_sent=True)

    async def _mail(self, scope: TenantScope, link: MintedLink, *, to: str) -> Mail:
        async with self._database.read() as tx:
            end_user = await existing_end_user(tx, scope, link.record.end_user_id)
            organization = await tx.organizations.find(end_user.organization_id)
            workspace = await tx.workspaces.get(scope, end_user.workspace_id)
            instance = None
            if link.record.workspace_integration_id is not None:
                instance = await tx.workspace_integrations.get(scope, link.record.workspace_integration_id)
        if organization is None or workspace is None:
            raise NotFound("there is no such workspace")
        brand = branding_of(organization, workspace)
        name = one_line(brand.name)
        what, them = "accounts", "them"
        if instance is not None:
            title = (
                instance.display_name
                or self._catalogs.of(instance.organization_id).get(instance.integration_name).title
            )
            what, them = f"{one_line(title)} account", "it"
        greeting = f"Hello {one_line(end_user.display_name)}," if end_user.display_name else "Hello,"
        letter = Letter(
            subject=f"{name} asks you to connect your {what}",
            paragraphs=(
                greeting,
                f"{name} asks you to connect your {what}, so that assistants can work with {them} for you.",
            ),
            button=Button(f"Connect your {what}", link.url),
            closing=(
                f"The link is good until {link.expires_at:%d %B %Y, %H:%M} UTC, and whoever holds it can connect "
                "in your name: please do not pass it on.",
                "If you did not expect this mail, you need do nothing.",
            ),
        )
        return write(letter, to=to, brand=brand)


def _refuse(*windows: Window) -> None:
    for window in windows:
        if not window.remaining:
            raise _too_many(window)


def _too_many(window: Window) -> RateLimited:
    return RateLimited(
        f"email: {window.limit} invitations have gone to this address within the hour; wait, or hand over a link of "
        "connect-token yourself",
        retry_after=window.retry_after,
    )
