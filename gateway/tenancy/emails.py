"""How e-mail addresses are compared (design/links-and-identity).

ASCII letters fold, the domain is IDNA-normalised, anything else is exact: Unicode folding would make `straße@` and
`strasse@` the same person.
"""

import re
import string

import idna

MAX_EMAIL_LENGTH = 254
_MAX_LOCAL_LENGTH = 64
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_LOCAL = re.compile(r"[^\s@\x00-\x1f\x7f]+")


def email_key(address: str) -> str | None:
    """Return the form in which an address is compared, or None for what is not an address."""
    local, _, domain = address.rpartition("@")
    if len(address) > MAX_EMAIL_LENGTH or len(local) > _MAX_LOCAL_LENGTH or not _LOCAL.fullmatch(local):
        return None
    domain = domain_key(domain)
    return None if domain is None else f"{local.translate(_FOLD)}@{domain}"


def domain_key(domain: str) -> str | None:
    """Return the form in which an address's domain is compared, or None for what is not a domain."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii").translate(_FOLD)
    except (idna.IDNAError, UnicodeError):
        return None
