"""Failures that only HTTP knows."""

from gateway.errors import ToolgateError


class MethodNotAllowed(ToolgateError):
    """There is such a path, but not for this method."""

    code = "METHOD_NOT_ALLOWED"

    def __init__(self, message: str, *, allowed: str) -> None:
        super().__init__(message)
        self.allowed = allowed


class UnsupportedMediaType(ToolgateError):
    """The body is not plain JSON."""

    code = "UNSUPPORTED_MEDIA_TYPE"


class RequestTimeout(ToolgateError):
    """The body did not arrive in time."""

    code = "REQUEST_TIMEOUT"
