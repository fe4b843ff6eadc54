"""Tokens: minted here, shown once, stored as a hash.

A token is a prefix that tells its kind, 32 base-62 characters (190 bits) of randomness, and a CRC-32 over both in
base 62, so that garbage is refused without a look-up and secret scanners can recognise a leaked one (security R45).
"""

import base64
import hashlib
import secrets
import string
from dataclasses import dataclass, field
from enum import StrEnum
from zlib import crc32

_ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM_LENGTH = 32
_CHECKSUM_LENGTH = 6
_SHOWN_PREFIX_LENGTH = 8
_SIGNING_KEY_BYTES = 32

SIGNING_KEY_PREFIX = "whsec_"


class TokenKind(StrEnum):
    """What a token opens, by its prefix (design/links-and-identity)."""

    API_KEY = "wvz_"
    MCP = "mcp_"
    MCP_OAUTH = "mcpo_"
    DOWNLOAD = "dl_"
    CONNECT_LINK = "eut_"
    CONNECT_SESSION = "cst_"
    SETUP_LINK = "sus_"
    HANDOFF_CHALLENGE = "hoc_"
    HANDOFF_RETURN = "hor_"
    SIGN_IN_STATE = "sis_"
    MCP_REFRESH = "mcpr_"
    OAUTH_REQUEST = "oar_"
    OAUTH_CODE = "oac_"
    DEVICE_CODE = "odc_"
    CLIENT_SECRET = "ocs_"  # noqa: S105 - a prefix
    CLIENT_REGISTRATION = "ocr_"


@dataclass(frozen=True, slots=True)
class MintedToken:
    """A fresh token: `plain` goes to its owner once, `hash` to storage, `prefix` to lists."""

    plain: str = field(repr=False)
    hash: str
    prefix: str


def mint(kind: TokenKind) -> MintedToken:
    """Make a new token of this kind."""
    body = kind + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    plain = body + _checksum(body)
    return MintedToken(plain=plain, hash=hash_token(plain), prefix=plain[:_SHOWN_PREFIX_LENGTH])


def mint_signing_secret() -> str:
    """Return a key of 256 bits in the form that Standard Webhooks gives it: `whsec_` and base 64."""
    return SIGNING_KEY_PREFIX + base64.b64encode(secrets.token_bytes(_SIGNING_KEY_BYTES)).decode()


def hash_token(plain: str) -> str:
    """Return the SHA-256 of a token in hex; tokens are random enough to need no slow hash (security R21)."""
    return hashlib.sha256(plain.encode()).hexdigest()


def is_well_formed(plain: str, kind: TokenKind) -> bool:
    """Tell, without a look-up, whether this could be a token of this kind: prefix, length, alphabet, checksum."""
    if not plain.startswith(kind) or len(plain) != len(kind) + _RANDOM_LENGTH + _CHECKSUM_LENGTH:
        return False
    if not (plain.isascii() and plain[len(kind) :].isalnum()):
        return False
    return plain[-_CHECKSUM_LENGTH:] == _checksum(plain[:-_CHECKSUM_LENGTH])


def _checksum(body: str) -> str:
    value, digits = crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
