"""Which program asks one of the endpoints for programs, and how often strangers may make us ask around for it."""

from starlette.requests import Request

from gateway.access.client_authentication import ClientAuthentication, ShownClient
from gateway.access.oauth_clients import ClientView
from gateway.access.oauth_errors import ClientOutOfReach
from gateway.oauth.limits import OAuthLimits


class Programs:
    """Holds what a request shows against what is known of its client."""

    def __init__(self, authentication: ClientAuthentication, *, limits: OAuthLimits) -> None:
        self._authentication = authentication
        self._limits = limits

    async def asking(self, request: Request, shown: ShownClient) -> ClientView:
        """Return who asks. Raises `OAuthError`."""
        if not self._authentication.is_at_hand(shown):
            # Before we ask, and not when it has failed: a hundred at once would all be let through.
            self._limits.count_failure(request)
            if self._limits.must_wait(request):
                raise ClientOutOfReach("client_id: too many that were never heard of here; wait a minute")
        return await self._authentication.client(shown)
