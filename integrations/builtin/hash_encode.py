"""Hashes, encodings and UUIDs: the actions of `hash-encode`."""

import base64
import hashlib
import html
import uuid
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json

ALGORITHMS: Final = ("md5", "sha1", "sha256", "sha384", "sha512", "sha3-256", "sha3-512")


async def hash_text(call: ActionCall) -> Json:
    """The digest of the UTF-8 bytes of `text`."""
    algorithm, encoding = call.arguments["algorithm"], call.arguments["encoding"]
    text: str = call.arguments["text"]
    # MD5 and SHA-1 are checksums here, which is also what machines in FIPS mode have to be told.
    digest = hashlib.new(algorithm.replace("-", "_"), text.encode(), usedforsecurity=False).digest()
    return {"hash": DIGEST_ENCODINGS[encoding](digest), "algorithm": algorithm, "encoding": encoding}


async def encode(call: ActionCall) -> Json:
    """`text` in another notation."""
    encoding = call.arguments["encoding"]
    return {"encoded": ENCODERS[encoding](call.arguments["text"].encode()), "encoding": encoding}


async def decode(call: ActionCall) -> Json:
    """The text behind `encoded`. Raises InvalidInput where it isn't that encoding, or isn't text."""
    encoding = call.arguments["encoding"]
    try:
        decoded = DECODERS[encoding](call.arguments["encoded"])
    except ValueError as error:
        raise InvalidInput(f"encoded is not valid {encoding}", path="/encoded") from error
    try:
        return {"decoded": decoded.decode(), "encoding": encoding}
    except UnicodeDecodeError as error:
        raise InvalidInput("encoded holds bytes that are not UTF-8 text", path="/encoded") from error


async def generate_uuid(call: ActionCall) -> Json:
    """`count` random UUIDs (version 4)."""
    return {"uuids": [str(uuid.uuid4()) for _ in range(int(call.arguments["count"]))]}


def to_base64(content: bytes) -> str:
    """Standard alphabet, padded."""
    return base64.b64encode(content).decode("ascii")


def from_base64(text: str) -> bytes:
    """Either alphabet, with or without padding and line breaks. Raises ValueError on anything else."""
    compact = "".join(text.split()).rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)


def to_base64url(content: bytes) -> str:
    """URL-safe alphabet, without padding (RFC 7515)."""
    return base64.urlsafe_b64encode(content).decode("ascii").rstrip("=")


DIGEST_ENCODINGS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "hex": bytes.hex,
    "base64": to_base64,
    "base64url": to_base64url,
}

ENCODERS: Final[Mapping[str, Callable[[bytes], str]]] = {
    **DIGEST_ENCODINGS,
    "url": lambda content: quote(content, safe=""),
    "html": lambda content: html.escape(content.decode()),
}

DECODERS: Final[Mapping[str, Callable[[str], bytes]]] = {
    "hex": bytes.fromhex,
    "base64": from_base64,
    "base64url": from_base64,
    "url": unquote_to_bytes,
    "html": lambda text: html.unescape(text).encode(),
}
