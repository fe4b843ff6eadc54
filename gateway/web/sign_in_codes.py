"""Signing in by a code: whoever reads what is sent to an address is the identity of that address."""

from gateway.errors import ValidationFailed
from gateway.kit.clock import Clock
from gateway.tenancy.branding import Branding
from gateway.tenancy.emails import email_key
from gateway.tenancy.identities import by_email_code, identity_of
from gateway.web.mailed_codes import Asking, CodeRefused, MailedCodes, Recipient
from gateway.web.signed_in_browsers import stay_signed_in
from storage.database import Database
from storage.records import Identity
from storage.scope import TenantScope


class SignInCodes:
    """Whether an address is known here plays no part: everybody who asks gets a code, and the same answers."""

    def __init__(self, database: Database, *, codes: MailedCodes, clock: Clock) -> None:
        self._database = database
        self._codes = codes
        self._clock = clock

    @property
    def can_be_sent(self) -> bool:
        """Whether this deployment sends mail."""
        return self._codes.can_be_sent

    async def waiting_for(self, asking: Asking) -> str | None:
        """Return the address whose code this browser may still enter."""
        async with self._database.read() as tx:
            check = await self._codes.waiting(tx, asking)
        return None if check is None else self._codes.address(check)

    async def send(self, asking: Asking, address: str, *, client: str, brand: Branding, purpose: str) -> None:
        """Send a code to an address, whoever has it. Raises `ValidationFailed`, `RateLimited`, `MailFailed`."""
        key = email_key(address)
        if key is None:
            raise ValidationFailed("That is not an e-mail address.")
        recipient = Recipient(address=address, email_key=key, counted_by=f"{asking.organization_id} {key}")
        await self._codes.send(asking, recipient, client=client, brand=brand, purpose=purpose)

    async def enter(self, asking: Asking, code: str, *, described: str) -> Identity:
        """Take a code; the right one signs in, and the browser stays so. Raises `CodeRefused`.

        `described` is what the person will recognise the browser by.
        """
        now, identity, left = self._clock(), None, 0
        async with self._database.write() as tx:
            check = await self._codes.waiting(tx, asking)
            if check is not None:
                address = self._codes.address(check)
                key = email_key(address) or ""
                left = await self._codes.take(tx, asking, code, email_key=key)
                if left is None:
                    scope = TenantScope(asking.organization_id)
                    identity = await identity_of(tx, scope, by_email_code(address, key), now=now)
                    await stay_signed_in(tx, identity, browser=asking.browser, described=described, now=now)
        if identity is None:
            raise CodeRefused(left or 0)
        return identity
