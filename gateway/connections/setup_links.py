"""The link that a tool's answer holds where an account is missing: what the workspace asks of whoever opens it."""

from dataclasses import dataclass
from datetime import datetime

from gateway.connections.setup_secrets import SetupSecrets
from gateway.connections.setup_urls import SetupUrls
from gateway.principals import Caller
from gateway.tenancy.verification import Means, what_is_missing
from gateway.tenancy.workspace_settings import SetupVerification, settings_of
from storage.database import Database


@dataclass(frozen=True, slots=True)
class SetupLink:
    """A link to hand out. `obstacle` is what keeps everybody from passing its check, where something does."""

    url: str
    expires_at: datetime
    obstacle: str | None = None


class SetupLinks:
    """Makes them when a call has been refused; no call that works pays for it."""

    def __init__(self, database: Database, *, urls: SetupUrls, secrets: SetupSecrets, sends_mail: bool) -> None:
        self._database = database
        self._urls = urls
        self._secrets = secrets
        self._sends_mail = sends_mail

    async def make(self, caller: Caller, end_user_id: str, workspace_integration_id: str) -> SetupLink:
        """Return the link under which this end user connects this workspace integration."""
        async with self._database.read() as tx:
            workspace = await tx.workspaces.get(caller.scope, caller.workspace_id)
            end_user = await tx.end_users.get(caller.scope, end_user_id)
        plain = self._urls.make(end_user_id, workspace_integration_id)
        if workspace is None or end_user is None:
            # Deleted since the call began: the page will say so.
            return SetupLink(plain.url, plain.expires_at)
        settings = settings_of(workspace)
        if settings.setup_verification is SetupVerification.LINK:
            secret = await self._secrets.make(caller, end_user_id, workspace_integration_id)
            return SetupLink(secret.url, secret.expires_at)
        means = Means(settings, has_address=end_user.email_key is not None, sends_mail=self._sends_mail)
        return SetupLink(plain.url, plain.expires_at, what_is_missing(means))
