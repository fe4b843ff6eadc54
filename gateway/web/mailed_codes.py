"""Codes by mail: six digits to an address, good for the browser and the page that asked for them.

Ten minutes and five tries a code; five codes in a quarter of an hour and twenty a day for one person, or for one
address of one organization: whoever guesses from any number of browsers has a chance of one in ten thousand a day. And
twenty an hour to one address, however many people of however many tenants have it.
"""

import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from gateway.errors import RateLimited
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.mail import Mailer, one_line
from gateway.kit.rates import Windows
from gateway.kit.tokens import hash_token
from gateway.tenancy.branding import Branding
from gateway.tenancy.verification import Proof
from gateway.web.letters import Letter, write
from storage.database import Database, Transaction
from storage.records import IdentityCheck
from storage.scope import TenantScope

LIFETIME: Final = timedelta(minutes=10)
TRIES: Final = 5
_PURPOSE: Final = "email code"
_SIX_DIGITS: Final = re.compile("[0-9]{6}")
_QUARTER_OF_AN_HOUR: Final = 15 * 60
_HOUR: Final = 60 * 60
_DAY: Final = 24 * 60 * 60


@dataclass
class CodeRefused(Exception):
    """This is not the code. With no tries left, or none asked for (any more), a new one has to be sent."""

    tries_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What one page in one browser asks a code for."""

    organization_id: str
    workspace_id: str
    subject: str = field(repr=False)
    """What tells this page's code from any other: the id of whom or what it is about."""
    browser: str = field(repr=False)

    @property
    def key_hash(self) -> str:
        """What the code that is under way goes by."""
        return hash_token(f"{self.subject} {self.browser}")

    @property
    def scope(self) -> TenantScope:
        """Whose rows it is about."""
        return TenantScope(self.organization_id, frozenset((self.workspace_id,)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Where a code goes, and what its codes and tries are counted by."""

    address: str = field(repr=False)
    email_key: str = field(repr=False)
    counted_by: str = field(repr=False)
    end_user_id: str | None = None


class MailedCodes:
    """Sends codes and takes them, within the caller's transaction where something follows from the right one."""

    def __init__(self, database: Database, *, cipher: Cipher, mailer: Mailer, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._mailer = mailer
        self._clock = clock
        self._lately = Windows(limit=5, clock=clock, seconds=_QUARTER_OF_AN_HOUR)
        self._today = Windows(limit=20, clock=clock, seconds=_DAY)
        # A whole office may sit behind one address.
        self._per_client = Windows(limit=100, clock=clock, seconds=_QUARTER_OF_AN_HOUR)
        self._per_stranger = Windows(limit=20, clock=clock, seconds=_QUARTER_OF_AN_HOUR)
        self._per_mailbox = Windows(limit=20, clock=clock, seconds=_HOUR)

    @property
    def can_be_sent(self) -> bool:
        """Whether this deployment sends mail."""
        return self._mailer.delivers

    async def waiting(self, tx: Transaction, asking: Asking) -> IdentityCheck | None:
        """Return the code that this page in this browser may still enter."""
        check = await tx.identity_checks.by_key(asking.scope, Proof.EMAIL, asking.key_hash)
        if check is None or check.expires_at <= self._clock() or check.tries >= TRIES:
            return None
        return check

    async def send(self, asking: Asking, to: Recipient, *, client: str, brand: Branding, purpose: str) -> None:
        """Send a code; one that this page in this browser was sent before is good no more.

        `client` is what the sender's address is counted by; `purpose` says what was opened. Raises `RateLimited`,
        `MailFailed`.
        """
        self._count(to, client)
        code, now, row_id = f"{secrets.randbelow(1_000_000):06}", self._clock(), new_id()
        async with self._database.write() as tx:
            before = await tx.identity_checks.by_key(asking.scope, Proof.EMAIL, asking.key_hash)
            if before is not None:
                await tx.identity_checks.delete(before)
            await tx.identity_checks.insert(
                IdentityCheck(
                    id=row_id,
                    organization_id=asking.organization_id,
                    workspace_id=asking.workspace_id,
                    kind=Proof.EMAIL,
                    key_hash=asking.key_hash,
                    browser_hash=hash_token(asking.browser),
                    proof=self._signed(asking, to.email_key, code),
                    end_user_id=to.end_user_id,
                    sealed=self._cipher.seal(to.address.encode(), *_context(row_id)),
                    expires_at=now + LIFETIME,
                    created_at=now,
                )
            )
        await self._mailer.send(write(_letter(brand, code, purpose), to=to.address, brand=brand))

    def address(self, check: IdentityCheck) -> str:
        """Return where the code of this check went."""
        return self._cipher.open(check.sealed, *_context(check.id)).decode()

    async def take(self, tx: Transaction, asking: Asking, code: str, *, email_key: str | None) -> int | None:
        """Take a code that went to this address; None says that it is right, and is used up with this.

        Otherwise the number of tries that are left; this one has been counted, so let the transaction commit.
        """
        check = await self.waiting(tx, asking)
        if check is None:
            return 0
        digits = _digits(code)
        if not _SIX_DIGITS.fullmatch(digits):
            # A slip, not a guess: nothing that was sent looks like it.
            return TRIES - check.tries
        right = self._signed(asking, email_key or "", digits)
        if hmac.compare_digest(check.proof or "", right):
            await tx.identity_checks.delete(check)
            return None
        # Writers take turns, so no two tries count as one.
        tries = check.tries + 1
        await tx.identity_checks.update(check, tries=tries)
        return TRIES - tries

    def _count(self, to: Recipient, client: str) -> None:
        # Where anybody may write any address, sending ends sooner, and is in nobody's way whom a record names.
        is_on_record = to.end_user_id is not None
        counted = (
            (self._per_client if is_on_record else self._per_stranger, client),
            (self._per_mailbox, f"{'on record' if is_on_record else 'written'} {to.email_key}"),
            (self._lately, to.counted_by),
            (self._today, to.counted_by),
        )
        for windows, key in counted:
            window = windows.peek(key)
            if not window.remaining:
                raise RateLimited("too many codes have been asked for; wait", retry_after=window.retry_after)
        for windows, key in counted:
            windows.hit(key)

    def _signed(self, asking: Asking, email_key: str, code: str) -> str:
        # With the address: a code that went to one which the record no longer has opens nothing.
        return self._cipher.sign(_PURPOSE, f"{asking.key_hash} {email_key} {code}".encode()).hex()


def masked(address: str) -> str:
    """Return an address so that its owner recognises it, and others learn little."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 1 else ''}•••@{domain}"


def told_tries(left: int) -> str:
    """Say how a wrong code leaves somebody."""
    match left:
        case 0:
            return "That code is not good any more. Send a new one, and enter it within ten minutes."
        case 1:
            return "That is not the code. You have one try left."
        case _:
            return f"That is not the code. You have {left} tries left."


def _letter(brand: Branding, code: str, purpose: str) -> Letter:
    name = one_line(brand.name)
    return Letter(
        subject=f"Your code for {name}",
        paragraphs=(
            f"Somebody, hopefully you, {one_line(purpose)}.",
            "To go on, enter this code on the page that asked for it:",
        ),
        code=code,
        closing=(
            "The code is good for ten minutes, in that browser only.",
            "If you did not ask for it, do nothing, and never tell it to anybody: whoever has the code can go on "
            "in your name.",
        ),
    )


def _digits(code: str) -> str:
    """Return the code as people may write it: in two groups, with blanks around."""
    return "".join(code.split()).replace("-", "")


def _context(row_id: str) -> tuple[str, str]:
    return "identity_checks", row_id
