"""Invitations: a link to connect accounts, by real mail."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from gateway.app import create_app
from gateway.settings import Settings
from gateway.wiring import Gateway, open_gateway
from tests.parts.clock import Time
from tests.parts.rest import Rest, failure, new_organization
from tests.parts.smtp_sink import SmtpSink, smtp_sink


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with smtp_sink() as opened:
        yield opened


@pytest.fixture
async def gateway(settings: Settings, sink: SmtpSink, time: Time) -> AsyncIterator[Gateway]:
    changes: dict[str, Any] = {
        "smtp_host": sink.host,
        "smtp_port": sink.port,
        "smtp_security": "none",
        "mail_from": "gw@example.com",
    }
    async with open_gateway(Settings(**{**dict(settings), **changes}), clock=time) as opened:
        yield opened


async def invitee(api: Rest, **changes: Any) -> str:
    """Make a workspace with Slack, and alice; returns the path of her invitation."""
    branding = {"name": "Acme", "mailSenderName": "Acme Assistant", "supportUrl": "https://help.example.com/"}
    workspace = await api.made("/workspaces", {"name": "Main", "slug": "main", "settings": {"branding": branding}})
    slack = {"integrationName": "slack", "alias": "slack", "connectionStrategy": "per_user"}
    await api.made(f"/workspaces/{workspace['id']}/integrations", slack)
    alice = {"workspaceId": "main", "externalId": "alice", "displayName": "Alice", "email": "alice@corp.example"}
    return f"/end-users/{(await api.made('/end-users', {**alice, **changes}))['id']}/invite"


@pytest.mark.promise("000-10", "001-17")
async def test_an_invitation_brings_a_link_for_one_integration_to_the_address_given(api: Rest, sink: SmtpSink) -> None:
    path = await invitee(api)
    answer = await api.post(path, {"email": "alice@home.example", "integrationName": "slack", "expiresIn": 86_400})
    assert answer.status_code == 200, answer.text
    sent = answer.json()
    assert sent.keys() == {"connectUrl", "token", "expiresAt", "emailSent"}
    assert sent["emailSent"] is True
    assert sent["token"].startswith("eut_")
    lifetime = datetime.fromisoformat(sent["expiresAt"]) - datetime.now(UTC)
    assert timedelta(hours=23) < lifetime <= timedelta(days=1)

    mail = await sink.mail_to("alice@home.example")
    assert str(mail.message["From"]) == "Acme Assistant <gw@example.com>"
    assert str(mail.message["Subject"]) == "Acme asks you to connect your Slack account"
    for shown in (mail.text, mail.html):
        assert sent["connectUrl"] in shown
        assert "Hello Alice," in shown
        assert "https://help.example.com/" in shown
    assert sent["token"] not in str(mail.message["Subject"])
    record = (await api.get(path.removesuffix("/invite"))).json()["endUser"]
    assert record["email"] == "alice@corp.example"


async def test_without_an_integration_the_link_is_for_all_accounts(api: Rest, sink: SmtpSink) -> None:
    await api.post(await invitee(api), {"email": "alice@home.example"})
    assert "connect your accounts" in (await sink.mail_to("alice@home.example")).text


async def test_names_with_line_breaks_and_tags_stay_names(api: Rest, sink: SmtpSink) -> None:
    path = await invitee(api, displayName="Eve\r\nBcc: victim@example.com\r\n\r\n<a href=x>click</a> {{ 7 * 7 }}")
    await api.post(path, {"email": "eve@home.example", "integrationName": "slack"})
    mail = await sink.mail_to("eve@home.example")
    assert mail.recipients == ("eve@home.example",)
    assert mail.message["Bcc"] is None
    assert "Hello Eve Bcc: victim@example.com <a href=x>click</a> {{ 7 * 7 }}," in mail.text
    assert "&lt;a href=x&gt;click&lt;/a&gt;" in mail.html


async def test_a_mail_that_is_refused_leaves_a_good_link(api: Rest, sink: SmtpSink) -> None:
    path = await invitee(api)
    sink.refusal = "550 no such mailbox"
    sent = await api.post(path, {"email": "alice@home.example"})
    assert sent.status_code == 200
    assert sent.json()["emailSent"] is False
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/connect/portal\?token=eut_\w+", sent.json()["connectUrl"])


async def test_without_a_mail_server_the_answer_says_so(settings: Settings) -> None:
    exposed = settings.model_copy(update={"host": "0.0.0.0"})
    async with open_gateway(exposed) as gateway:
        transport = httpx2.ASGITransport(app=create_app(gateway))
        async with httpx2.AsyncClient(transport=transport, base_url=settings.public_url) as client:
            _, api = await new_organization(Rest(client), "acme")
            sent = await api.post(await invitee(api), {"email": "alice@home.example"})
    assert (sent.status_code, sent.json()["emailSent"]) == (200, False)


async def test_nobody_is_bombed_with_invitations(api: Rest, sink: SmtpSink, time: Time) -> None:
    path = await invitee(api)
    addresses = ["victim@home.example", "VICTIM@home.example", "victim@HOME.example"] * 4
    answers = await asyncio.gather(*(api.post(path, {"email": address}) for address in addresses))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [429] * 7
    assert len(sink.received) == 5
    refused = await api.post(path, {"email": "victim@home.example"})
    assert failure(refused) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert (await api.post(path, {"email": "other@home.example"})).json()["emailSent"] is True
    time.passed = timedelta(hours=1)
    assert (await api.post(path, {"email": "victim@home.example"})).json()["emailSent"] is True


async def test_several_organizations_together_can_not_bomb_somebody_either(
    api: Rest, anonymous: Rest, sink: SmtpSink
) -> None:
    paths = [(api, await invitee(api))]
    for slug in ("second", "third"):
        _, other = await new_organization(anonymous, slug)
        paths.append((other, await invitee(other)))
    for caller, path in paths:
        for _ in range(5):
            await caller.post(path, {"email": "victim@home.example"})
    assert len(sink.received) == 10


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": None},
        {"email": "nobody"},
        {"email": "a@b.example\r\nBcc: c@d.example"},
        {"email": "a@b.example", "expiresIn": 60},
        {"email": "a@b.example", "to": "c@d.example"},
    ],
)
async def test_what_is_no_invitation_is_refused_and_mails_nothing(
    api: Rest, sink: SmtpSink, body: dict[str, Any]
) -> None:
    assert failure(await api.post(await invitee(api), body)) == (400, "VALIDATION_ERROR")
    assert sink.received == []


async def test_who_can_not_be_invited_gets_no_mail(api: Rest, anonymous: Rest, sink: SmtpSink) -> None:
    path = await invitee(api)
    body = {"email": "alice@home.example"}
    assert failure(await api.post(path, {**body, "integrationName": "github"})) == (404, "INTEGRATION_NOT_FOUND")
    assert failure(await api.post(f"/end-users/{uuid4()}/invite", body)) == (404, "END_USER_NOT_FOUND")
    _, stranger = await new_organization(anonymous, "other")
    assert failure(await stranger.post(path, body)) == (404, "END_USER_NOT_FOUND")
    await api.post(path.replace("/invite", "/suspend"))
    assert failure(await api.post(path, body)) == (403, "FORBIDDEN")
    assert sink.received == []
