"""Mails written and read: MIME in, MIME out, and nothing that a stranger's text could add."""

import email
import time
from base64 import b64encode, urlsafe_b64encode
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import formataddr
from typing import Any

import pytest

from integrations.action import ActionCall, Ports
from integrations.builtin.html_text import html_to_text
from integrations.builtin.mail_files import mail_files
from integrations.builtin.mail_reading import readable
from integrations.builtin.mail_writing import MAX_MESSAGE_BYTES, Mail, MailFile, mime_of, read_addresses
from integrations.failures import InvalidInput
from integrations.ports import HttpResponse, Json
from integrations.testing import RecordedHttp

LONG_ID = f"<{'x' * 120}@mail.example.com>"


def written(mail: Mail) -> EmailMessage:
    """What a mail program makes of the bytes."""
    return email.message_from_bytes(mime_of(mail), policy=default)


def mail(**changes: Any) -> Mail:
    given: dict[str, Any] = {"to": "ada@example.com", "subject": "Hi", "body": "Hello", **changes}
    return Mail(**given)


def test_people_are_addressed_by_name_in_any_script():
    message = written(
        mail(
            to='Zoë Roe <zoe@example.com>, "Doe, Jane" <jane@example.com>,bob@example.com',
            cc="ada@example.com",
            bcc="eve@example.com",
            sender="Me <me@example.com>",
            subject="Grüße 🌍",
        )
    )
    assert [str(address) for address in message["To"].addresses] == [
        "Zoë Roe <zoe@example.com>",
        '"Doe, Jane" <jane@example.com>',
        "bob@example.com",
    ]
    assert (message["Cc"], message["Bcc"], message["From"]) == (
        "ada@example.com",
        "eve@example.com",
        "Me <me@example.com>",
    )
    assert message["Subject"] == "Grüße 🌍"
    assert message.get_content().rstrip() == "Hello"


@pytest.mark.parametrize("name", ["Zoë Roe", "Doe, Jane", 'The "Boss"', "Ünïcödé " * 8, "x" * 200, ""])
def test_no_recipient_is_lost_whatever_the_names(name: str):
    specs = [f"person{number}@example.com" for number in range(20)]
    message = written(mail(to=", ".join(formataddr((name, spec), charset="utf-8") for spec in specs)))
    assert [address.addr_spec for address in message["To"].addresses] == specs


def test_lines_end_as_mail_wants_and_headers_are_ascii():
    raw = mime_of(mail(subject="Grüße", body="one\ntwo\n"))
    assert raw.split(b"\r\n\r\n")[0].isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_html_comes_with_the_same_in_plain_text():
    message = written(mail(body="<p>Hello <b>Ada</b></p>", is_html=True))
    assert message.get_content_type() == "multipart/alternative"
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    assert plain.get_content().rstrip() == "Hello Ada"
    assert html.get_content().rstrip() == "<p>Hello <b>Ada</b></p>"


def test_files_keep_their_name_type_and_every_byte():
    files = [
        MailFile("übersicht.pdf", "application/pdf", bytes(range(256))),
        MailFile("../../etc/passwd", "nonsense", b"x"),
        MailFile("evil\r\nX-A: 1.txt", "text/plain", b"hi\r\n"),
        MailFile("mail.eml", "message/rfc822", b"Subject: x\r\n\r\ny"),
    ]
    message = written(mail(files=files))
    found = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_attachments()
    ]
    assert found == [
        ("übersicht.pdf", "application/pdf", bytes(range(256))),
        ("passwd", "application/octet-stream", b"x"),
        ("evil  X-A: 1.txt", "text/plain", b"hi\r\n"),
        ("mail.eml", "application/octet-stream", b"Subject: x\r\n\r\ny"),
    ]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"subject": "x\r\nBcc: eve@example.com"}, "/subject"),
        ({"subject": "x\nBcc: eve@example.com"}, "/subject"),
        ({"subject": "x\0"}, "/subject"),
        ({"to": "ada@example.com\r\nBcc: eve@example.com"}, "/to"),
        ({"cc": "ada@example.com\nSubject: y"}, "/cc"),
        ({"sender": "me@example.com\r\nTo: eve@example.com"}, "/from"),
        ({"to": ""}, "/to"),
        ({"to": " , "}, "/to"),
        ({"to": "ada"}, "/to"),
        ({"to": "ada@"}, "/to"),
        ({"to": "ada@example.com, nobody"}, "/to"),
        ({"to": "ada@exämple.com"}, "/to"),
        ({"bcc": "a b@example.com"}, "/bcc"),
    ],
)
def test_a_header_cannot_be_smuggled_in(changes: dict[str, str], path: str):
    with pytest.raises(InvalidInput) as caught:
        mime_of(mail(**changes))
    assert caught.value.path == path


