"""Mail: what arrives at a real SMTP server, and what can't be smuggled into it."""

import asyncio
import io
import ssl
from datetime import UTC, datetime, timedelta
from email.policy import SMTP
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.kit.mail import Mail, Mailbox, MailFailed, MailSecurity, NoMail, SmtpMailer, SmtpServer, compose
from tests.parts.smtp_sink import SmtpSink, smtp_sink

NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)


def mailer(sink: SmtpSink, *, security: MailSecurity = "none", timeout_seconds: float = 5) -> SmtpMailer:
    server = SmtpServer(host=sink.host, port=sink.port, security=security, mail_from="gateway@example.com")
    return SmtpMailer(server, clock=lambda: NOW, timeout_seconds=timeout_seconds)


def mail(to: str = "alice@example.com", *, subject: str = "Hello", sender_name: str | None = "Acme") -> Mail:
    return Mail(to=to, subject=subject, text="Grüße\n", html="<p>Grüße</p>\n", sender_name=sender_name)


async def test_a_mail_arrives_as_text_and_html() -> None:
    async with smtp_sink() as sink:
        await mailer(sink).send(mail(subject="Für Alice"))
        got = await sink.mail_to("alice@example.com")
    assert (got.sender, got.recipients) == ("gateway@example.com", ("alice@example.com",))
    assert str(got.message["From"]) == "Acme <gateway@example.com>"
    assert str(got.message["Subject"]) == "Für Alice"
    assert got.message["Auto-Submitted"] == "auto-generated"
    assert got.message["Message-ID"].endswith("@example.com>")
    assert got.message.get_content_type() == "multipart/alternative"
    assert (got.text, got.html) == ("Grüße\n", "<p>Grüße</p>\n")


@pytest.mark.parametrize(
    "name",
    [
        "Acme\r\nBcc: victim@example.com",
        "Acme\nX-Evil: 1",
        "Acme\r\n\r\n<script>",
        'Acme" <ceo@example.com>, "',
        "Acme\u2028Bcc: victim@example.com",
        "A" * 5000,
    ],
)
async def test_no_name_of_a_person_adds_a_header_or_a_recipient(name: str) -> None:
    async with smtp_sink() as sink:
        await mailer(sink).send(mail(subject=name, sender_name=name))
        got = await sink.mail_to("alice@example.com")
    assert set(got.message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    }  # fmt: skip
    assert got.recipients == ("alice@example.com",)
    [sender] = got.message["From"].addresses
    assert sender.addr_spec == "gateway@example.com"
    assert got.text == "Grüße\n"


@pytest.mark.parametrize(
    "address",
    [
        "alice@example.com\r\nRCPT TO:<victim@example.com>",
        "alice@example.com>\r\nDATA",
        "@example.com",
        "alice",
        "alice@exa mple.com",
        "",
    ],
)
async def test_an_address_that_is_none_reaches_nobody(address: str) -> None:
    async with smtp_sink() as sink:
        with pytest.raises(MailFailed):
            await mailer(sink).send(mail(address))
    assert sink.received == []


@pytest.mark.parametrize("address", ["a,b@example.com", "<x>@example.com", '"a@b"@example.com'])
async def test_odd_characters_before_the_at_stay_one_recipient(address: str) -> None:
    async with smtp_sink() as sink:
        try:
            await mailer(sink).send(mail(address))
        except MailFailed:
            assert sink.received == []
        else:
            [got] = sink.received
            assert len(got.recipients) == 1
            assert got.recipients[0].endswith("@example.com")


async def test_an_address_beyond_ascii_is_written_as_mail_servers_read_it() -> None:
    async with smtp_sink() as sink:
        await mailer(sink).send(mail("alice@bücher.example"))
        await mailer(sink).send(mail("jürgen@example.com"))
        assert [got.recipients for got in sink.received] == [("alice@xn--bcher-kva.example",), ("jürgen@example.com",)]


async def test_a_refusing_a_silent_and_an_absent_server_are_told_alike(log_output: io.StringIO) -> None:
    async with smtp_sink() as sink:
        sink.refusal = "550 no such mailbox here"
        with pytest.raises(MailFailed, match="the mail could not be sent"):
            await mailer(sink).send(mail())
    with pytest.raises(MailFailed, match="the mail could not be sent"):
        await mailer(sink).send(mail())

    given_up = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        given_up.set()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        silent = SmtpSink(port=server.sockets[0].getsockname()[1])
        with pytest.raises(MailFailed):
            await mailer(silent, timeout_seconds=0.2).send(mail())
        await given_up.wait()
    logged = log_output.getvalue()
    assert "no such mailbox here" in logged
    assert "Grüße" not in logged


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nothing_is_sent_in_the_clear_where_encryption_is_asked_for(security: MailSecurity) -> None:
    async with smtp_sink() as sink:
        with pytest.raises(MailFailed):
            await mailer(sink, security=security).send(mail())
        assert sink.received == []


async def test_nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for(
    tmp_path: Path, log_output: io.StringIO
) -> None:
    async with smtp_sink(tls=self_signed(tmp_path)) as sink:
        with pytest.raises(MailFailed):
            await mailer(sink, security="tls").send(mail())
        assert sink.received == []
    assert "CERTIFICATE_VERIFY_FAILED" in log_output.getvalue()


async def test_without_a_mail_server_the_log_has_recipient_and_subject_only(log_output: io.StringIO) -> None:
    with pytest.raises(MailFailed):
        await NoMail().send(mail())
    logged = log_output.getvalue()
    assert "alice@example.com" in logged
    assert "Hello" in logged
    assert "Grüße" not in logged
    assert not NoMail().delivers


async def test_the_mailbox_keeps_the_last_fifty_newest_first(log_output: io.StringIO) -> None:
    moments = iter(NOW + timedelta(seconds=second) for second in range(100))
    box = Mailbox(clock=lambda: next(moments))
    for number in range(60):
        await box.send(mail(subject=f"No. {number}"))
    assert [kept.mail.subject for kept in box.newest_first] == [f"No. {number}" for number in range(59, 9, -1)]
    assert "Grüße" not in log_output.getvalue()


def test_content_and_password_are_in_no_repr() -> None:
    server = SmtpServer(host="h", port=1, security="tls", mail_from="a@example.com", username="u", password="hunter2")
    assert "hunter2" not in repr(server)
    assert "Grüße" not in repr(mail())


def test_a_long_name_is_cut_and_the_message_can_be_written() -> None:
    written = compose(mail(sender_name="Ä" * 500), mail_from="gateway@example.com", at=NOW).as_bytes(policy=SMTP)
    assert max(len(line) for line in written.split(b"\r\n")) <= 998


def self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
