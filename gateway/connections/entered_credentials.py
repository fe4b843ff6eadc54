"""From what somebody has entered to a credential that can be kept: bought at the provider where it has to be.

Client credentials, and fields that are exchanged for a token, open nothing themselves. They buy an access token, now
and again before each expires (`Grants`), so they are kept beside it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.connections.account_proof import AccountProof
from gateway.connections.connect_methods import scopes_to_ask
from gateway.connections.token_answers import GrantDead, TokenRefused, Tokens
from gateway.connections.token_endpoint import ask, purchase_request
from gateway.errors import ActionFailed, ValidationFailed
from gateway.kit.clock import Clock
from integrations import failures
from integrations.accounts import ProviderAccount
from integrations.auth_methods import AnyAuthMethod, ClientCredentials, OAuth2, TokenExchange
from integrations.integration import Integration
from integrations.kept_values import NotOne
from integrations.ports import Http, Json


@dataclass(frozen=True, slots=True)
class EnteredCredential:
    """What a connection is to hold, and since when; where nothing was bought, just what was entered."""

    values: Mapping[str, Json] = field(repr=False)
    obtained_at: datetime
    expires_at: datetime | None = None
    granted_scopes: list[str] | None = None
    account: ProviderAccount | None = None


def buys_tokens(method: AnyAuthMethod) -> bool:
    """Tell whether what is entered for this auth method only buys what opens the account."""
    return isinstance(method, ClientCredentials | TokenExchange)


def has_to_ask(method: AnyAuthMethod, values: Mapping[str, Json]) -> bool:
    """Tell whether what was brought opens nothing before the provider has been asked for the rest."""
    asked = method.keep_from_request if isinstance(method, OAuth2) else None
    return buys_tokens(method) or (asked is not None and not asked.values.keys() <= values.keys())


class EnteredCredentials:
    """Buys what has to be bought, and tries it."""

    def __init__(self, *, http: Http, proof: AccountProof, clock: Clock) -> None:
        self._http = http
        self._proof = proof
        self._clock = clock

    async def proven(
        self,
        integration: Integration,
        method: AnyAuthMethod,
        values: Mapping[str, Json],
        *,
        enabled: Collection[str] | None,
    ) -> EnteredCredential:
        """Return a credential that the provider has accepted, and whose account it opens.

        `values` are those that `accept_values` has let through; `enabled` are the actions it is for, None for all.

        Raises:
            integrations.failures.ActionFailed: the provider refused it; CredentialsRejected if it is of no use.
        """
        now = self._clock()
        match method:
            case ClientCredentials() | TokenExchange():
                scopes = scopes_to_ask(method, integration, enabled=enabled, held=())
                tokens = await self._bought(integration, method, values, scopes=scopes)
                values, answer = {**values, **tokens.values}, tokens.answer
                granted = list(scopes if tokens.scopes is None else tokens.scopes)
                lifetime = tokens.expires_in
            case _:
                answer, granted, lifetime = None, None, None
        values = await self._proof.completed(integration, method, values)
        return EnteredCredential(
            values=values,
            obtained_at=now,
            expires_at=None if lifetime is None else now + timedelta(seconds=lifetime),
            granted_scopes=granted or None,
            account=await self._proof.of(integration, method, values, token_answer=answer),
        )

    async def accepted(
        self,
        integration: Integration,
        method: AnyAuthMethod,
        given: EnteredCredential,
        *,
        enabled: Collection[str] | None,
    ) -> EnteredCredential:
        """Return what a backend has brought as it is to be kept: proven. Raises `ValidationFailed`, `ActionFailed`."""
        try:
            proven = await self.proven(integration, method, given.values, enabled=enabled)
        except NotOne as error:
            raise ValidationFailed(f"data: {error.message}") from error
        except failures.CredentialsRejected as error:
            where = "props" if buys_tokens(method) else "accessToken"
            raise ValidationFailed(f"{where}: {integration.title} does not accept this ({error.message})") from error
        except failures.ActionFailed as error:
            raise ActionFailed(
                f"{integration.title} could not be asked whether this works ({error.message}); nothing was kept",
                reason="provider_unavailable",
            ) from error
        return proven if buys_tokens(method) else replace(given, values=proven.values, account=proven.account)

    async def _bought(
        self,
        integration: Integration,
        method: ClientCredentials | TokenExchange,
        values: Mapping[str, Json],
        *,
        scopes: tuple[str, ...],
    ) -> Tokens:
        try:
            request = purchase_request(method, values, scopes=scopes, hosts=integration.hosts)
            return await ask(self._http, request, clock=self._clock)
        except GrantDead as error:
            raise failures.CredentialsRejected(error.message) from error
        except TokenRefused as error:
            raise failures.ProviderUnavailable(error.message) from error
