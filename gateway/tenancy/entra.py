"""Microsoft Entra, where it goes its own way: an issuer for each tenant, and another word for a verified address.

An organization may take the people of one tenant, or of whichever tenant, by the issuer as Entra's own document for
all tenants writes it, with a placeholder. Each tenant is an issuer of its own then.

Whoever runs a tenant writes any address on any account of it, so an address counts only where Microsoft itself vouches
for it: by `xms_edov`, an optional claim that says that the address's domain is proven to be the tenant's (or that the
account was opened with a code to it).
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.errors import ValidationFailed

_CLOUDS: Final = (
    "https://login.microsoftonline.com/",
    "https://login.microsoftonline.us/",
    "https://login.partner.microsoftonline.cn/",
    # The issuers of its endpoints of before v2.0: theirs would be held to what other providers say of an address.
    "https://sts.windows.net/",
    "https://sts.chinacloudapi.cn/",
)
_PLACEHOLDER: Final = "{tenantid}"
_GUID: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_PATH: Final = re.compile(rf"/(?:{_GUID}|{re.escape(_PLACEHOLDER)})/v2\.0", re.ASCII)


def is_entra(issuer: str) -> bool:
    """Tell whether Microsoft speaks for this issuer, in one of its clouds."""
    return issuer.startswith(_CLOUDS)


def accept_tenant(issuer: str) -> None:
    """Refuse what no token of Entra is issued by: `common` and the like, or a tenant's name. Raises `ValidationFailed`."""
    if not _PATH.fullmatch(urlsplit(issuer).path):
        raise ValidationFailed(
            "issuer: Microsoft Entra has one for each tenant, such as "
            "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0: take the tenant's id in it, "
            f"or {_PLACEHOLDER} as it stands for the people of any; common, organizations and names issue no tokens"
        )


def takes(configured: str, issuer: str) -> bool:
    """Tell whether who issues is the configured issuer, or one of the tenants for which its placeholder stands."""
    if not _is_for_all(configured):
        return issuer == configured
    before, _, after = configured.partition(_PLACEHOLDER)
    return re.fullmatch(f"{re.escape(before)}{_GUID}{re.escape(after)}", issuer, re.ASCII) is not None


def written_around(configured: str) -> tuple[str, str]:
    """Return how every issuer begins and ends for which the configured one stands."""
    before, _, after = configured.partition(_PLACEHOLDER) if _is_for_all(configured) else (configured, "", "")
    return before, after or configured


def discovered_at(configured: str) -> str:
    """Return the address below which an issuer's document stands; for all tenants it is that of work accounts."""
    return configured.replace(_PLACEHOLDER, "organizations") if _is_for_all(configured) else configured


def is_key_for(key_issuer: str | None, issuer: str) -> bool:
    """Tell whether a key may sign for this issuer: Entra writes beside each for which tenants it is."""
    return key_issuer is None or takes(key_issuer, issuer)


def vouches_for_address(claims: Mapping[str, Any]) -> bool:
    """Tell whether an id_token's address is the person's. It is written as truth, as 1, or as text."""
    return claims.get("xms_edov") in (True, "1", "true")


def _is_for_all(configured: str) -> bool:
    return _PLACEHOLDER in configured and is_entra(configured)
