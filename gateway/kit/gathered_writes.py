"""Head and body of an answer in one system call: uvicorn hands them to the transport one after the other."""

import asyncio
from typing import Any

_FINAL_HEAD = b"HTTP/1.1 "
_INTERIM_HEAD = b"HTTP/1.1 1"


class GatheringTransport(asyncio.Transport):
    """Keeps the head of an answer until what follows it is written; everything else goes on at once.

    A server may do so (ASGI, `http.response.start`). Whoever answers without a body has to `flush`.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece behind the head that waits; a head waits for the next piece."""
        piece = bytes(data)
        if not self._head and piece.startswith(_FINAL_HEAD) and not piece.startswith(_INTERIM_HEAD):
            self._head = piece
            return
        head, self._head = self._head, b""
        self._transport.write(head + piece if head else piece)

    def flush(self) -> None:
        """Send a head that nothing follows."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        """Send what waits, then close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Close without sending what waits."""
        self._head = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        """Tell whether the transport is closing."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """Pause the receiving end."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Resume the receiving end."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what the transport knows about itself."""
        return self._transport.get_extra_info(name, default)
