"""Whose account a connection is, and whether its credential works."""

from dataclasses import dataclass
from typing import Final

from integrations.action import Ports
from integrations.auth_methods import Looked
from integrations.credential_proof import fetch, opens
from integrations.integration import Integration
from integrations.notation import MISSING, find
from integrations.ports import Credentials, Json
from integrations.running import method_of

_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class ProviderAccount:
    """The account at the provider: `id` never changes, `label` is what a person recognises it by."""

    id: str
    label: str


async def identify(
    integration: Integration, credentials: Credentials, ports: Ports, *, token_answer: Json = None
) -> ProviderAccount | None:
    """Whose account `credentials` open, or None where the manifest or the provider does not say.

    `token_answer` is the provider's token answer, for auth methods that have one.

    Raises:
        ActionFailed: the provider refused; CredentialsRejected if it was for the credential.
    """
    method = method_of(integration.manifest, credentials)
    if method is None or method.account is None:
        return None
    account = method.account
    document = token_answer
    if account.request is not None:
        document = await fetch(
            account.request, integration.manifest, credentials, ports=ports, base_url=account.base_url
        )
    identifier = await _value(account.id, document, integration, credentials=credentials, ports=ports)
    label = await _value(account.label, document, integration, credentials=credentials, ports=ports)
    if not identifier or not identifier.isprintable() or len(identifier) > _LONGEST:
        return None
    return ProviderAccount(identifier, legible(label or "") or identifier)


async def verify(integration: Integration, credentials: Credentials, ports: Ports) -> bool:
    """Try the credential with the manifest's harmless request. False: there is none, so nothing is known.

    Raises:
        ActionFailed: the provider refused; CredentialsRejected if it was for the credential.
    """
    return await opens(integration.manifest, credentials, ports)


def legible(label: str) -> str:
    """Return what people have called their account, on one line: they could have it read backwards, or endless."""
    return " ".join("".join(each if each.isprintable() else " " for each in label).split())[:_LONGEST]


async def _value(
    where: str | Looked, document: Json, integration: Integration, *, credentials: Credentials, ports: Ports
) -> str | None:
    if isinstance(where, Looked):
        document = await fetch(where.request, integration.manifest, credentials, ports=ports)
        where = where.value
    found = find(document, where)
    return None if found is MISSING or found is None or isinstance(found, dict | list) else str(found)
