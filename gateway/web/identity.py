"""Everything that shows who sits at a browser, in one place for the pages that ask."""

from dataclasses import dataclass

from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.mail import Mailer
from gateway.tenancy.handoff_keys import HandoffKeySafe
from gateway.web.email_codes import EmailCodes
from gateway.web.handoff_tokens import HandoffTokens
from gateway.web.handoffs import Handoffs
from gateway.web.key_sets import KeySets
from gateway.web.known_browsers import KnownBrowsers
from gateway.web.mailed_codes import MailedCodes
from gateway.web.openid import OpenId
from gateway.web.openid_keys import OpenIdKeys
from gateway.web.sign_in_codes import SignInCodes
from gateway.web.signed_in_browsers import SignedInBrowsers
from integrations.ports import Http
from storage.database import Database


@dataclass(frozen=True, slots=True)
class Identity:
    """Codes by mail, hand-offs from the product, OpenID providers, and the browsers that have shown who sits at them."""

    codes: EmailCodes
    handoffs: Handoffs
    handoff_tokens: HandoffTokens
    browsers: KnownBrowsers
    sign_in_codes: SignInCodes
    openid: OpenId
    signed_in: SignedInBrowsers


def identity_checks(
    database: Database, *, cipher: Cipher, mailer: Mailer, http: Http, public_url: str, clock: Clock
) -> Identity:
    """Build them all over one database."""
    mailed = MailedCodes(database, cipher=cipher, mailer=mailer, clock=clock)
    keys = KeySets(http, clock=clock)
    provider_keys = OpenIdKeys(http, keys=keys, clock=clock)
    return Identity(
        codes=EmailCodes(database, codes=mailed, clock=clock),
        handoffs=Handoffs(database, cipher=cipher, public_url=public_url, clock=clock),
        handoff_tokens=HandoffTokens(
            database, keys=keys, safe=HandoffKeySafe(cipher), public_url=public_url, clock=clock
        ),
        browsers=KnownBrowsers(database, clock=clock),
        sign_in_codes=SignInCodes(database, codes=mailed, clock=clock),
        openid=OpenId(database, keys=provider_keys, cipher=cipher, public_url=public_url, clock=clock),
        signed_in=SignedInBrowsers(database, clock=clock),
    )
