"""The development mailbox: mails that would have been sent, for whoever tries the gateway out on their own machine."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.kit.mail import Mailbox, Mailer
from gateway.settings import Settings
from gateway.web.pages import Pages

PATH: Final = "/dev/mailbox"


def mailbox_routes(mailer: Mailer, settings: Settings) -> list[Route]:
    """Return the route of the page; there is none where mail is sent, or where others could read it."""
    if not isinstance(mailer, Mailbox) or not settings.keeps_mail_for_developers:
        return []
    return [Route(PATH, MailboxPage(mailer, settings).answer, methods=["GET"])]


class MailboxPage:
    """Shows the mails that were kept, newest first."""

    def __init__(self, mailbox: Mailbox, settings: Settings) -> None:
        self._mailbox = mailbox
        self._host = settings.public_url.partition("://")[2]
        self._pages = Pages(settings, "gateway.web")

    async def answer(self, request: Request) -> Response:
        """Answer under our own name only: another site's name may be made to lead to this machine (DNS rebinding)."""
        if request.headers.get("host", "").lower() != self._host:
            return self._pages.say("Nothing here", "Open this page under the gateway's public URL.", status=404)
        return self._pages.show("mailbox.html", mails=self._mailbox.newest_first)
