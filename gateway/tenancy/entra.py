"""Microsoft Entra, where it goes its own way: an issuer for each tenant, and another word for a verified address.

Whoever runs a tenant writes any address on any account of it, so an address counts only where Microsoft itself vouches
for it: by `xms_edov`, an optional claim that says that the address's domain is proven to be the tenant's (or that the
account was opened with a code to it).
"""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from gateway.errors import ValidationFailed

_HOSTS: Final = frozenset({"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"})
_TENANT: Final = re.compile(r"/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/v2\.0", re.ASCII)


def is_entra(issuer: str) -> bool:
    """Tell whether Microsoft speaks for this issuer, in one of its clouds."""
    return urlsplit(issuer).hostname in _HOSTS


def accept_tenant(issuer: str) -> None:
    """Refuse what no token of Entra is issued by: `common` and the like, or a tenant's name. Raises `ValidationFailed`."""
    if not _TENANT.fullmatch(urlsplit(issuer).path):
        raise ValidationFailed(
            "issuer: Microsoft Entra has one for each tenant, such as "
            "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0: take the tenant's id in it; "
            "common, organizations and names issue no tokens"
        )


def vouches_for_address(claims: Mapping[str, Any]) -> bool:
    """Tell whether an id_token's address is the person's. It is written as truth, as 1, or as text."""
    return claims.get("xms_edov") in (True, "1", "true")
