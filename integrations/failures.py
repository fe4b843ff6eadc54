"""How an action can fail, by meaning. The engine raises these; the gateway decides what happens next.

`message` is shown to the caller and the model: the provider's own words where it gave some, never its
headers and never a credential.
"""


class ActionFailed(Exception):
    """The action did not succeed. `status` is the provider's HTTP status, where there was one."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class InvalidInput(ActionFailed):
    """The caller's arguments are at fault. `path` is a JSON Pointer into them ("" for the whole)."""

    def __init__(self, message: str, *, path: str = "", status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.path = path


class NotFound(ActionFailed):
    """The provider (or the state) has no such thing."""


class CredentialsRejected(ActionFailed):
    """The provider no longer accepts the credential: the person has to reconnect."""


class PermissionMissing(ActionFailed):
    """The credential is alive but may not do this. `needed` are the scopes that would do, where known."""

    def __init__(self, message: str, *, needed: tuple[str, ...] = (), status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.needed = needed


class RateLimited(ActionFailed):
    """The provider asks us to slow down. `retry_after` is in seconds, where it said so."""

    def __init__(self, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class ProviderUnavailable(ActionFailed):
    """No connection, a 5xx, or an answer that is none: worth another try later."""


class ProviderTimedOut(ActionFailed):
    """No complete answer in time; it is not known whether the action had its effect."""


class ToolChanged(ActionFailed):
    """A remote MCP server's tool is not as it was approved, or is gone; it was not called."""
