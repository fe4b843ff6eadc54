"""Mail: one recipient, text and HTML, sent over SMTP; what comes from people can't add a header or a recipient.

The log has recipient and subject of a mail, never its content: put no code and no link into a subject.
"""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime, make_msgid
from typing import Final, Literal, Protocol, TypeAlias

import aiosmtplib
import idna

from gateway.kit.clock import Clock
from gateway.kit.log import get_logger

_TIMEOUT_SECONDS: Final = 15.0
_KEPT: Final = 50
_LONGEST_HEADER: Final = 200
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")

MailSecurity: TypeAlias = Literal["starttls", "tls", "none"]
"""How the way to the mail server is kept: the first two insist on encryption and on a valid certificate."""

_log = get_logger(__name__)


class MailFailed(Exception):
    """The mail has not been sent; why stands in the log, for no reader of pages and answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What is to be sent. `sender_name` stands before our own address."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    sender_name: str | None = None


class Mailer(Protocol):
    """Sends mail, or says that there is no way to."""

    @property
    def delivers(self) -> bool:
        """Whether people get to read what is sent."""
        ...

    async def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises `MailFailed`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where mail is handed over, and from whom."""

    host: str
    port: int
    security: MailSecurity
    mail_from: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class SmtpMailer:
    """Sends mail through a mail server, each in a connection of its own."""

    delivers = True

    def __init__(self, server: SmtpServer, *, clock: Clock, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
        self._server = server
        self._clock = clock
        self._timeout_seconds = timeout_seconds

    async def send(self, mail: Mail) -> None:
        """Hand a mail over to the server. Raises `MailFailed`."""
        server = self._server
        try:
            message = compose(mail, mail_from=server.mail_from, at=self._clock())
            async with asyncio.timeout(self._timeout_seconds):
                await aiosmtplib.send(
                    message,
                    sender=server.mail_from,
                    recipients=[_addr_spec(mail.to)],
                    hostname=server.host,
                    port=server.port,
                    username=server.username,
                    password=server.password,
                    use_tls=server.security == "tls",
                    start_tls=server.security == "starttls",
                    timeout=self._timeout_seconds,
                )
        # ValueError: an address that no mail server could read.
        except (aiosmtplib.SMTPException, OSError, TimeoutError, ValueError) as error:
            _log.error("mail not sent", to=mail.to, subject=mail.subject, reason=_reason(error))
            raise MailFailed("the mail could not be sent") from error
        _log.info("mail sent", to=mail.to, subject=mail.subject)


async def knock(server: SmtpServer, *, timeout_seconds: float = _TIMEOUT_SECONDS) -> None:
    """Connect, encrypt and sign in, and send nothing. Raises `MailFailed`, which says why."""
    try:
        async with asyncio.timeout(timeout_seconds):
            client = aiosmtplib.SMTP(
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                timeout=timeout_seconds,
            )
            async with client:
                await client.noop()
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        raise MailFailed(_reason(error)) from error


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail in the development mailbox."""

    mail: Mail
    at: datetime


class Mailbox:
    """Stands in for a mail server while developing: keeps the last 50 mails for a page on this machine."""

    delivers = True

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[KeptMail] = deque(maxlen=_KEPT)

    @property
    def newest_first(self) -> Sequence[KeptMail]:
        """What has been sent."""
        return tuple(reversed(self._kept))

    async def send(self, mail: Mail) -> None:
        """Keep a mail."""
        self._kept.append(KeptMail(mail, self._clock()))
        _log.info("mail kept in the development mailbox", to=mail.to, subject=mail.subject)


class NoMail:
    """No mail server is configured: sends nothing, and says so."""

    delivers = False

    async def send(self, mail: Mail) -> None:
        """Refuse. Raises `MailFailed`."""
        _log.warning("mail not sent: no mail server is configured (smtp_host)", to=mail.to, subject=mail.subject)
        raise MailFailed("this deployment sends no mail")


def compose(mail: Mail, *, mail_from: str, at: datetime) -> EmailMessage:
    """Return the mail as a message. Raises ValueError for an address that can't stand in a header."""
    recipient = _addr_spec(mail.to)
    message = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
    message["From"] = Address(one_line(mail.sender_name or ""), addr_spec=mail_from)
    message["To"] = _address(mail.to)
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = make_msgid(domain=mail_from.rpartition("@")[2])
    # RFC 3834: nobody's holiday notice is to answer this.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    message.add_alternative(mail.html, subtype="html")
    return message


def one_line(text: str) -> str:
    """Return what people have called something, fit for a header or a sentence: on one line, and not endless."""
    return _UNPRINTED.sub(" ", text).strip()[:_LONGEST_HEADER]


def _address(address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if _UNPRINTED.search(address) or not local:
        raise ValueError("this is not an e-mail address")
    return Address(username=local, domain=idna.encode(domain, uts46=True).decode("ascii"))


def _addr_spec(address: str) -> str:
    return _address(address).addr_spec


def _reason(error: Exception) -> str:
    """Say what went wrong without what the server may have repeated of our credentials."""
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"the mail server refused user name or password ({error.code})"
    return f"{type(error).__name__}: {error}"[:300]
