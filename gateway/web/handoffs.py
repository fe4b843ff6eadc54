"""Hand-off: the product, which knows who is logged in there, tells us who sits at a browser.

It can't be phished: the browser that begins gets the challenge and has our cookie; the product's backend confirms the
challenge with its API key and sends the browser back; the way back opens only together with that cookie. Whoever
begins a hand-off and sends the address to somebody else gets nothing, and neither does the other.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from gateway.errors import Conflict, EndUserNotFound, Forbidden, NotFound
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.tokens import TokenKind, hash_token, is_well_formed, mint
from gateway.tenancy.end_users import unknown_end_user
from gateway.tenancy.verification import Proof
from gateway.web.known_browsers import remember
from storage.database import Database, Transaction
from storage.records import EndUser, IdentityCheck, Workspace
from storage.scope import TenantScope

RETURN_PATH: Final = "/connect/return/"
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
        back, now = mint(TokenKind.HANDOFF_RETURN), self._clock()
        async with self._database.write() as tx:
            check = None
            if is_well_formed(challenge, TokenKind.HANDOFF_CHALLENGE):
                check = await tx.identity_checks.by_key(scope, Proof.HANDOFF, hash_token(challenge))
            if check is None or check.expires_at <= now:
                raise NotFound("challenge: there is none like this, or none any more; they are good for ten minutes")
            if check.proof is not None:
                raise Conflict("challenge: it has been confirmed already; send the browser back to begin again")
            end_user = await _end_user(tx, scope, check.workspace_id, external_id)
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


async def _end_user(tx: Transaction, scope: TenantScope, workspace_id: str, external_id: str) -> EndUser:
    end_user = await tx.end_users.by_external_id(scope, workspace_id, external_id)
    if end_user is None:
        raise EndUserNotFound(unknown_end_user(external_id))
    if end_user.suspended_at is not None:
        raise Forbidden("externalId: this end user is suspended")
    return end_user


def _context(row_id: str) -> tuple[str, str]:
    return "identity_checks", row_id
