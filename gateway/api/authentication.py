"""Who calls REST: an API key as bearer token, or the operator's service key."""

import hmac

from starlette.datastructures import Headers

from gateway.api.calls import Access
from gateway.errors import NotFound, ScopeDenied, Unauthorized, ValidationFailed
from gateway.kit.ids import as_id
from gateway.principals import ApiKeyPrincipal, ServicePrincipal
from gateway.wiring import Gateway

SERVICE_KEY_HEADER = "x-service-key"
ORGANIZATION_HEADER = "x-org-id"


async def identify(gateway: Gateway, headers: Headers) -> ApiKeyPrincipal | ServicePrincipal:
    """Return who calls; a service key goes before an API key. Raises `Unauthorized`."""
    service_key = headers.get(SERVICE_KEY_HEADER)
    if service_key is not None:
        return _operator(gateway, service_key, headers)
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("send an API key: `Authorization: Bearer wvz_...`")
    return await gateway.api_keys.authenticate(token.strip())


async def admit(gateway: Gateway, caller: ApiKeyPrincipal | ServicePrincipal, access: Access) -> None:
    """Let the caller through, or say why not. Raises `ScopeDenied`, `ValidationFailed`, `NotFound`."""
    match caller, access:
        case ApiKeyPrincipal(), Access.SERVICE:
            raise ScopeDenied("this is for the operator: it needs the service key")
        case ApiKeyPrincipal(is_organization_wide=False), Access.ORGANIZATION:
            raise ScopeDenied("this needs an organization-wide API key")
        case ServicePrincipal(organization_id=organization_id), Access.KEY | Access.ORGANIZATION:
            await _check_organization(gateway, organization_id)
        case _:
            pass


def _operator(gateway: Gateway, service_key: str, headers: Headers) -> ServicePrincipal:
    configured = gateway.settings.service_key
    if configured is None:
        raise Unauthorized("this deployment has no service key; set TOOLGATE_SERVICE_KEY")
    if not hmac.compare_digest(configured.get_secret_value().encode(), service_key.encode()):
        raise Unauthorized("the service key is wrong")
    named = headers.get(ORGANIZATION_HEADER)
    # What can't be an id names no organization, just like an unknown one.
    return ServicePrincipal(None if named is None else as_id(named) or "")


async def _check_organization(gateway: Gateway, organization_id: str | None) -> None:
    if organization_id is None:
        raise ValidationFailed("with the service key, say which organization: X-Org-ID")
    try:
        await gateway.organizations.get(organization_id)
    except NotFound as error:
        raise NotFound("X-Org-ID: there is no such organization") from error
