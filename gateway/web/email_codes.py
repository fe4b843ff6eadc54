"""Codes to the address on an end user's record: the right one shows who sits at the browser."""

from gateway.errors import EndUserNotFound
from gateway.kit.clock import Clock
from gateway.tenancy.branding import Branding
from gateway.tenancy.end_users import existing_end_user
from gateway.tenancy.verification import Proof
from gateway.web.known_browsers import remember
from gateway.web.mailed_codes import Asking, CodeRefused, MailedCodes, Recipient
from storage.database import Database
from storage.records import EndUser


class EmailCodes:
    """What is under way belongs to one browser and one end user."""

    def __init__(self, database: Database, *, codes: MailedCodes, clock: Clock) -> None:
        self._database = database
        self._codes = codes
        self._clock = clock

    @property
    def can_be_sent(self) -> bool:
        """Whether this deployment sends mail."""
        return self._codes.can_be_sent

    async def is_waiting(self, end_user: EndUser, *, browser: str) -> bool:
        """Tell whether this browser has asked for a code that it may still enter."""
        async with self._database.read() as tx:
            return await self._codes.waiting(tx, _asking(end_user, browser)) is not None

    async def send(self, end_user: EndUser, *, browser: str, client: str, brand: Branding, purpose: str) -> None:
        """Send a code; one that this browser was sent before is good no more.

        `client` is what the sender's address is counted by; `purpose` goes on from "to". Raises `RateLimited`,
        `MailFailed`, `EndUserNotFound` (no address).
        """
        if end_user.email is None or end_user.email_key is None:
            raise EndUserNotFound("the end user has no e-mail address")
        await self._codes.send(
            _asking(end_user, browser),
            Recipient(
                address=end_user.email,
                email_key=end_user.email_key,
                counted_by=end_user.id,
                end_user_id=end_user.id,
            ),
            client=client,
            brand=brand,
            purpose=f"has opened a link to {purpose}",
        )

    async def enter(self, end_user: EndUser, code: str, *, browser: str) -> None:
        """Take a code; the right one makes the browser known. Raises `CodeRefused`, `EndUserNotFound`."""
        asking = _asking(end_user, browser)
        async with self._database.write() as tx:
            # As the record is now, not as the page has read it.
            present = await existing_end_user(tx, asking.scope, end_user.id)
            left = await self._codes.take(tx, asking, code, email_key=present.email_key)
            if left is None:
                await remember(tx, present, browser=browser, proof=Proof.EMAIL, now=self._clock())
        if left is not None:
            raise CodeRefused(left)


def _asking(end_user: EndUser, browser: str) -> Asking:
    return Asking(
        organization_id=end_user.organization_id,
        workspace_id=end_user.workspace_id,
        subject=end_user.id,
        browser=browser,
    )
