"""Hand-off: the product, which knows who is logged in there, tells us who sits at a browser.

It can't be phished: the browser that begins gets the challenge and has our cookie; the product's backend confirms the
challenge, by a call with its API key or by a token that it signs, and the browser comes back; the way back opens only
together with that cookie. Whoever begins a hand-off and sends the address to somebody else gets nothing, and neither
does the other.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from gateway.errors import Conflict, EndUserNotFound, Forbidden, NotFound
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint
from gateway.tenancy.end_users import find_or_add, unknown_end_user
from gateway.tenancy.organizations import creates_end_users
from gateway.tenancy.verification import Proof
from gateway.web.handoff_tokens import HandoffRefused, SignedHandoff
from gateway.web.known_browsers import remember
from storage.database import Database, Transaction
from storage.records import EndUser, IdentityCheck, SpentHandoffToken, Workspace
from storage.scope import TenantScope

RETURN_PATH: Final = "/connect/return/"
SIGNED_PATH: Final = "/connect/handoff"
"""Where browsers bring what their product has signed, for whatever it was begun."""
LIFETIME: Final = timedelta(minutes=10)


class HandoffLost(Exception):
    """Nothing that this browser has begun comes back this way: unknown, expired, used, or another browser's."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Whom the product has named, and the path at which the browser goes on."""

    end_user: EndUser
    onward: str


class Handoffs:
    """Hand-offs from beginning to return: ten minutes, each step once."""

    def __init__(self, database: Database, *, cipher: Cipher, public_url: str, clock: Clock) -> None:
        self._database = database
        self._cipher = cipher
        self._public_url = public_url
        self._clock = clock

    async def begin(
        self, workspace: Workspace, handoff_url: str, *, browser: str, onward: str, back: str = RETURN_PATH
    ) -> str:
        """Return the address at the product to which this browser goes.

        `back` is the path of ours at which it comes back with a secret, `onward` the one at which it goes on then.
        """
        challenge, now, row_id = mint(TokenKind.HANDOFF_CHALLENGE), self._clock(), new_id()
        async with self._database.write() as tx:
            await tx.identity_checks.insert(
                IdentityCheck(
                    id=row_id,
                    organization_id=workspace.organization_id,
                    workspace_id=workspace.id,
                    kind=Proof.HANDOFF,
                    key_hash=challenge.hash,
                    browser_hash=hash_token(browser),
                    sealed=self._cipher.seal(json.dumps({"onward": onward, "back": back}).encode(), *_context(row_id)),
                    expires_at=now + LIFETIME,
                    created_at=now,
                )
            )
        joint = "&" if urlsplit(handoff_url).query else "?"
        return f"{handoff_url}{joint}{urlencode({'challenge': challenge.plain})}"

    async def confirm(self, scope: TenantScope, challenge: str, external_id: str) -> str:
        """Take the product's word that its user `external_id` is logged in at the browser that brought the challenge.

        Returns the address, good once, to which the product sends that browser. Raises `NotFound` (the challenge, or
        one of another tenant), `EndUserNotFound`, `Forbidden` (suspended), `Conflict` (confirmed before).
        """
        async with self._database.write() as tx:
            check = await self._waiting(tx, scope, challenge)
            known = await tx.end_users.by_external_id(scope, check.workspace_id, external_id)
            return await self._confirmed(tx, check, known or await self._made(tx, check, external_id))

    async def confirm_signed(self, said: SignedHandoff) -> str:
        """Take a product's word likewise that it has signed, once.

        Raises as `confirm` does, and `HandoffRefused` for a token that has been taken before.
        """
        now = self._clock()
        async with self._database.write() as tx:
            check = await self._waiting(tx, said.scope, said.challenge)
            await _spend(tx, check, said, now=now)
            known = await _named(tx, check, said, now=now)
            return await self._confirmed(tx, check, known or await self._made(tx, check, said.external_id))

    async def _waiting(self, tx: Transaction, scope: TenantScope, challenge: str) -> IdentityCheck:
        check = None
        if is_well_formed(challenge, TokenKind.HANDOFF_CHALLENGE):
            check = await tx.identity_checks.by_key(scope, Proof.HANDOFF, hash_token(challenge))
        if check is None or check.expires_at <= self._clock():
            raise NotFound("challenge: there is none like this, or none any more; they are good for ten minutes")
        if check.proof is not None:
            raise Conflict("challenge: it has been confirmed already; send the browser back to begin again")
        return check

    async def _made(self, tx: Transaction, check: IdentityCheck, external_id: str) -> EndUser:
        """Make whom nobody knows, where the organization wants that; else raises `EndUserNotFound`."""
        organization = await tx.organizations.find(check.organization_id)
        if organization is None or not creates_end_users(organization):
            raise EndUserNotFound(unknown_end_user(external_id))
        scope = TenantScope(check.organization_id, frozenset((check.workspace_id,)))
        now = self._clock()
        return await find_or_add(tx, scope, workspace_id=check.workspace_id, external_id=external_id, now=now)

    async def _confirmed(self, tx: Transaction, check: IdentityCheck, end_user: EndUser) -> str:
        if end_user.suspended_at is not None:
            raise Forbidden("externalId: this end user is suspended")
        back = mint(TokenKind.HANDOFF_RETURN)
        await tx.identity_checks.update(check, proof=back.hash, end_user_id=end_user.id)
        return f"{self._public_url}{self._carried(check)['back']}{back.plain}"

    async def arrive(self, secret: str, *, browser: str) -> Arrival:
        """Know the browser that comes back, once, as whom the product has named. Raises `HandoffLost`.

        In another browser than the one that began, the way back is over for both: whoever was lured into it could
        otherwise be talked into passing the address on.
        """
        if not is_well_formed(secret, TokenKind.HANDOFF_RETURN):
            raise HandoffLost
        async with self._database.write() as tx:
            check = await tx.identity_checks.by_proof(Proof.HANDOFF, hash_token(secret))
            if check is not None:
                await tx.identity_checks.delete(check)
            arrival = None if check is None else await self._arrived(tx, check, browser)
        if arrival is None:
            raise HandoffLost
        return arrival

    async def _arrived(self, tx: Transaction, check: IdentityCheck, browser: str) -> Arrival | None:
        now = self._clock()
        if check.expires_at <= now or check.browser_hash != hash_token(browser):
            return None
        scope = TenantScope(check.organization_id, frozenset((check.workspace_id,)))
        end_user = await tx.end_users.get(scope, check.end_user_id or "")
        if end_user is None or end_user.suspended_at is not None:
            return None
        await remember(tx, end_user, browser=browser, proof=Proof.HANDOFF, now=now)
        return Arrival(end_user, self._carried(check)["onward"])

    def _carried(self, check: IdentityCheck) -> dict[str, str]:
        return json.loads(self._cipher.open(check.sealed, *_context(check.id)))


