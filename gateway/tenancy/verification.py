"""How somebody at a browser shows to be an end user: what a workspace asks for, and what there is to ask with.

Values in, values out; connecting accounts and signing in go by the same rules (design/links-and-identity).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from gateway.tenancy.workspace_settings import SetupVerification, WorkspaceSettings


class Proof(StrEnum):
    """What shows who sits at a browser; each is remembered for a while, and then the browser is known."""

    HANDOFF = "handoff"
    """The product's own login page has said so to us."""
    EMAIL = "email"
    """A code that was sent to the end user's address."""
    SIGN_IN = "sign_in"
    """Signing in at an OpenID provider, as whoever is linked to the end user."""


@dataclass(frozen=True, slots=True)
class Means:
    """What there is to check an end user with."""

    settings: WorkspaceSettings
    has_address: bool
    """Whether the end user's record has an e-mail address."""
    sends_mail: bool
    """Whether this deployment sends mail."""


def proof_to_ask_for(means: Means) -> Literal[Proof.HANDOFF, Proof.EMAIL] | None:
    """Return what a browser that is not known yet has to show; None where there is nothing that it could."""
    handoff = Proof.HANDOFF if means.settings.handoff_url is not None else None
    email = Proof.EMAIL if means.has_address and means.sends_mail else None
    match means.settings.setup_verification:
        case SetupVerification.SESSION:
            return None
        case SetupVerification.EMAIL:
            return email
        case SetupVerification.HANDOFF:
            return handoff
        # A setup URL is no link-mode secret: it is asked about like anywhere else.
        case SetupVerification.AUTO | SetupVerification.LINK:
            return handoff or email


def is_enough(settings: WorkspaceSettings, proof: str) -> bool:
    """Tell whether a browser that has shown this is known well enough."""
    if settings.setup_verification is SetupVerification.HANDOFF:
        return proof == Proof.HANDOFF
    return proof in (Proof.HANDOFF, Proof.EMAIL, Proof.SIGN_IN)


def what_is_missing(means: Means) -> str | None:
    """Say what keeps everybody from passing, to whoever can mend it; None where somebody can pass."""
    if proof_to_ask_for(means) is not None:
        return None
    handoff = "settings.handoffUrl of the workspace"
    no_mail = "a mail server for this gateway (smtp_host)"
    no_address = "an e-mail address on the end user's record"
    email = " and ".join(
        what for what, is_there in ((no_mail, means.sends_mail), (no_address, means.has_address)) if not is_there
    )
    match means.settings.setup_verification:
        case SetupVerification.SESSION:
            return "it takes a browser in which the end user is signed in already"
        case SetupVerification.EMAIL:
            return f"it takes {email}"
        case SetupVerification.HANDOFF:
            return f"it takes {handoff}"
        case SetupVerification.AUTO | SetupVerification.LINK:
            return f"it takes {handoff}, or {email}"
