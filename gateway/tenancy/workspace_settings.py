"""What a workspace decides about its connect pages: who may pass, where people are sent afterwards, how it looks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gateway.errors import ValidationFailed
from gateway.tenancy.branding import held_branding, merge_branding
from gateway.tenancy.return_addresses import accept_return_address
from storage.records import Workspace

MAX_REDIRECT_URIS: Final = 20


class SetupVerification(StrEnum):
    """How somebody who opens a setup URL shows to be the end user (design/links-and-identity)."""

    AUTO = "auto"
    """The strongest of session, hand-off and e-mail that there is."""
    SESSION = "session"
    EMAIL = "email"
    HANDOFF = "handoff"
    LINK = "link"
    """Nothing is asked: whoever holds the link out of a tool's answer may connect."""


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """A workspace's settings, with what holds where it has set nothing."""

    setup_verification: SetupVerification = SetupVerification.AUTO
    handoff_url: str | None = None
    """The product's page that tells us who is logged in there."""
    redirect_uris: tuple[str, ...] | None = None
    """The only addresses to send people to; None means any that came with an API key."""


def settings_of(workspace: Workspace) -> WorkspaceSettings:
    """Return the settings of a workspace."""
    held = workspace.settings or {}
    addresses = held.get("redirectUris")
    return WorkspaceSettings(
        setup_verification=SetupVerification(held.get("setupVerification", SetupVerification.AUTO)),
        handoff_url=held.get("handoffUrl"),
        redirect_uris=None if addresses is None else tuple(addresses),
    )


def merge_settings(held: Mapping[str, Any] | None, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workspace's settings, as on the wire, after a change: what is absent stays, null clears.

    Raises `ValidationFailed`.
    """
    merged = {**(held or {}), **given}
    if "branding" in given:
        merged["branding"] = merge_branding(held_branding(held), given["branding"]) or None
    if given.get("handoffUrl") is not None:
        accept_return_address(given["handoffUrl"], "settings.handoffUrl")
    if given.get("redirectUris") is not None:
        _accept_addresses(given["redirectUris"])
    kept = {key: value for key, value in merged.items() if value is not None}
    if kept.get("setupVerification") == SetupVerification.HANDOFF and "handoffUrl" not in kept:
        raise ValidationFailed("settings.setupVerification: handoff needs settings.handoffUrl, the page of yours")
    return kept


def _accept_addresses(addresses: Sequence[str]) -> None:
    if len(addresses) > MAX_REDIRECT_URIS:
        raise ValidationFailed(f"settings.redirectUris: at most {MAX_REDIRECT_URIS}")
    for place, address in enumerate(addresses):
        accept_return_address(address, f"settings.redirectUris.{place}")
