"""Everything that shows who sits at a browser, in one place for the pages that ask."""

from dataclasses import dataclass

from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.mail import Mailer
from gateway.web.email_codes import EmailCodes
from gateway.web.handoffs import Handoffs
from gateway.web.known_browsers import KnownBrowsers
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Identity:
    """Codes by mail, hand-offs from the product, and the browsers that have shown either."""

    codes: EmailCodes
    handoffs: Handoffs
    browsers: KnownBrowsers


def identity_checks(database: Database, *, cipher: Cipher, mailer: Mailer, public_url: str, clock: Clock) -> Identity:
    """Build them all over one database."""
    return Identity(
        codes=EmailCodes(database, cipher=cipher, mailer=mailer, clock=clock),
        handoffs=Handoffs(database, cipher=cipher, public_url=public_url, clock=clock),
        browsers=KnownBrowsers(database, clock=clock),
    )
