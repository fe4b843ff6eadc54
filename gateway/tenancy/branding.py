"""How pages and mails present themselves to end users: the organization's way, or the workspace's where it has one."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.errors import ValidationFailed
from gateway.tenancy.emails import email_key
from gateway.tenancy.return_addresses import accept_return_address
from storage.records import Organization, Workspace

MAX_LOGO_BYTES: Final = 64 * 1024
UNNAMED: Final = "Default"
"""What the organization that a first start makes is called until somebody names it."""
_WHERE: Final = "settings.branding"
_LOGO = re.compile(r"data:image/(png|jpeg|webp|svg\+xml);base64,([A-Za-z0-9+/]+={0,2})")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_MAILTO = re.compile(r"mailto:([!-~]+)")
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_BEGINNINGS: Final[Mapping[str, re.Pattern[bytes]]] = {
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "svg+xml": re.compile(rb"(?:\xef\xbb\xbf)?\s*<"),
}


@dataclass(frozen=True, slots=True)
class Branding:
    """What an end user is shown of whoever asks. `name` is always there."""

    name: str
    logo: str | None = None
    """A `data:` URL, at most 64 KiB of picture; pages load nothing from elsewhere."""
    accent_color: str | None = None
    """`#rrggbb`."""
    support_url: str | None = None
    """An `https:` or `mailto:` address."""
    mail_sender_name: str | None = None
    """Stands before our address in From; None where `name` is to."""


def branding_of(organization: Organization, workspace: Workspace) -> Branding:
    """Return what an end user of this workspace is shown; what the workspace sets goes before the organization's."""
    told = {**held_branding(organization.settings), **held_branding(workspace.settings)}
    return Branding(
        name=told.get("name") or shown_name(organization, workspace),
        logo=told.get("logo"),
        accent_color=told.get("accentColor"),
        support_url=told.get("supportUrl"),
        mail_sender_name=told.get("mailSenderName"),
    )


def shown_name(organization: Organization, workspace: Workspace) -> str:
    """Return what end users are told the organization is called: as long as nobody has named it, the workspace."""
    return workspace.name if organization.name == UNNAMED else organization.name


def held_branding(settings: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Return what these settings say about branding, as it stands on the wire."""
    return (settings or {}).get("branding") or {}


def merge_branding(held: Mapping[str, str], given: Mapping[str, str | None] | None) -> dict[str, str]:
    """Return the branding after a change: what is absent stays, null clears, one key or all.

    Raises `ValidationFailed`.
    """
    if given is None:
        return {}
    merged = {**held, **{key: value if value is None else _accept(key, value) for key, value in given.items()}}
    return {key: value for key, value in merged.items() if value is not None}


def _accept(key: str, value: str) -> str:
    where = f"{_WHERE}.{key}"
    match key:
        case "logo":
            return _accept_logo(value, where)
        case "accentColor":
            if not _COLOR.fullmatch(value):
                raise ValidationFailed(f"{where}: write the colour as #rrggbb, such as #0a7d33")
            return value.lower()
        case "supportUrl":
            return _accept_support(value, where)
        case _:
            if _UNPRINTED.search(value) or not value.strip():
                raise ValidationFailed(f"{where}: one line of text, without control characters")
            return value.strip()


def _accept_logo(value: str, where: str) -> str:
    shape = _LOGO.fullmatch(value)
    if shape is None:
        raise ValidationFailed(f"{where}: write it as data:image/png;base64,… (or jpeg, webp, svg+xml)")
    try:
        picture = base64.b64decode(shape[2], validate=True)
    except binascii.Error as error:
        raise ValidationFailed(f"{where}: this is not base64") from error
    if len(picture) > MAX_LOGO_BYTES:
        raise ValidationFailed(f"{where}: at most {MAX_LOGO_BYTES // 1024} KiB")
    if not _BEGINNINGS[shape[1]].match(picture):
        raise ValidationFailed(f"{where}: this is no {shape[1]} picture")
    return value


def _accept_support(value: str, where: str) -> str:
    mail = _MAILTO.fullmatch(value)
    if mail is None:
        return accept_return_address(value, where)
    # What stands after a question mark would be the subject and text of the mail.
    if "?" in mail[1] or "%" in mail[1] or email_key(mail[1]) is None:
        raise ValidationFailed(f"{where}: write it as mailto:help@example.com, or as an https address")
    return value
