"""Whether a credential opens its account, asked by a request that changes nothing."""

from integrations.action import Ports
from integrations.manifest import Manifest
from integrations.outgoing import fill
from integrations.ports import Credentials, Json
from integrations.requests import RequestTemplate
from integrations.running import connected, method_of


async def opens(manifest: Manifest, credentials: Credentials, ports: Ports) -> bool:
    """Try the credential with the manifest's harmless request. False: there is none, so nothing is known.

    Raises:
        ActionFailed: the provider refused; CredentialsRejected if it was for the credential.
    """
    method = method_of(manifest, credentials)
    if method is not None and method.verify is not None:
        await fetch(method.verify, manifest, credentials, ports=ports)
        return True
    account = method.account if method else None
    if account is None or account.request is None:
        return False
    await fetch(account.request, manifest, credentials, ports=ports, base_url=account.base_url)
    return True


async def fetch(
    request: RequestTemplate, manifest: Manifest, credentials: Credentials, *, ports: Ports, base_url: str | None = None
) -> Json:
    """Return what a request without inputs is answered. Raises ActionFailed."""
    api = connected(manifest, credentials, ports, base_url=base_url)
    return (await api.exchange(fill(request, {}, {}), may_repeat=True)).json
