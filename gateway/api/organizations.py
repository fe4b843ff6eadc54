"""Organizations over REST: the operator's routes (contract 1.13)."""

from pydantic import Field

from gateway.api.branding import Branding, BrandingChanges
from gateway.api.calls import Call
from gateway.api.models import Answer, Body, Deleted, Label, Moment, NoQuery, Nothing, Paged, Slug, absent, omitted
from gateway.errors import NoUpdates
from gateway.tenancy.organizations import creates_end_users
from gateway.wiring import Gateway
from storage import records


class SignInChanges(Body):
    """How people may sign in; what is absent keeps its value, null clears."""

    email: bool | None = Field(default=None, description="By a code to their address; on unless switched off.")
    handoff: bool | None = Field(
        default=None, description="At your product, where a workspace has a `handoffUrl`; on unless switched off."
    )


class OrganizationSettings(Body):
    """What an organization may set."""

    auto_create_end_users: bool = Field(
        default=False,
        description="Make an unknown `endUserId` of `actions/execute` or user of a hand-off on the fly instead of 404.",
    )
    branding: BrandingChanges | None = None
    sign_in: SignInChanges | None = None


class NewOrganization(Body):
    """A new organization."""

    name: Label
    slug: Slug
    settings: OrganizationSettings = OrganizationSettings()


class OrganizationChanges(Body):
    """What is to change."""

    name: Label = absent()
    slug: Slug = absent()
    settings: OrganizationSettings = absent()


class SignIn(Answer):
    """How people may sign in beside the identity providers, as far as it has been set."""

    email: bool | None = omitted()
    handoff: bool | None = omitted()


class ShownSettings(Answer):
    """What the organization has set."""

    auto_create_end_users: bool
    branding: Branding | None = omitted()
    sign_in: SignIn | None = omitted()

    @classmethod
    def of(cls, row: records.Organization) -> "ShownSettings":
        """Show the settings of a row."""
        held = (row.settings or {}).get("signIn")
        return cls(
            auto_create_end_users=creates_end_users(row),
            branding=Branding.of(row.settings),
            sign_in=SignIn.model_validate(held) if held else None,
        )


class Organization(Answer):
    """An organization."""

    id: str
    name: str
    slug: str
    settings: ShownSettings
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, row: records.Organization) -> "Organization":
        """Show a row."""
        return cls(
            id=row.id,
            name=row.name,
            slug=row.slug,
            settings=ShownSettings.of(row),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class OneOrganization(Answer):
    """One organization."""

    org: Organization


class ManyOrganizations(Answer):
    """A page of organizations."""

    orgs: list[Organization]
    total: int


async def create_organization(gateway: Gateway, call: Call[NewOrganization, NoQuery]) -> OneOrganization:
    """Create an organization."""
    body = call.body
    settings = body.settings.model_dump(by_alias=True, exclude_unset=True)
    row = await gateway.organizations.create(name=body.name, slug=body.slug, settings=settings)
    return OneOrganization(org=Organization.of(row))


async def list_organizations(gateway: Gateway, call: Call[Nothing, Paged]) -> ManyOrganizations:
    """List the organizations of this deployment."""
    rows = await gateway.organizations.all()
    shown = rows[call.query.offset : call.query.offset + call.query.limit]
    return ManyOrganizations(orgs=[Organization.of(row) for row in shown], total=len(rows))


async def get_organization(gateway: Gateway, call: Call[Nothing, NoQuery]) -> OneOrganization:
    """Get an organization."""
    return OneOrganization(org=Organization.of(await gateway.organizations.get(call.path["id"])))


async def update_organization(gateway: Gateway, call: Call[OrganizationChanges, NoQuery]) -> OneOrganization:
    """Change an organization.

    Settings that are not named keep their value.
    """
    changes = call.body.given()
    if not changes:
        raise NoUpdates("name, slug or settings: give at least one")
    if "settings" in changes:
        changes["settings"] = call.body.settings.model_dump(by_alias=True, exclude_unset=True)
    return OneOrganization(org=Organization.of(await gateway.organizations.update(call.path["id"], changes)))


async def delete_organization(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Delete an organization with everything in it."""
    await gateway.deletions.organization(call.path["id"])
    return Deleted(id=call.path["id"])
