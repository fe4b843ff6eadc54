"""Writing a mail as MIME: addresses, subject, text or HTML, attachments.

Nothing that a caller gives can add a header: addresses are parsed and written anew, and control characters refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, getaddresses
from typing import Final

from integrations.builtin.html_text import html_to_text
from integrations.failures import InvalidInput

MAX_MESSAGE_BYTES: Final = 5 * 1024 * 1024
MAX_RECIPIENTS: Final = 500
MAX_ADDRESSES_LENGTH: Final = 50_000
MAX_COMMENTS: Final = 20
CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\"\\]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)
MESSAGE_ID: Final = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,900}>")
MAX_REFERENCES: Final = 50
FOLD: Final = "\r\n "
MEDIA_TYPE: Final = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class MailFile:
    """A file that goes with a mail."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent. The address fields hold comma-separated addresses, as a person writes them."""

    to: str
    subject: str
    body: str
    is_html: bool = False
    sender: str | None = None
    cc: str | None = None
    bcc: str | None = None
    in_reply_to: str | None = None
    references: str | None = None
    files: Sequence[MailFile] = ()


def mime_of(mail: Mail) -> bytes:
    """`mail` as RFC 5322 bytes. Raises InvalidInput with the path of the field that is wrong."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = _one_line(mail.subject, pointer="/subject")
    _write_body(message, mail)
    for file in mail.files:
        _attach(message, file)
    written = _address_headers(mail) + _thread_headers(mail) + message.as_bytes()
    if len(written) > MAX_MESSAGE_BYTES:
        raise InvalidInput(f"the mail has {len(written)} bytes; at most {MAX_MESSAGE_BYTES} can be sent")
    return written


def read_addresses(text: str, *, pointer: str) -> list[tuple[str, str]]:
    """Names and addresses of a comma-separated list. Raises InvalidInput on an address that is none."""
    # The parser of the standard library goes one call deeper for each bracket of a comment.
    if len(text) > MAX_ADDRESSES_LENGTH or text.count("(") > MAX_COMMENTS:
        raise InvalidInput("the list of addresses is too long or has too many comments", path=pointer)
    found = [(name, spec) for name, spec in getaddresses([_one_line(text, pointer=pointer)]) if name or spec]
    if not found or len(found) > MAX_RECIPIENTS:
        raise InvalidInput(f"there must be between 1 and {MAX_RECIPIENTS} addresses", path=pointer)
    for name, spec in found:
        if not ADDRESS.fullmatch(spec):
            shown = (spec or name)[:60]
            raise InvalidInput(f"{shown!r} is not an e-mail address such as ada@example.com", path=pointer)
    return found


def _address_headers(mail: Mail) -> bytes:
    # Written by hand, an address on each line: where the email package folds a list with a name that is not ASCII, it
    # may encode the comma, and the next recipient is lost.
    lists = {"From": mail.sender or None, "To": mail.to, "Cc": mail.cc or None, "Bcc": mail.bcc or None}
    found = {name: read_addresses(text, pointer=f"/{name.lower()}") for name, text in lists.items() if text is not None}
    return b"".join(_header(name, [formataddr(each) for each in addresses], ",") for name, addresses in found.items())


def _thread_headers(mail: Mail) -> bytes:
    # Written by hand: the email package turns a message id of more than 76 characters into an encoded word.
    ids = {"In-Reply-To": mail.in_reply_to, "References": mail.references}
    found = {name: MESSAGE_ID.findall(text or "")[-MAX_REFERENCES:] for name, text in ids.items()}
    return b"".join(_header(name, each) for name, each in found.items() if each)


def _header(name: str, parts: Sequence[str], separator: str = "") -> bytes:
    """One header, folded between its parts."""
    return f"{name}: {f'{separator}{FOLD}'.join(parts)}\r\n".encode("ascii")


def _write_body(message: EmailMessage, mail: Mail) -> None:
    if not mail.is_html:
        message.set_content(mail.body)
        return
    message.set_content(html_to_text(mail.body))
    message.add_alternative(mail.body, subtype="html")


def _attach(message: EmailMessage, file: MailFile) -> None:
    kind = file.media_type if MEDIA_TYPE.fullmatch(file.media_type) else "application/octet-stream"
    main, _, sub = kind.partition("/")
    # A part of type message/* or multipart/* would have to be a parsed message; as bytes it is just a file.
    if main in {"message", "multipart"}:
        main, sub = "application", "octet-stream"
    name = CONTROL.sub(" ", re.split(r"[\\/]", file.name)[-1]).strip() or "attachment"
    message.add_attachment(file.content, maintype=main, subtype=sub, filename=name)


def _one_line(text: str, *, pointer: str) -> str:
    if CONTROL.search(text):
        raise InvalidInput("line breaks and control characters cannot stand here", path=pointer)
    return text
