"""Who has signed in acts as exactly one end user, or as nobody: by link, by verified address, or as somebody new."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.kit.clock import system_clock
from gateway.tenancy.admission import Admission, Choice, NotAdmitted
from gateway.tenancy.identities import Claimed, by_email_code, by_handoff, identity_of
from gateway.wiring import Gateway
from storage.records import EndUser, Identity, McpServer
from storage.scope import TenantScope
from tests.parts.rest import Rest, new_organization

ISSUER = "https://login.example"


@dataclass
class Door:
    """An MCP server of a workspace, over REST and by its rules."""

    gateway: Gateway
    rest: Rest
    workspace_id: str
    organization_id: str

    @property
    def admission(self) -> Admission:
        return Admission(self.gateway.database, clock=system_clock)

    @property
    def scope(self) -> TenantScope:
        return TenantScope(self.organization_id)

    async def server(self, access: str = "restricted", **values: Any) -> McpServer:
        wanted = {"name": "S", "workspaceId": self.workspace_id, "mode": "TOOLS", "authMode": "oauth"}
        made = await self.rest.made("/mcp/servers", {**wanted, "endUserAccess": access, **values})
        async with self.gateway.database.read() as tx:
            found = await tx.mcp_servers.get(self.scope, made["id"])
        assert found is not None
        return found

    async def end_user(self, external_id: str, **values: Any) -> str:
        wanted = {"workspaceId": self.workspace_id, "externalId": external_id, **values}
        return (await self.rest.made("/end-users", wanted))["id"]

    async def signed_in(self, claimed: Claimed) -> Identity:
        async with self.gateway.database.write() as tx:
            return await identity_of(tx, self.scope, claimed, now=system_clock())

    async def by_mail(self, address: str) -> Identity:
        return await self.signed_in(by_email_code(address, address.lower()))

    async def at_provider(self, subject: str, email: str | None = None, *, verified: bool = True) -> Identity:
        claims = Claimed(
            issuer=ISSUER, subject=subject, email=email, is_email_verified=verified, display_name="Ann Other"
        )
        return await self.signed_in(claims)

    async def acts_as(self, server: McpServer, identity: Identity) -> str:
        admitted = await self.admission.admit(server, identity)
        assert isinstance(admitted, EndUser), admitted
        return admitted.id

    async def everybody(self) -> list[dict[str, Any]]:
        return (await self.rest.get("/end-users", workspaceId=self.workspace_id)).json()["endUsers"]


@pytest.fixture
async def door(gateway: Gateway, anonymous: Rest) -> Door:
    organization, rest = await new_organization(anonymous, "acme")
    made = await rest.made("/workspaces", {"name": "Main", "slug": "main"})
    return Door(gateway, rest, made["id"], organization["id"])


@pytest.mark.promise("000-14", "000-15")
async def test_restricted_takes_whom_the_product_knows_by_verified_address_and_links_the_record(door: Door) -> None:
    alice, server = await door.end_user("alice", email="Alice@Corp.example"), await door.server()
    identity = await door.at_provider("sub-1", "alice@corp.example")
    assert await door.acts_as(server, identity) == alice
    # From now on by the link, whatever becomes of the addresses.
    assert (await door.rest.patch(f"/end-users/{alice}", {"email": "new@corp.example"})).status_code == 200
    renamed = await door.at_provider("sub-1", "else@corp.example")
    assert renamed.id == identity.id
    assert await door.acts_as(server, renamed) == alice
    async with door.gateway.database.read() as tx:
        row = await tx.end_users.get(door.scope, alice)
    assert row is not None
    assert row.linked_at is not None


@pytest.mark.promise("000-14")
async def test_restricted_refuses_whom_the_product_does_not_know_and_makes_nobody(door: Door) -> None:
    await door.end_user("alice", email="alice@corp.example")
    server = await door.server()
    for identity in (await door.by_mail("eve@corp.example"), await door.at_provider("sub-2")):
        with pytest.raises(NotAdmitted, match="nobody here is known"):
            await door.admission.admit(server, identity)
    assert len(await door.everybody()) == 1


@pytest.mark.parametrize("access", ["restricted", "open"])
async def test_an_address_that_the_issuer_has_not_verified_matches_nobody(door: Door, access: str) -> None:
    alice, server = await door.end_user("alice", email="alice@corp.example"), await door.server(access)
    identity = await door.at_provider("sub-1", "alice@corp.example", verified=False)
    if access == "restricted":
        with pytest.raises(NotAdmitted, match="not verified"):
            await door.admission.admit(server, identity)
        return
    made = await door.acts_as(server, identity)
    assert made != alice
    # Nor does it stand on the new record, where its real owner would find themselves linked to a stranger.
    [fresh] = [each for each in await door.everybody() if each["id"] == made]
    assert "email" not in fresh


async def test_a_subject_is_nobody_at_another_issuer(door: Door) -> None:
    await door.end_user("alice", email="alice@corp.example")
    server = await door.server()
    await door.acts_as(server, await door.at_provider("sub-1", "alice@corp.example"))
    other = await door.signed_in(Claimed(issuer="https://evil.example", subject="sub-1"))
    with pytest.raises(NotAdmitted):
        await door.admission.admit(server, other)


async def test_another_account_of_the_same_issuer_does_not_inherit_by_address(door: Door) -> None:
    await door.end_user("alice", email="alice@corp.example")
    server = await door.server()
    await door.acts_as(server, await door.at_provider("sub-1", "alice@corp.example"))
    with pytest.raises(NotAdmitted):
        await door.admission.admit(server, await door.at_provider("sub-2", "alice@corp.example"))


@pytest.mark.parametrize("access", ["restricted", "open"])
async def test_an_account_of_another_provider_does_not_inherit_by_address_while_both_are_used(
    door: Door, access: str
) -> None:
    alice, server = await door.end_user("alice", email="alice@corp.example"), await door.server(access)
    other = "https://login.customer.example"
    first, _ = [
        await door.rest.made("/identity-providers", {"name": issuer, "issuer": issuer, "clientId": "toolgate"})
        for issuer in (ISSUER, other)
    ]
    assert await door.acts_as(server, await door.at_provider("sub-1", "alice@corp.example")) == alice
    claimed = await door.signed_in(
        Claimed(issuer=other, subject="sub-9", email="alice@corp.example", is_email_verified=True)
    )
    with pytest.raises(NotAdmitted, match="signs in elsewhere"):
        await door.admission.admit(server, claimed)
    assert len(await door.everybody()) == 1
    # Moving from one provider to another: the old one is switched off.
    await door.rest.patch(f"/identity-providers/{first['id']}", {"disabled": True})
    assert await door.acts_as(server, claimed) == alice


async def test_a_server_for_one_person_settles_nothing_for_the_others(door: Door) -> None:
    ids = [await door.end_user(name, email="ann@agency.example") for name in ("ann-for-a", "ann-for-b")]
    of_b, of_all = await door.server(endUserId="ann-for-b"), await door.server()
    for identity in (await door.by_mail("ann@agency.example"), await door.at_provider("sub-1", "ann@agency.example")):
        assert await door.acts_as(of_b, identity) == ids[1]
        offered = await door.admission.admit(of_all, identity)
        assert isinstance(offered, Choice)
        assert [each.id for each in offered.end_users] == ids


async def test_whoever_is_linked_as_one_record_gets_to_a_server_for_another_record_of_the_same_address(
    door: Door,
) -> None:
    first = await door.end_user("ann-for-a", email="ann@agency.example")
    server, identity = await door.server(), await door.by_mail("ann@agency.example")
    assert await door.acts_as(server, identity) == first
    second = await door.end_user("ann-for-b", email="ann@agency.example")
    assert await door.acts_as(await door.server(endUserId="ann-for-b"), identity) == second
    assert await door.acts_as(server, identity) == first


async def test_a_suspension_settles_nothing_for_when_it_is_over(door: Door) -> None:
    ids = [await door.end_user(name, email="ann@agency.example") for name in ("ann-for-a", "ann-for-b")]
    server, identity = await door.server(), await door.by_mail("ann@agency.example")
    await door.gateway.end_users.suspend(door.scope, ids[0], suspended=True)
    assert await door.acts_as(server, identity) == ids[1]
    await door.gateway.end_users.suspend(door.scope, ids[0], suspended=False)
    assert isinstance(await door.admission.admit(server, identity), Choice)


async def test_a_code_by_mail_and_a_provider_lead_to_the_same_end_user(door: Door) -> None:
    alice, server = await door.end_user("alice", email="alice@corp.example"), await door.server()
    assert await door.acts_as(server, await door.by_mail("alice@corp.example")) == alice
    assert await door.acts_as(server, await door.at_provider("sub-1", "alice@corp.example")) == alice


async def test_the_reader_of_a_mailbox_that_the_record_no_longer_has_is_nobody(door: Door) -> None:
    alice, server = await door.end_user("alice", email="typo@corp.example"), await door.server()
    assert await door.acts_as(server, await door.by_mail("typo@corp.example")) == alice
    assert (await door.rest.patch(f"/end-users/{alice}", {"email": "alice@corp.example"})).status_code == 200
    with pytest.raises(NotAdmitted):
        await door.admission.admit(server, await door.by_mail("typo@corp.example"))


async def test_of_several_records_with_the_address_the_person_chooses_each_time(door: Door) -> None:
    ids = [await door.end_user(name, email="ann@agency.example") for name in ("ann-for-a", "ann-for-b")]
    other, server = await door.end_user("bob", email="bob@corp.example"), await door.server()
    identity = await door.by_mail("ann@agency.example")
    for chosen in ids:
        offered = await door.admission.admit(server, identity)
        assert isinstance(offered, Choice)
        assert [each.id for each in offered.end_users] == ids
        assert (await door.admission.choose(server, identity, chosen)).id == chosen
    with pytest.raises(NotAdmitted):
        await door.admission.choose(server, identity, other)


@pytest.mark.promise("000-16")
async def test_open_makes_exactly_one_end_user_even_under_parallel_sign_ins(door: Door) -> None:
    server = await door.server("open")
    identity = await door.by_mail("New@corp.example")
    assert len(set(await asyncio.gather(*(door.acts_as(server, identity) for _ in range(20))))) == 1
    [made] = await door.everybody()
    assert (made["type"], made["email"]) == ("external", "New@corp.example")
    assert "externalId" not in made
    # And comes back as the same, in whatever way.
    assert await door.acts_as(server, await door.at_provider("sub-9", "new@corp.example")) == made["id"]


async def test_two_identities_of_one_address_at_the_same_moment_make_one_end_user(door: Door) -> None:
    server = await door.server("open")
    both = [await door.by_mail("new@corp.example"), await door.at_provider("sub-1", "new@corp.example")]
    assert len(set(await asyncio.gather(*(door.acts_as(server, each) for each in both * 5)))) == 1


@pytest.mark.parametrize("access", ["restricted", "open"])
async def test_a_suspended_end_user_is_refused_and_not_made_anew(door: Door, access: str) -> None:
    alice, server = await door.end_user("alice", email="alice@corp.example"), await door.server(access)
    identity = await door.by_mail("alice@corp.example")
    await door.gateway.end_users.suspend(door.scope, alice, suspended=True)
    with pytest.raises(NotAdmitted, match="suspended"):
        await door.admission.admit(server, identity)
    assert len(await door.everybody()) == 1


@pytest.mark.parametrize("access", ["restricted", "open"])
async def test_a_server_that_is_made_for_one_end_user_admits_only_that_one(door: Door, access: str) -> None:
    alice = await door.end_user("alice", email="alice@corp.example")
    await door.end_user("bob", email="bob@corp.example")
    server = await door.server(access, endUserId="alice")
    assert server.is_pinned
    assert await door.acts_as(server, await door.by_mail("alice@corp.example")) == alice
    for stranger in ("bob@corp.example", "eve@corp.example"):
        with pytest.raises(NotAdmitted):
            await door.admission.admit(server, await door.by_mail(stranger))
    assert len(await door.everybody()) == 2


async def test_whom_the_product_names_is_that_end_user_and_only_in_its_workspace(door: Door) -> None:
    alice, server = await door.end_user("alice"), await door.server()
    named = await door.signed_in(by_handoff(door.workspace_id, "alice", display_name="Alice"))
    assert await door.acts_as(server, named) == alice
    second = (await door.rest.made("/workspaces", {"name": "Second", "slug": "second"}))["id"]
    elsewhere = Door(door.gateway, door.rest, second, door.organization_id)
    await elsewhere.end_user("alice")
    for access in ("restricted", "open"):
        with pytest.raises(NotAdmitted):
            await door.admission.admit(await elsewhere.server(access), named)


async def test_an_identity_of_another_organization_is_nobody_here(door: Door, anonymous: Rest) -> None:
    organization, rest = await new_organization(anonymous, "other")
    made = await rest.made("/workspaces", {"name": "Theirs", "slug": "theirs"})
    theirs = Door(door.gateway, rest, made["id"], organization["id"])
    await door.end_user("alice", email="alice@corp.example")
    identity = await theirs.by_mail("alice@corp.example")
    with pytest.raises(NotAdmitted):
        await door.admission.admit(await door.server(), identity)
