"""Writes of one turn of the event loop as one: head and body of an answer then leave in one system call."""

import asyncio
from typing import Any


class GatheringTransport(asyncio.Transport):
    """Hands `transport` together what is written to it before the loop goes on; everything else at once."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take a piece; it is sent when this turn of the loop ends."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(bytes(data))

    def close(self) -> None:
        """Send what is left, then close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close without sending what is left."""
        self._pieces.clear()
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

    def _flush(self) -> None:
        if self._pieces:
            pieces, self._pieces = self._pieces, []
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
