"""What a token request is answered with; and how a client that asks twice gets the same answer again."""

import hashlib
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from gateway.kit.cipher import Cipher


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Fresh tokens; both are shown this once."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    scopes: tuple[str, ...]
    resource: str


_AS_JSON = TypeAdapter(Granted)


def seal_successor(token: str, granted: Granted) -> bytes:
    """Seal a successor under the token that it replaces: without it, the database does not tell."""
    return _cipher(token).seal(_AS_JSON.dump_json(granted), "successor")


def open_successor(token: str, sealed: bytes) -> Granted:
    """Return the successor of a token."""
    return _AS_JSON.validate_json(_cipher(token).open(sealed, "successor"))


def _cipher(token: str) -> Cipher:
    return Cipher([hashlib.sha256(b"toolgate successor v1 " + token.encode()).digest()])
