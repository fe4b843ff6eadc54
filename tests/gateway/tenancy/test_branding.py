"""How pages and mails present themselves, and what may not get there."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.errors import ValidationFailed
from gateway.tenancy.branding import MAX_LOGO_BYTES, UNNAMED, branding_of, merge_branding
from storage.records import Organization, Workspace

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 10


def data_url(kind: str, picture: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def organization(**branding: Any) -> Organization:
    settings = {"branding": branding}
    return Organization(id="o", name="Acme Inc", slug="acme", settings=settings, created_at=NOW, updated_at=NOW)


def workspace(**branding: Any) -> Workspace:
    settings = {"branding": branding}
    return Workspace(
        id="w", organization_id="o", name="Prod", slug="prod", settings=settings, created_at=NOW, updated_at=NOW
    )


def test_an_organization_that_has_set_nothing_goes_by_its_name() -> None:
    bare = Organization(id="o", name="Acme Inc", slug="acme", settings=None, created_at=NOW, updated_at=NOW)
    shown = branding_of(bare, workspace())
    assert (shown.name, shown.logo, shown.accent_color, shown.support_url) == ("Acme Inc", None, None, None)


def test_an_organization_that_nobody_has_named_goes_by_the_workspaces_name() -> None:
    first = Organization(id="o", name=UNNAMED, slug="default", settings=None, created_at=NOW, updated_at=NOW)
    assert branding_of(first, workspace()).name == "Prod"
    assert branding_of(first, workspace(name="Acme")).name == "Acme"


def test_what_the_workspace_sets_goes_before_the_organizations_key_by_key() -> None:
    shown = branding_of(
        organization(name="Acme", accentColor="#112233"), workspace(name="Acme for Kunden", mailSenderName="Acme Team")
    )
    assert shown.name == "Acme for Kunden"
    assert shown.accent_color == "#112233"
    assert shown.mail_sender_name == "Acme Team"


def test_a_change_keeps_what_it_does_not_name_and_null_clears() -> None:
    held = {"name": "Acme", "accentColor": "#112233"}
    assert merge_branding(held, {"accentColor": None}) == {"name": "Acme"}
    assert merge_branding(held, {"accentColor": "#AABBCC"}) == {"name": "Acme", "accentColor": "#aabbcc"}
    assert merge_branding(held, None) == {}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logo", data_url("png", PNG)),
        ("logo", data_url("jpeg", b"\xff\xd8\xff\xe0")),
        ("logo", data_url("webp", b"RIFF\0\0\0\0WEBPVP8 ")),
        ("logo", data_url("svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>")),
        ("logo", data_url("png", PNG + b"\0" * (MAX_LOGO_BYTES - len(PNG)))),
        ("supportUrl", "https://help.example.com/?topic=connect"),
        ("supportUrl", "mailto:help@example.com"),
        ("mailSenderName", 'Ünïted "Tools", Inc.'),
    ],
)
def test_what_is_fit_to_be_shown_is_kept(key: str, value: str) -> None:
    assert merge_branding({}, {key: value}) == {key: value}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("logo", "https://example.com/logo.png"),
        ("logo", data_url("gif", b"GIF89a")),
        ("logo", data_url("png", b"<svg/>")),
        ("logo", data_url("png", PNG + b"\0" * MAX_LOGO_BYTES)),
        ("logo", data_url("png", PNG) + '" onerror="x'),
        ("logo", "data:image/png;base64,abc"),
        ("logo", "data:text/html;base64,PGI+"),
        ("accentColor", "red"),
        ("accentColor", "#123"),
        ("accentColor", "#112233;}"),
        ("supportUrl", "javascript:alert(1)"),
        ("supportUrl", "http://help.example.com"),
        ("supportUrl", "//help.example.com"),
        ("supportUrl", "mailto:help@example.com?subject=x&body=y"),
        ("supportUrl", "mailto:help@example.com%0d%0aBcc:x"),
        ("supportUrl", "mailto:nobody"),
        ("name", "Acme\r\nBcc: victim@example.com"),
        ("name", "\u202egnp.exe"),
        ("mailSenderName", "Acme\nX: y"),
        ("mailSenderName", "  "),
    ],
)
def test_what_could_do_harm_on_a_page_or_in_a_mail_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValidationFailed, match=f"settings.branding.{key}"):
        merge_branding({}, {key: value})
