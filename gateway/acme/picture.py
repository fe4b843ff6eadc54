"""Small pictures that are different for every name and the same every time."""

import hashlib
import struct
import zlib

_CELLS = 5
_CELL_PIXELS = 16


def identicon(name: str) -> bytes:
    """Return an 80 by 80 PNG: five mirrored columns of cells in one colour on a light ground."""
    digest = hashlib.sha256(name.encode()).digest()
    rows = b"".join((b"\x00" + _row(digest, row)) * _CELL_PIXELS for row in range(_CELLS))
    size = _CELLS * _CELL_PIXELS
    header = struct.pack(">IIBBBBB", size, size, 8, 3, 0, 0, 0)
    palette = bytes((244, 244, 246, *(64 + byte // 2 for byte in digest[:3])))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (_chunk(b"IHDR", header), _chunk(b"PLTE", palette), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    )


def _row(digest: bytes, row: int) -> bytes:
    """One line of pixels as palette indexes; the right half mirrors the left."""
    left = [digest[3 + row * 3 + column] & 1 for column in range(3)]
    cells = [*left, left[1], left[0]]
    return b"".join(bytes((cell,)) * _CELL_PIXELS for cell in cells)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
