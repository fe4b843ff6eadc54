"""Setup URLs: where an end user connects an account that a tool call lacked (design/links-and-identity).

The id in the URL names the end user and the workspace integration, says until when it holds, and is signed; nothing
is stored. It has no power of its own: the page behind it first checks who opens it. Within half an hour the same two
get the same URL, so that a looping agent makes one link, not thousands.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.signed_text import read_signed, write_signed

PATH = "/connect/s/"
_WINDOW = timedelta(minutes=30)
_LIFETIME = timedelta(hours=1)
_PURPOSE = "setup url"


@dataclass(frozen=True, slots=True)
class SetupRequest:
    """Who has to connect what, and until when the link holds."""

    end_user_id: str
    workspace_integration_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SetupUrl:
    """A link to hand out."""

    url: str
    expires_at: datetime


class SetupUrls:
    """Makes and reads setup URLs below the public URL."""

    def __init__(self, *, public_url: str, cipher: Cipher, clock: Clock) -> None:
        self._base = public_url + PATH
        self._cipher = cipher
        self._clock = clock

    def make(self, end_user_id: str, workspace_integration_id: str) -> SetupUrl:
        """Return the link under which this end user connects this workspace integration."""
        window = int(self._clock().timestamp() // _WINDOW.total_seconds() * _WINDOW.total_seconds())
        expires = window + int(_LIFETIME.total_seconds())
        payload = UUID(end_user_id).bytes + UUID(workspace_integration_id).bytes + expires.to_bytes(4, "big")
        setup_id = write_signed(self._cipher, _PURPOSE, payload)
        return SetupUrl(self._base + setup_id, datetime.fromtimestamp(expires, UTC))

    def read(self, setup_id: str) -> SetupRequest | None:
        """Return what an id stands for, or None for one that we did not make or that has expired."""
        payload = read_signed(self._cipher, _PURPOSE, setup_id)
        if payload is None:
            return None
        expires_at = datetime.fromtimestamp(int.from_bytes(payload[32:], "big"), UTC)
        if expires_at <= self._clock():
            return None
        return SetupRequest(str(UUID(bytes=payload[:16])), str(UUID(bytes=payload[16:32])), expires_at)
