"""Bytes in a URL or a header that only we can have put there: base 64 of a truncated HMAC and what it signs."""

import base64
import binascii

from gateway.kit.cipher import Cipher

_SIGNATURE_BYTES = 16


def write_signed(cipher: Cipher, purpose: str, payload: bytes) -> str:
    """Return `payload` signed for this purpose, as text that is good in a URL. It is not hidden."""
    signature = cipher.sign(purpose, payload)[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(signature + payload).decode().rstrip("=")


def read_signed(cipher: Cipher, purpose: str, text: str) -> bytes | None:
    """Return the payload of what `write_signed` made for this purpose, or None for everything else."""
    try:
        signed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        return None
    # One spelling only: the decoder skips foreign characters, and what is counted by its text would be counted anew.
    if base64.urlsafe_b64encode(signed).decode().rstrip("=") != text:
        return None
    signature, payload = signed[:_SIGNATURE_BYTES], signed[_SIGNATURE_BYTES:]
    return payload if cipher.verify(purpose, payload, signature) else None
