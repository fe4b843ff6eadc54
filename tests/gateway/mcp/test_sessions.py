"""Claims about the sessions of handshake-era clients."""

from typing import Any

import pytest

from gateway.kit.cipher import Cipher
from gateway.mcp.sessions import Session, Sessions, settle
from gateway.principals import McpPrincipal

FORM: dict[str, Any] = {"elicitation": {}}
URL = {"elicitation": {"url": {}}}
ALICE = McpPrincipal("t1", "s1", "o", "w", "alice", frozenset({"mcp:tools"}))


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(Cipher([b"k" * 32]))


@pytest.mark.parametrize(
    ("params", "settled"),
    [
        ({"protocolVersion": "2025-06-18", "capabilities": {}}, Session("2025-06-18")),
        ({"protocolVersion": "2025-03-26"}, Session("2025-03-26")),
        ({"protocolVersion": "2026-07-28"}, Session("2025-11-25")),
        ({"protocolVersion": "1999-01-01"}, Session("2025-11-25")),
        ({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}}, Session("2025-11-25", FORM)),
        ({"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {"url": {}}}}, Session("2025-11-25", URL)),
        ({"protocolVersion": "2025-06-18", "capabilities": {"elicitation": {"url": {}}}}, Session("2025-06-18", FORM)),
        ({"protocolVersion": 5, "capabilities": {"elicitation": "url"}}, Session("2025-11-25")),
        ({"protocolVersion": ["2025-06-18"]}, Session("2025-11-25")),
        (None, Session("2025-11-25")),
        ([], Session("2025-11-25")),
    ],
)
def test_the_handshake_settles_version_and_url_elicitation(params: Any, settled: Session) -> None:
    assert settle(params) == settled


def test_any_process_with_the_key_ring_reads_a_session(sessions: Sessions) -> None:
    session_id = sessions.begin(ALICE, {"protocolVersion": "2025-06-18"})

    assert Sessions(Cipher([b"n" * 32, b"k" * 32])).read(session_id, ALICE) == Session("2025-06-18")


@pytest.mark.parametrize(
    "other",
    [
        McpPrincipal("t2", "s1", "o", "w", "bob", frozenset({"mcp:tools"})),
        McpPrincipal("t1", "s2", "o", "w", "alice", frozenset({"mcp:tools"})),
        McpPrincipal("t1", "s1", "o", "w", None, frozenset({"mcp:tools"})),
    ],
)
def test_somebody_elses_session_is_none(sessions: Sessions, other: McpPrincipal) -> None:
    assert sessions.read(sessions.begin(ALICE, {}), other) is None


def test_a_session_outlives_the_token_of_its_end_user(sessions: Sessions) -> None:
    renewed = McpPrincipal("t9", "s1", "o", "w", "alice", frozenset({"mcp:tools"}))

    assert sessions.read(sessions.begin(ALICE, {}), renewed) is not None


@pytest.mark.parametrize("session_id", ["", "x", "ä", "A" * 200, "=" * 8])
def test_garbage_is_no_session(sessions: Sessions, session_id: str) -> None:
    assert sessions.read(session_id, ALICE) is None
