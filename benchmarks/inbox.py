"""The mailboxes of everybody who signs in: a mail server that keeps codes until they are read."""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

_CODE = re.compile(rb"^ *(\d{6})\r?$", re.MULTILINE)
_SECONDS = 10


class Inbox:
    """Takes every mail, and hands out the codes in them by address."""

    def __init__(self) -> None:
        self._codes: defaultdict[str, asyncio.Queue[str]] = defaultdict(asyncio.Queue)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        content = envelope.content
        assert isinstance(content, bytes)
        for code in _CODE.findall(content)[:1]:
            for address in envelope.rcpt_tos:
                self._codes[address].put_nowait(code.decode())
        return "250 taken"

    async def code(self, address: str) -> str:
        """Return the oldest code that this address has not read yet, waited for."""
        async with asyncio.timeout(_SECONDS):
            return await self._codes[address].get()


@asynccontextmanager
async def start_inbox() -> AsyncGenerator[tuple[Inbox, int]]:
    """Serve on a free port of 127.0.0.1; the inbox and the port."""
    inbox, loop = Inbox(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(inbox, hostname="localhost", loop=loop), "127.0.0.1", 0)
    try:
        yield inbox, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
