"""The product's failures: each a stable code and a sentence for the caller (contract 2).

Raised where the fact is known; every face renders them once (REST: `api/envelope`, MCP: `mcp/results`). `details`
goes to the caller too; what only the log may know is chained as `__cause__`.
"""

from typing import Any, ClassVar


class ToolgateError(Exception):
    """A failure that a caller is told of."""

    code: ClassVar[str] = "INTERNAL_ERROR"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class ValidationFailed(ToolgateError):
    """The request is well-formed JSON that says something we can't accept."""

    code = "VALIDATION_ERROR"


class InvalidJson(ToolgateError):
    """The body is not JSON that we accept."""

    code = "INVALID_JSON"


class NoUpdates(ToolgateError):
    """A PATCH that changes nothing."""

    code = "NO_UPDATES"


class WorkspaceRequired(ToolgateError):
    """The call can't be answered without a workspace."""

    code = "WORKSPACE_REQUIRED"


class Unauthorized(ToolgateError):
    """Nobody we know is calling."""

    code = "UNAUTHORIZED"


class Forbidden(ToolgateError):
    """The caller is known and may not do this."""

    code = "FORBIDDEN"


class ScopeDenied(Forbidden):
    """The API key does not reach this workspace, or is not organization-wide."""

    code = "SCOPE_DENIED"


class QuotaExceeded(Forbidden):
    """There are as many of these as there may be."""

    code = "QUOTA_EXCEEDED"


class NotFound(ToolgateError):
    """There is no such thing within the caller's reach."""

    code = "NOT_FOUND"


class EndUserNotFound(NotFound):
    """There is no such end user in the workspace."""

    code = "END_USER_NOT_FOUND"


class ConnectionNotFound(NotFound):
    """There is no such connection that could be used here."""

    code = "CONNECTION_NOT_FOUND"


class IntegrationNotFound(NotFound):
    """The catalogue, or the workspace, has no such integration."""

    code = "INTEGRATION_NOT_FOUND"


class ActionNotFound(NotFound):
    """The integration has no such action."""

    code = "ACTION_NOT_FOUND"


class PartialNotFound(NotFound):
    """There is no such input partial."""

    code = "PARTIAL_NOT_FOUND"


class Conflict(ToolgateError):
    """What is there already does not go together with what is asked."""

    code = "CONFLICT"


class Duplicate(Conflict):
    """Something of this identity exists already."""

    code = "DUPLICATE"


class SlugExists(Conflict):
    """An organization of this slug exists already."""

    code = "SLUG_EXISTS"


class AliasConflict(Conflict):
    """Another integration of the workspace or server has this alias, or one that makes the same tool names."""

    code = "ALIAS_CONFLICT"


class McpBearerDisabled(Conflict):
    """The server does not take bearer tokens that an API made."""

    code = "MCP_BEARER_DISABLED"


class McpOAuthDisabled(Conflict):
    """The server does not take OAuth tokens."""

    code = "MCP_OAUTH_DISABLED"


class McpStaticBearerIncompatible(Conflict):
    """A token without an end user would be unsafe here."""

    code = "MCP_STATIC_BEARER_INCOMPATIBLE"


class McpBearerBlocksPerUser(Conflict):
    """A live static token stands in the way of a strict per-user integration."""

    code = "MCP_BEARER_BLOCKS_PER_USER"


class InvalidMcpScopes(ToolgateError):
    """A scope that the server's mode does not know."""

    code = "INVALID_MCP_SCOPES"


class ActionNotAllowed(Forbidden):
    """The workspace has not enabled this action."""

    code = "ACTION_NOT_ALLOWED"


class AmbiguousIntegration(ToolgateError):
    """The workspace has several instances of the integration, and none was named."""

    code = "AMBIGUOUS_INTEGRATION"


class ConnectionRequired(ToolgateError):
    """Somebody has to connect an account first; `setup_url` says where, if an end user can do it."""

    code = "CONNECTION_REQUIRED"

    def __init__(self, message: str, *, setup_url: str | None = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.setup_url = setup_url


class ActionFailed(ToolgateError):
    """The third party, or the action's own rules, did not do it."""

    code = "ACTION_FAILED"


class NotOAuth2(ToolgateError):
    """The integration, or its auth method, does not connect by OAuth."""

    code = "NOT_OAUTH2"


class NoOAuthApp(ToolgateError):
    """This deployment has no OAuth app to show the provider."""

    code = "NO_OAUTH_APP"


class MissingOAuth2Config(ToolgateError):
    """An OAuth app of the tenant's own is asked for, and there is none."""

    code = "MISSING_OAUTH2_CONFIG"


class InvalidOAuthApp(ToolgateError):
    """The request names an OAuth app that can't be used for this."""

    code = "INVALID_OAUTH_APP"


class OAuthAppNotFound(NotFound):
    """There is no such OAuth app."""

    code = "OAUTH_APP_NOT_FOUND"


class MissingToken(ToolgateError):
    """The request does not say which connect session it is about."""

    code = "MISSING_TOKEN"


class InvalidToken(ToolgateError):
    """The token opens no connect session, or none any more."""

    code = "INVALID_TOKEN"


class SessionNotFound(NotFound):
    """There is no such connect session."""

    code = "SESSION_NOT_FOUND"


class NotDropdown(ToolgateError):
    """The property has no options to look up."""

    code = "NOT_DROPDOWN"


class NotDynamic(ToolgateError):
    """The property is the same whatever the other inputs are."""

    code = "NOT_DYNAMIC"


class OptionsFailed(ToolgateError):
    """The options could not be looked up."""

    code = "OPTIONS_FAILED"


class PayloadTooLarge(ToolgateError):
    """The request is larger than its route allows."""

    code = "PAYLOAD_TOO_LARGE"


class RateLimited(ToolgateError):
    """Too many requests; nothing was done. `retry_after` is in whole seconds."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(ToolgateError):
    """We can't serve this now; nothing was done."""

    code = "INTEGRATION_UNAVAILABLE"
