"""Where a browser brings what its product has signed: checked here, and used at the way back, by the browser's cookie.

The token comes by a form that the product's page posts. In an address, by GET, it would stand in logs, histories and
`Referer`, and a preview could spend it; in a fragment it would need a script of ours and stay in the history. Browsers
send our `SameSite=Lax` cookie with no form of another site, so this step knows no browser, asks for no proof of a form
of ours, and sets no cookie: it only says where to go on. That is the same address, good once, to which a product's
backend sends a browser that has called to confirm, and it opens in the browser that began and in no other. So a token
that somebody steals, or posts from the browser of a victim, signs nobody in.
"""

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import ToolgateError
from gateway.kit.log import get_logger
from gateway.web.forms import FormRefused, read_form
from gateway.web.headers import lead_to
from gateway.web.limits import PageLimits
from gateway.web.stops import PageStop
from gateway.wiring import Gateway

_log = get_logger(__name__)


class SignedHandoffPage:
    """`POST /connect/handoff`."""

    def __init__(self, gateway: Gateway, *, limits: PageLimits) -> None:
        self._identity = gateway.identity
        self._is_https = gateway.settings.is_https
        self._limits = limits

    async def take(self, request: Request) -> Response:
        """Take a token, and lead to the way back of the hand-off that it names."""
        try:
            form = await read_form(request)
            said = await self._identity.handoff_tokens.read(form.get("token", ""))
            address = await self._identity.handoffs.confirm_signed(said)
        except FormRefused as refused:
            self._limits.count_stranger(request)
            raise _refused("send a form with the one field token, as application/x-www-form-urlencoded") from refused
        except ToolgateError as failed:
            self._limits.count_stranger(request)
            _log.warning("a signed hand-off was refused", reason=failed.message)
            raise _refused(failed.message) from failed
        return lead_to(address, is_https=self._is_https)


def _refused(reason: str) -> PageStop:
    return PageStop(
        "Signing in did not work",
        "What came back from where you signed in could not be used, so nothing was allowed.",
        "Go back to where you began, and try again.",
        f"For whoever runs that login — {reason}.",
        status=403,
    )
