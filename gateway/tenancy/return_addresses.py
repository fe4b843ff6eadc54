"""Where a person may be sent after connecting: addresses that came with an API key, and no trick among them (R37)."""

from gateway.errors import ValidationFailed
from gateway.kit.notations import is_loopback
from gateway.kit.urls import normal_url

MAX_LENGTH = 2000


def accept_return_address(address: str, where: str) -> str:
    """Return the address as it stands: https, or http on this machine. Raises `ValidationFailed`."""
    try:
        origin = normal_url(address).origin
        # Also refuses an address of this machine in a spelling that others read as another.
        is_here = is_loopback(origin.host)
    except ValueError as error:
        raise ValidationFailed(f"{where}: {error}") from error
    # Browsers read a backslash as a slash, and blanks and letters beyond ASCII each in their own way.
    if "\\" in address or not address.isascii() or not address.isprintable() or " " in address:
        raise ValidationFailed(f"{where}: write the address in plain ASCII, percent-encoded where needed")
    if "#" in address:
        raise ValidationFailed(f"{where}: can't have a fragment")
    if origin.scheme != "https" and not is_here:
        raise ValidationFailed(f"{where}: has to be https; plain http is for this machine only")
    return address
