"""How somebody at a browser shows to be an end user: every choice of a workspace with everything there may be."""

import pytest

from gateway.tenancy.verification import Means, Proof, is_enough, proof_to_ask_for, what_is_missing
from gateway.tenancy.workspace_settings import SetupVerification, WorkspaceSettings

HANDOFF, EMAIL = Proof.HANDOFF, Proof.EMAIL


def means(verification: str, *, handoff: bool, address: bool, mail: bool) -> Means:
    settings = WorkspaceSettings(SetupVerification(verification), "https://app.example.com/in" if handoff else None)
    return Means(settings, has_address=address, sends_mail=mail)


@pytest.mark.parametrize(
    ("verification", "handoff", "address", "mail", "asked"),
    [
        ("auto", True, True, True, HANDOFF),
        ("auto", True, False, False, HANDOFF),
        ("auto", False, True, True, EMAIL),
        ("auto", False, True, False, None),
        ("auto", False, False, True, None),
        ("link", True, True, True, HANDOFF),
        ("link", False, True, True, EMAIL),
        ("link", False, False, False, None),
        ("email", True, True, True, EMAIL),
        ("email", True, False, True, None),
        ("email", True, True, False, None),
        ("handoff", True, True, True, HANDOFF),
        ("handoff", False, True, True, None),
        ("session", True, True, True, None),
    ],
)
def test_what_a_browser_that_is_not_known_has_to_show(
    verification: str, handoff: bool, address: bool, mail: bool, asked: Proof | None
) -> None:
    there_is = means(verification, handoff=handoff, address=address, mail=mail)
    assert proof_to_ask_for(there_is) is asked
    assert (what_is_missing(there_is) is None) == (asked is not None)


@pytest.mark.parametrize("verification", list(SetupVerification))
def test_what_was_shown_before_is_enough_except_where_only_a_hand_off_counts(verification: SetupVerification) -> None:
    settings = WorkspaceSettings(verification, "https://app.example.com/in")
    assert is_enough(settings, HANDOFF)
    assert is_enough(settings, EMAIL) == (verification is not SetupVerification.HANDOFF)
    assert not is_enough(settings, "guessed")


@pytest.mark.parametrize(
    ("verification", "address", "mail", "said"),
    [
        ("email", False, True, "it takes an e-mail address on the end user's record"),
        ("email", True, False, "it takes a mail server for this gateway (smtp_host)"),
        (
            "email",
            False,
            False,
            "it takes a mail server for this gateway (smtp_host) and an e-mail address on the end user's record",
        ),
        ("handoff", True, True, "it takes settings.handoffUrl of the workspace"),
        (
            "auto",
            False,
            True,
            "it takes settings.handoffUrl of the workspace, or an e-mail address on the end user's record",
        ),
    ],
)
def test_what_is_missing_is_named_with_where_to_set_it(verification: str, address: bool, mail: bool, said: str) -> None:
    assert what_is_missing(means(verification, handoff=False, address=address, mail=mail)) == said
