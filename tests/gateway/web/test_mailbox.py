"""The development mailbox: there for a developer on this machine, and for nobody else."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.app import create_app
from gateway.kit.mail import Mail, MailFailed
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway

MAIL = Mail(to="alice@example.com", subject="<b>Hi</b>", text="Open https://x.example/?a=1&b=2 <i>", html="<p>no</p>")


async def page(gateway: Gateway, *, host: str | None = None) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=create_app(gateway))
    async with httpx2.AsyncClient(transport=transport, base_url=gateway.settings.public_url) as client:
        return await client.get("/dev/mailbox", headers={} if host is None else {"Host": host})


async def test_what_would_have_been_sent_can_be_read_here_with_everything_escaped(gateway: Gateway) -> None:
    assert "Nothing has been sent yet" in (await page(gateway)).text
    await gateway.mailer.send(MAIL)
    shown = await page(gateway)
    assert "&lt;b&gt;Hi&lt;/b&gt;" in shown.text
    assert 'href="https://x.example/?a=1&amp;b=2"' in shown.text
    assert "&lt;i&gt;" in shown.text
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert shown.headers["cache-control"] == "no-store"


async def test_another_name_for_this_machine_shows_nothing(gateway: Gateway) -> None:
    await gateway.mailer.send(MAIL)
    shown = await page(gateway, host="evil.example:8080")
    assert (shown.status_code, "alice" in shown.text) == (404, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "0.0.0.0"},
        {"public_url": "https://tools.example.com"},
        {"smtp_host": "127.0.0.1", "smtp_port": 9, "mail_from": "gateway@example.com"},
    ],
)
async def test_there_is_no_such_page_where_mail_is_sent_or_others_could_read_it(
    settings: Settings, tmp_path: Path, changes: dict[str, Any]
) -> None:
    async with open_gateway(Settings(**{**dict(settings), **changes})) as gateway:
        with pytest.raises(MailFailed):
            await gateway.mailer.send(MAIL)
        assert (await page(gateway)).status_code == 404
        assert gateway.mailer.delivers == ("smtp_host" in changes)