async def _spend(tx: Transaction, check: IdentityCheck, said: SignedHandoff, *, now: datetime) -> None:
    """Remember a token for as long as it would hold. There is one writer at a time, so nobody else is about to."""
    if await tx.spent_handoff_tokens.has(said.scope, check.workspace_id, said.token_hash):
        raise HandoffRefused("jti: a token of this id has been taken before; give each its own")
    await tx.spent_handoff_tokens.insert(
        SpentHandoffToken(
            id=new_id(),
            organization_id=check.organization_id,
            workspace_id=check.workspace_id,
            token_hash=said.token_hash,
            expires_at=said.holds_until,
            created_at=now,
        )
    )


async def _named(tx: Transaction, check: IdentityCheck, said: SignedHandoff, *, now: datetime) -> EndUser | None:
    """Return whom a token names: by the product's id, else by verified address whoever has no such id yet.

    They get it then, so that the address decides once only. Of several none is guessed.
    """
    known = await tx.end_users.by_external_id(said.scope, check.workspace_id, said.external_id)
    if known is not None or said.email_key is None:
        return known
    having_it = await tx.end_users.by_email(said.scope, check.workspace_id, said.email_key)
    if len(having_it) != 1 or having_it[0].external_id is not None:
        return None
    return await tx.end_users.update(having_it[0], external_id=said.external_id, updated_at=now)


def _context(row_id: str) -> tuple[str, str]:
    return "identity_checks", row_id
