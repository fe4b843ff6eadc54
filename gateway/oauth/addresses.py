"""Where the authorization server answers."""

from typing import Final
from urllib.parse import urlencode

from gateway.access.client_authentication import TOKEN_PATH as TOKEN

OAUTH_PATH: Final = "/oauth/"
METADATA: Final = "/.well-known/oauth-authorization-server"
OPENID_METADATA: Final = "/.well-known/openid-configuration"
AUTHORIZE: Final = "/oauth/authorize"
REGISTER: Final = "/oauth/register"
REVOKE: Final = "/oauth/revoke"
SIGN_IN: Final = "/oauth/sign-in"
CONSENT: Final = "/oauth/consent"
CONNECT: Final = "/oauth/connect"
DEVICE: Final = "/oauth/device"
DEVICE_CODE: Final = "/oauth/device/code"

__all__ = [
    "AUTHORIZE",
    "CONNECT",
    "CONSENT",
    "DEVICE",
    "DEVICE_CODE",
    "METADATA",
    "OAUTH_PATH",
    "OPENID_METADATA",
    "REGISTER",
    "REVOKE",
    "SIGN_IN",
    "TOKEN",
    "of_request",
]


def of_request(page: str, key: str) -> str:
    """Return the address of a page about the authorization request of this key."""
    return f"{page}?{urlencode({'request': key})}"
