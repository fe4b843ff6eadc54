"""A real SMTP server that keeps what it is sent, in the test's own event loop."""

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Received:
    """One mail as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    raw: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def code(self) -> str:
        """The code in it, as somebody types it."""
        [code] = re.findall(r"\b\d{3} ?\d{3}\b", self.text)
        return code.replace(" ", "")

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        assert part is not None
        return part.get_content().replace("\r\n", "\n")


@dataclass
class SmtpSink:
    """Takes every mail, unless `refusal` is set to what it is to answer instead (such as `550 no such mailbox`)."""

    port: int = 0
    host: str = "127.0.0.1"
    refusal: str | None = None
    received: list[Received] = field(default_factory=list[Received])
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 -- aiosmtpd's
        if self.refusal is not None:
            return self.refusal
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        received = Received(envelope.mail_from or "", tuple(envelope.rcpt_tos), message, raw)
        async with self._arrived:
            self.received.append(received)
            self._arrived.notify_all()
        return "250 taken"

    async def mail_to(self, address: str, *, count: int = 1) -> Received:
        """The `count`th mail to this address, waited for."""

        def to_this() -> list[Received]:
            return [mail for mail in self.received if address in mail.recipients]

        async with asyncio.timeout(10), self._arrived:
            await self._arrived.wait_for(lambda: len(to_this()) >= count)
        return to_this()[count - 1]


@asynccontextmanager
async def smtp_sink(*, tls: ssl.SSLContext | None = None) -> AsyncGenerator[SmtpSink]:
    """Serve on a free port of 127.0.0.1; with `tls`, encrypted from the first byte."""
    sink = SmtpSink()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(sink, hostname="localhost", enable_SMTPUTF8=True, loop=loop), sink.host, 0, ssl=tls
    )
    sink.port = server.sockets[0].getsockname()[1]
    try:
        yield sink
    finally:
        server.close()
        await server.wait_closed()
