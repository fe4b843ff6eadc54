"""OpenID providers over REST, at which your end users may sign in. Client secrets go in and never come out."""

from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.api.calls import Call
from gateway.api.models import Answer, Body, Deleted, Label, Moment, NoQuery, Nothing, Paged, absent
from gateway.api.oauth_apps import ClientId, ClientSecret
from gateway.errors import NoUpdates
from gateway.tenancy.identity_providers import CALLBACK, NewIdentityProvider
from gateway.wiring import Gateway
from storage import records

Domains = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=253)]], Field(min_length=1, max_length=100)
]


class IdentityProviderToCreate(Body):
    """A provider at which you have registered our callback address."""

    name: Label = Field(description="What the button says after “Sign in with”.")
    issuer: Annotated[str, Field(min_length=1, max_length=2000)] = Field(
        description="What the provider calls itself, exactly; its discovery document stands below it."
    )
    client_id: ClientId
    client_secret: ClientSecret | None = Field(default=None, repr=False, description="Absent for a public client.")
    email_domains: Domains | None = Field(
        default=None,
        description="The domains of the addresses about which the provider is believed, such as `example.com`, each "
        "subdomain by itself; absent or null: of all.",
    )
    disabled: bool = False


class IdentityProviderChanges(Body):
    """What is to change; a null secret makes the client public, null domains have it believed about all addresses."""

    name: Label = absent()
    client_id: ClientId = absent()
    client_secret: ClientSecret | None = Field(default=None, repr=False)
    email_domains: Domains | None = None
    disabled: bool = absent()


class IdentityProvider(Answer):
    """An OpenID provider, without its secret."""

    id: str
    org_id: str
    name: str
    issuer: str
    client_id: str
    has_client_secret: bool
    email_domains: list[str] | None
    disabled: bool
    callback_url: str
    """The address to register with the provider."""
    created_at: Moment
    updated_at: Moment


class OneIdentityProvider(Answer):
    """One provider."""

    identity_provider: IdentityProvider


class ManyIdentityProviders(Answer):
    """A page of providers."""

    identity_providers: list[IdentityProvider]
    total: int


async def list_identity_providers(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyIdentityProviders:
    """List the OpenID providers at which your end users may sign in."""
    page = await gateway.identity_providers.page(call.scope, limit=call.query.limit, offset=call.query.offset)
    return ManyIdentityProviders(identity_providers=[_shown(gateway, each) for each in page.rows], total=page.total)


async def create_identity_provider(
    gateway: Gateway, call: Call[IdentityProviderToCreate, NoQuery]
) -> OneIdentityProvider:
    """Let your end users sign in at an OpenID provider.

    Register the answer's `callbackUrl` with it. The secret is sealed and never shown.
    """
    body = call.body
    new = NewIdentityProvider(
        name=body.name,
        issuer=body.issuer,
        client_id=body.client_id,
        client_secret=body.client_secret,
        email_domains=body.email_domains,
        is_disabled=body.disabled,
    )
    row = await gateway.identity_providers.create(call.scope, new)
    return OneIdentityProvider(identity_provider=_shown(gateway, row))


async def get_identity_provider(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneIdentityProvider:
    """Get an OpenID provider."""
    row = await gateway.identity_providers.get(call.scope, call.path["id"])
    return OneIdentityProvider(identity_provider=_shown(gateway, row))


async def update_identity_provider(
    gateway: Gateway, call: Call[IdentityProviderChanges, NoQuery]
) -> OneIdentityProvider:
    """Rename an OpenID provider, give it another client or other e-mail domains, or switch it off.

    Its issuer can't change: people are known by what it calls them.
    """
    changes = call.body.given()
    if not changes:
        raise NoUpdates("give at least one field to change")
    row = await gateway.identity_providers.update(call.scope, call.path["id"], changes)
    return OneIdentityProvider(identity_provider=_shown(gateway, row))


async def delete_identity_provider(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete an OpenID provider; nobody signs in there any more."""
    await gateway.identity_providers.delete(call.scope, call.path["id"])
    return Deleted(id=call.path["id"])


def _shown(gateway: Gateway, row: records.IdentityProvider) -> IdentityProvider:
    return IdentityProvider(
        id=row.id,
        org_id=row.organization_id,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        has_client_secret=row.sealed is not None,
        email_domains=row.email_domains,
        disabled=row.disabled_at is not None,
        callback_url=f"{gateway.settings.public_url}{CALLBACK}{row.id}",
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
