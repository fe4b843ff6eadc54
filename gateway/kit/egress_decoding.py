"""Response bodies within bounds: never more memory than the caller granted, whatever was compressed into them."""

import zlib
from typing import Protocol

from integrations.ports import HttpBroken, HttpTooLarge

ACCEPT_ENCODING = "gzip, deflate"

_MAX_RATIO = 100
# Below this a high ratio is a table of zeros, not an attack.
_RATIO_MATTERS_FROM = 64 * 1024


class BodyDecoder(Protocol):
    """Takes what arrives, piece by piece, and returns the decoded whole.

    Both raise `HttpTooLarge` or `HttpBroken`; `host` of the constructors is who to name in the message.
    """

    def feed(self, chunk: bytes) -> None: ...

    def finish(self) -> bytes: ...


def body_decoder(encoding: str, *, max_bytes: int, host: str) -> BodyDecoder:
    """Return the decoder for a `Content-Encoding` value ("" where there was none).

    Raises:
        HttpBroken: an encoding that we did not ask for.
    """
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain(max_bytes, host)
        case "gzip" | "x-gzip":
            return _Zlib(max_bytes, host, wbits=zlib.MAX_WBITS | 16)
        case "deflate":
            return _Zlib(max_bytes, host, wbits=None)
        case _:
            raise HttpBroken(f"the answer of {host} is in a content encoding that was not asked for")


class _Plain:
    def __init__(self, max_bytes: int, host: str) -> None:
        self._max_bytes = max_bytes
        self._host = host
        self._chunks: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> None:
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise too_large(self._host, self._max_bytes)
        self._chunks.append(chunk)

    def finish(self) -> bytes:
        return b"".join(self._chunks)


class _Zlib:
    """gzip or deflate; `wbits` None finds out which of the two things called deflate it is."""

    def __init__(self, max_bytes: int, host: str, *, wbits: int | None) -> None:
        self._max_bytes = max_bytes
        self._host = host
        self._inflater = None if wbits is None else zlib.decompressobj(wbits)
        self._encoded_size = 0
        self._decoded = bytearray()

    def feed(self, chunk: bytes) -> None:
        if not chunk:
            return
        if self._inflater is None:
            # RFC 9110 means the zlib format, whose first byte names method 8; some servers send the bare stream.
            self._inflater = zlib.decompressobj(zlib.MAX_WBITS if chunk[0] & 0x0F == 8 else -zlib.MAX_WBITS)
        self._encoded_size += len(chunk)
        try:
            self._decoded += self._inflater.decompress(chunk, self._room() + 1)
        except zlib.error as err:
            raise self._broken() from err
        if self._room() < 0:
            raise too_large(self._host, self._max_bytes)
        if len(self._decoded) > max(self._encoded_size * _MAX_RATIO, _RATIO_MATTERS_FROM):
            raise HttpTooLarge(f"the answer of {self._host} grows more than {_MAX_RATIO} times when decompressed")
        # A second compressed member: allowed by gzip, used by no API, and costly in many tiny pieces.
        if self._inflater.unused_data:
            raise self._broken()

    def finish(self) -> bytes:
        # No bytes at all is the honest answer to HEAD, and with status 204 and 304.
        if self._encoded_size and (self._inflater is None or not self._inflater.eof):
            raise self._broken()
        return bytes(self._decoded)

    def _room(self) -> int:
        return self._max_bytes - len(self._decoded)

    def _broken(self) -> HttpBroken:
        return HttpBroken(f"the answer of {self._host} is not what its content encoding says")


def too_large(host: str, max_bytes: int) -> HttpTooLarge:
    """The failure for a body beyond its limit."""
    return HttpTooLarge(f"the answer of {host} is larger than {max_bytes} bytes")
