"""Trying a new credential before it is kept, and finding out whose account it opens and what else is to be kept."""

from collections.abc import Mapping

from integrations.accounts import ProviderAccount, identify, verify
from integrations.action import Ports
from integrations.auth_methods import AnyAuthMethod
from integrations.integration import Integration
from integrations.kept_values import fetch_kept
from integrations.ports import Credentials, Http, Json


class AccountProof:
    """Asks providers about credentials."""

    def __init__(self, http: Http) -> None:
        self._ports = Ports(http=http)

    async def completed(
        self, integration: Integration, method: AnyAuthMethod, values: Mapping[str, Json]
    ) -> dict[str, Json]:
        """Return `values` with what only the provider's API tells of this connection.

        Raises:
            integrations.kept_values.NotOne: what was entered does not say which of several things is meant.
            integrations.failures.ActionFailed: the provider refused.
        """
        credentials = Credentials(auth_method=method.key, values=values)
        return {**values, **await fetch_kept(integration.manifest, credentials, self._ports)}

    async def of(
        self,
        integration: Integration,
        method: AnyAuthMethod,
        values: Mapping[str, Json],
        *,
        token_answer: Json = None,
    ) -> ProviderAccount | None:
        """Return whose account the credential opens; None where there is no saying.

        Raises:
            integrations.failures.ActionFailed: the provider refused; CredentialsRejected if it was for the credential.
        """
        credentials = Credentials(auth_method=method.key, values=values)
        if method.verify is not None:
            await verify(integration, credentials, self._ports)
        return await identify(integration, credentials, self._ports, token_answer=token_answer)