def test_a_reply_refers_to_its_thread_by_ids_of_any_length():
    message = written(mail(in_reply_to=LONG_ID, references=f"<first@example.com>\r\n {LONG_ID}"))
    assert message["In-Reply-To"] == LONG_ID
    assert message["References"].split() == ["<first@example.com>", LONG_ID]


def test_a_strangers_message_id_adds_no_header():
    message = written(mail(in_reply_to="<a@b>\r\nBcc: eve@example.com", references="nonsense\0"))
    assert message["In-Reply-To"] == "<a@b>"
    assert {"Bcc", "References"}.isdisjoint(message.keys())


def test_a_mail_too_large_to_send_is_refused():
    with pytest.raises(InvalidInput, match=str(MAX_MESSAGE_BYTES)):
        mime_of(mail(files=[MailFile("big", "application/zip", b"x" * 4 * 1024 * 1024)]))


def as_gmail_has_it(message: EmailMessage) -> Json:
    """A message in Gmail's own form."""
    return {"id": "m1", "threadId": "t1", "labelIds": ["INBOX"], "snippet": "Hel", "payload": part_of(message)}


def part_of(message: Any) -> Json:
    parts = [part_of(part) for part in message.iter_parts()] if message.is_multipart() else []
    content = b"" if parts else message.get_payload(decode=True)
    data = (
        {"attachmentId": "a1"} if message.get_filename() else {"data": urlsafe_b64encode(content).decode().rstrip("=")}
    )
    return {
        "mimeType": message.get_content_type(),
        "filename": message.get_filename() or "",
        "headers": [{"name": name, "value": str(value)} for name, value in message.items()],
        "body": {"size": len(content), **({} if parts else data)},
        **({"parts": parts} if parts else {}),
    }


def test_a_message_is_read_with_its_text_and_its_files():
    files = [MailFile("notes.txt", "text/plain", b"milk")]
    sent = written(mail(sender="Zoë <zoe@example.com>", body="Hello\nAda", files=files))
    assert readable(as_gmail_has_it(sent)) == {
        "id": "m1",
        "threadId": "t1",
        "labelIds": ["INBOX"],
        "snippet": "Hel",
        "from": "Zoë <zoe@example.com>",
        "to": "ada@example.com",
        "subject": "Hi",
        "body": "Hello\nAda\n",
        "bodyType": "text/plain",
        "attachments": [{"attachmentId": "a1", "filename": "notes.txt", "mimeType": "text/plain", "size": 4}],
    }


def test_html_alone_is_read_as_text():
    message = EmailMessage(policy=SMTP)
    message.set_content("<p>Hello<br>Ada</p>", subtype="html")
    found = readable(as_gmail_has_it(message))
    assert (found["body"], found["bodyType"]) == ("Hello\nAda", "text/html")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=?UTF-8?B?R3LDvMOfZQ==?= <zoe@example.com>", "Grüße <zoe@example.com>"),
        ("=?nonsense?B?R3LDvMOfZQ==?=", "=?nonsense?B?R3LDvMOfZQ==?="),
        ("Grüße", "Grüße"),
    ],
)
def test_encoded_words_are_read_as_what_they_stand_for(value: str, shown: str):
    headers = [{"name": "Subject", "value": value}, {"name": "subject", "value": "a second one"}]
    assert readable({"payload": {"headers": headers}})["subject"] == shown


@pytest.mark.parametrize(
    "message", [{}, {"payload": {}}, {"payload": {"mimeType": "text/plain", "body": {"data": "a"}}}]
)
def test_a_message_without_content_is_read_all_the_same(message: Json):
    assert readable(message)["attachments"] == []


