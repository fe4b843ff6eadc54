"""The browser at a connect page: known by a cookie, so that nobody finishes or submits what another has begun (R17)."""

import base64
import hmac
import secrets
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from gateway.kit.cipher import Cipher

_NAME = "toolgate_connect"
_PURPOSE = "connect form"
_LONGEST = 100


class Browsers:
    """Gives browsers their cookie, and forms the proof that they come from a page of ours in the same browser."""

    def __init__(self, *, cipher: Cipher, is_https: bool) -> None:
        self._cipher = cipher
        self._is_https = is_https
        # Over plain http, which means this machine, browsers take no `__Host-` cookies.
        self._cookie = f"__Host-{_NAME}" if is_https else _NAME

    def of(self, request: Request) -> str | None:
        """Return what this browser is known by, None before its first page."""
        # Read strictly: what a neighbouring site plants beside our cookie, under a name that a lenient parser trims to
        # ours, must neither be taken for it nor be told from it by its place.
        pairs = (
            each.strip(" ").partition("=") for line in request.headers.getlist("cookie") for each in line.split(";")
        )
        found = [value for name, _, value in pairs if name == self._cookie]
        return found[0] if len(found) == 1 and 0 < len(found[0]) <= _LONGEST else None

    def new(self) -> str:
        """Return what a browser will be known by."""
        return secrets.token_urlsafe(32)

    def remember(self, response: Response, browser: str, *, lasting: timedelta | None = None) -> None:
        """Set the cookie, until the browser is closed or for longer.

        Lax, because the provider's answer comes by a link from another site.
        """
        seconds = None if lasting is None else int(lasting.total_seconds())
        response.set_cookie(
            self._cookie, browser, max_age=seconds, path="/", secure=self._is_https, httponly=True, samesite="lax"
        )

    def proof(self, browser: str, token: str) -> str:
        """Return the hidden field of the forms that this browser gets at this link."""
        signature = self._cipher.sign(_PURPOSE, f"{browser}\x00{token}".encode())
        return base64.urlsafe_b64encode(signature).decode().rstrip("=")

    def is_proven(self, browser: str, token: str, proof: str) -> bool:
        """Tell whether a form came from a page of ours in this browser."""
        return hmac.compare_digest(self.proof(browser, token).encode(), proof.encode())
