"""Sealing of credentials: AES-256-GCM under a ring of keys, bound to the row that holds them (security R43).

Sealed form: one byte of version, 4 bytes of key id, 12 bytes of nonce, ciphertext with tag. The first key of the
ring seals, every key opens, so that a new key can be put in front at any time and old rows sealed anew at leisure.
"""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + _KEY_ID_BYTES + _NONCE_BYTES


class SealBroken(Exception):
    """The bytes can't be opened: another row's, altered, or sealed under a key that is not in the ring."""


class Cipher:
    """Seals and opens bytes, each bound to a `context` such as ("connections", row id, organization id)."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the ring, newest first; raises ValueError on an empty ring or a key that is not 32 bytes."""
        if not keys:
            raise ValueError("the key ring is empty")
        if any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"an encryption key has to be {KEY_BYTES} bytes long")
        self._ring = {_key_id(key): AESGCM(key) for key in keys}
        self._sealing_id = _key_id(keys[0])
        self._mac_keys = [hmac.digest(key, b"toolgate mac v1", "sha256") for key in keys]

    def seal(self, plain: bytes, *context: str) -> bytes:
        """Encrypt under the first key of the ring."""
        nonce = os.urandom(_NONCE_BYTES)
        header = _VERSION + self._sealing_id + nonce
        return header + self._ring[self._sealing_id].encrypt(nonce, plain, _associated(header, context))

    def open(self, sealed: bytes, *context: str) -> bytes:
        """Decrypt what `seal` made for the same context. Raises `SealBroken`."""
        header = sealed[:_HEADER_BYTES]
        key = self._ring.get(header[1 : 1 + _KEY_ID_BYTES])
        if len(header) < _HEADER_BYTES or header[:1] != _VERSION or key is None:
            raise SealBroken("no key of the ring opens this")
        try:
            return key.decrypt(header[-_NONCE_BYTES:], sealed[_HEADER_BYTES:], _associated(header, context))
        except InvalidTag as error:
            raise SealBroken("altered, or sealed for another row") from error

    def is_current(self, sealed: bytes) -> bool:
        """Tell whether this was sealed under the first key of the ring."""
        return sealed[1 : 1 + _KEY_ID_BYTES] == self._sealing_id

    def sign(self, purpose: str, message: bytes) -> bytes:
        """Return a 32-byte HMAC of `message`, of no use for any other purpose."""
        return hmac.digest(self._mac_keys[0], purpose.encode() + b"\x00" + message, "sha256")

    def verify(self, purpose: str, message: bytes, signature: bytes) -> bool:
        """Tell whether any key of the ring signed `message` for this purpose; truncated signatures are compared so."""
        if len(signature) < 16:
            return False
        text = purpose.encode() + b"\x00" + message
        candidates = (hmac.digest(key, text, "sha256")[: len(signature)] for key in self._mac_keys)
        return any(hmac.compare_digest(candidate, signature) for candidate in candidates)


def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"toolgate key id v1" + key).digest()[:_KEY_ID_BYTES]


def _associated(header: bytes, context: tuple[str, ...]) -> bytes:
    """Length-prefix each part, so that no two contexts share an encoding."""
    return header + b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in context)