def test_a_very_long_text_is_cut_and_says_so():
    data = urlsafe_b64encode(b"x" * 200_000).decode()
    found = readable({"payload": {"mimeType": "text/plain", "body": {"data": data}}})
    assert (len(found["body"]), found["isCut"]) == (100_000, True)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("plain", "plain"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "- x\n\n- y"),
        ("<style>p{color:red}</style><script>alert(1)</script>text<!-- no -->", "text"),
        ("<head><title>t</title></head><body>b</body>", "b"),
        ('<a href="https://example.com/a">here</a>', "here (https://example.com/a)"),
        ('<a href="https://example.com">https://example.com/</a>', "https://example.com/"),
        ('<a href="javascript:alert(1)">click</a>', "click"),
        ("&lt;b&gt; &amp; &uuml;", "<b> & ü"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1 2"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("</p></a>text", "text"),
    ],
)
def test_html_is_read_as_a_person_would(source: str, text: str):
    assert html_to_text(source) == text


@pytest.mark.parametrize(
    "hostile",
    [
        "<" * 100_000,
        "<a " * 50_000,
        "<!--" * 50_000,
        "<a href='" * 20_000,
        "<script>" + "</script " * 30_000,
        "<a>x" * 30_000 + "</a>" * 30_000,
        "&" * 100_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_html_is_read_about_as_fast_as_any(hostile: str):
    began = time.process_time()
    html_to_text(hostile)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("header", ["=?a?q?" * 30_000, "(" * 100_000, "<" * 100_000, '"' * 100_000, "a@b.c," * 20_000])
def test_hostile_headers_are_read_or_refused_at_once(header: str):
    began = time.process_time()
    assert readable({"payload": {"headers": [{"name": "From", "value": header}]}})["from"]
    with pytest.raises(InvalidInput):
        read_addresses(header, pointer="/messageId")
    assert time.process_time() - began < 2


async def attached(*given: Json, replies: list[HttpResponse] | None = None) -> list[tuple[str, str, bytes]]:
    """The files that these inputs stand for."""
    call = ActionCall({"attachments": list(given)}, None, Ports(http=RecordedHttp([*(replies or [])])))
    return [(file.name, file.media_type, file.content) for file in await mail_files(call)]


HI = b64encode(b"hi").decode()


@pytest.mark.parametrize(
    ("given", "file"),
    [
        ({"filename": "a.txt", "mimeType": "text/plain", "content": HI}, ("a.txt", "text/plain", b"hi")),
        ({"name": "a.csv", "data": HI}, ("a.csv", "text/csv", b"hi")),
        ({"fileName": "a", "base64": HI, "contentType": "x/y"}, ("a", "x/y", b"hi")),
        ({"filename": "a", "content": f"data:image/png;base64,{HI}"}, ("a", "image/png", b"hi")),
        (f"data:text/plain;charset=utf-8;base64,{HI}", ("attachment", "text/plain", b"hi")),
        ("data:,hello%20there", ("attachment", "application/octet-stream", b"hello there")),
        (HI, ("attachment", "application/octet-stream", b"hi")),
    ],
)
async def test_a_file_may_be_given_in_several_ways(given: Json, file: tuple[str, str, bytes]):
    assert await attached(given) == [file]


async def test_a_file_behind_an_address_is_fetched():
    reply = HttpResponse(200, {"content-type": "application/pdf; x=y"}, b"%PDF")
    assert await attached("https://files.example/dir/my%20report.pdf?sig=1", replies=[reply]) == [
        ("my report.pdf", "application/pdf", b"%PDF")
    ]
    assert await attached({"url": "https://files.example/", "filename": "r.pdf"}, replies=[reply]) == [
        ("r.pdf", "application/pdf", b"%PDF")
    ]


@pytest.mark.parametrize("given", ["/etc/passwd", "C:\\x.txt", "file:///etc/passwd", {}, {"filename": "a"}, 5, None])
async def test_what_is_no_file_is_refused_by_its_place(given: Json):
    with pytest.raises(InvalidInput) as caught:
        await attached({"content": HI}, given)
    assert caught.value.path == "/attachments/1"


async def test_an_address_that_gives_nothing_is_refused():
    with pytest.raises(InvalidInput, match="404"):
        await attached("https://files.example/gone", replies=[HttpResponse(404, {}, b"")])


async def test_too_many_and_too_large_files_are_refused():
    with pytest.raises(InvalidInput, match="25"):
        await attached(*[HI] * 26)
    big = HttpResponse(200, {}, b"x" * (MAX_MESSAGE_BYTES // 2 + 1))
    with pytest.raises(InvalidInput, match="together"):
        await attached("https://files.example/a", "https://files.example/b", replies=[big, big])
