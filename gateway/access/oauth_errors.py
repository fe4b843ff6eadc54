"""Failures of the authorization server, by the names that OAuth gives them."""


class OAuthError(Exception):
    """`error` is a code of RFC 6749 4.1.2.1 or 5.2, RFC 7591 3.2.2 or RFC 8707 2; `description` is for developers."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class PolledTooSoon(OAuthError):
    """A device asks more often than it was told to; `interval` seconds have to lie between from now on."""

    def __init__(self, interval: int) -> None:
        super().__init__("slow_down", f"ask every {interval} seconds from now on")
        self.interval = interval


class UnknownClient(OAuthError):
    """No client goes by this id: nobody is redirected anywhere."""

    def __init__(self, description: str) -> None:
        super().__init__("invalid_client", description)


class ClientOutOfReach(OAuthError):
    """What a client says of itself can't be read just now: it is neither known nor unknown."""

    def __init__(self, description: str) -> None:
        super().__init__("temporarily_unavailable", description)


class RedirectRefused(OAuthError):
    """The client has not registered this redirect address: nobody is redirected anywhere."""

    def __init__(self, description: str) -> None:
        super().__init__("invalid_request", description)
