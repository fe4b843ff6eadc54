"""Every method of every repository that takes a scope, called with ids from outside of it (security R39, R41)."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, TypeAlias, get_type_hints

import pytest

from storage.database import Database, Transaction
from storage.records import WorkspaceIntegration
from storage.repository import Page, Rows
from storage.scope import TenantScope
from tests.storage.tenant import (
    NOW,
    Tenant,
    a_workspace,
    an_identity,
    an_integration,
    an_organization,
    an_organization_connection,
    new_id,
    plant,
)


@dataclass(frozen=True)
class Names:
    """Everything by which the rows of a tenant can be asked for."""

    workspace: str
    slug: str
    api_key: str
    end_user: str
    external_id: str
    integration: WorkspaceIntegration
    connection: str
    connection_external_id: str
    server: str
    tool: str
    token: str
    namespace: str
    link: str
    session: str
    step: str
    check: str
    check_key: str
    browser: str
    browser_hash: str
    handoff_key: str
    spent: str
    spent_hash: str
    app: str
    own: str
    own_name: str
    held: str
    webhook: str
    delivery: str
    revocation: str
    provider: str
    identity: str
    linked: str
    subject: str
    signed_in: str
    signed_in_browser: str
    client: str
    request: str
    grant: str
    device: str

    @classmethod
    def of(cls, tenant: Tenant) -> "Names":
        return cls(
            workspace=tenant.workspace.id,
            slug=tenant.workspace.slug,
            api_key=tenant.api_key.id,
            end_user=tenant.end_user.id,
            external_id=str(tenant.end_user.external_id),
            integration=tenant.integration,
            connection=tenant.connection.id,
            connection_external_id=tenant.connection.external_id,
            server=tenant.server.id,
            tool=tenant.tool.id,
            token=tenant.token.id,
            namespace=tenant.namespace.id,
            link=tenant.link.id,
            session=tenant.session.id,
            step=tenant.step.id,
            check=tenant.check.id,
            check_key=tenant.check.key_hash,
            browser=tenant.browser.id,
            browser_hash=tenant.browser.browser_hash,
            handoff_key=tenant.handoff_key.id,
            spent=tenant.spent.id,
            spent_hash=tenant.spent.token_hash,
            app=tenant.app.id,
            own=tenant.own.id,
            own_name=tenant.own.name,
            held=tenant.held.id,
            webhook=tenant.webhook.id,
            delivery=tenant.delivery.id,
            revocation=tenant.revocation.id,
            provider=tenant.provider.id,
            identity=tenant.identity.id,
            linked=tenant.linked.id,
            subject=tenant.identity.subject,
            signed_in=tenant.signed_in.id,
            signed_in_browser=tenant.signed_in.browser_hash,
            client=tenant.client.id,
            request=tenant.request.id,
            grant=tenant.grant.id,
            device=tenant.device.id,
        )

    @classmethod
    def unknown(cls) -> "Names":
        integration = an_integration(a_workspace(an_organization()))
        others = [name for name in cls.__annotations__ if name != "integration"]
        return cls(integration=integration, **{name: new_id() for name in others})


Question: TypeAlias = Callable[[Transaction, TenantScope, Names], Awaitable[Any]]
LONG_AGO = NOW - timedelta(days=1)
PAGE: dict[str, Any] = {"limit": 100, "offset": 0}

QUESTIONS: dict[str, Question] = {
    "api_keys.get": lambda tx, scope, its: tx.api_keys.get(scope, its.api_key),
    "workspaces.get": lambda tx, scope, its: tx.workspaces.get(scope, its.workspace),
    "workspaces.by_slug": lambda tx, scope, its: tx.workspaces.by_slug(scope, its.slug),
    "workspaces.hold": lambda tx, scope, its: tx.workspaces.hold(scope, its.workspace),
    "end_users.get": lambda tx, scope, its: tx.end_users.get(scope, its.end_user),
    "end_users.by_external_id": lambda tx, scope, its: tx.end_users.by_external_id(
        scope, its.workspace, its.external_id
    ),
    "end_users.by_external_ids": lambda tx, scope, its: tx.end_users.by_external_ids(
        scope, its.workspace, [its.external_id]
    ),
    "end_users.by_email": lambda tx, scope, its: tx.end_users.by_email(scope, its.workspace, "ann@x.test"),
    "end_users.batch": lambda tx, scope, its: tx.end_users.batch(scope, its.workspace, after="", limit=100),
    "end_users.page": lambda tx, scope, its: tx.end_users.page(scope, its.workspace, **PAGE),
    "workspace_integrations.get": lambda tx, scope, its: tx.workspace_integrations.get(scope, its.integration.id),
    "workspace_integrations.of_workspace": lambda tx, scope, its: tx.workspace_integrations.of_workspace(
        scope, its.workspace
    ),
    "workspace_integrations.by_alias": lambda tx, scope, its: tx.workspace_integrations.by_alias(
        scope, its.workspace, its.integration.alias
    ),
    "connections.get": lambda tx, scope, its: tx.connections.get(scope, its.connection),
    "connections.get_usable": lambda tx, scope, its: tx.connections.get_usable(
        scope, its.connection, workspace_id=its.workspace
    ),
    "connections.by_external_id": lambda tx, scope, its: tx.connections.by_external_id(
        scope,
        its.connection_external_id,
        integration_name="slack",
        workspace_id=its.workspace,
        end_user_id=its.end_user,
    ),
    "connections.of_owner": lambda tx, scope, its: tx.connections.of_owner(
        scope, its.end_user, integration_name="slack", external_id=its.connection_external_id
    ),
    "connections.named_by_others": lambda tx, scope, its: tx.connections.named_by_others(
        scope, its.connection_external_id, integration_name="slack", workspace_id=its.workspace
    ),
    "connections.own": lambda tx, scope, its: tx.connections.own(scope, its.end_user, integration=its.integration),
    "connections.of_end_user": lambda tx, scope, its: tx.connections.of_end_user(scope, its.end_user),
    "connections.batch": lambda tx, scope, its: tx.connections.batch(
        scope, workspace_id=its.workspace, end_user_ids=[its.end_user], after="", limit=100
    ),
    "connections.page": lambda tx, scope, its: tx.connections.page(scope, workspace_id=its.workspace, **PAGE),
    "connections.display_names": lambda tx, scope, its: tx.connections.display_names(scope, [its.connection]),
    "connect_links.get": lambda tx, scope, its: tx.connect_links.get(scope, its.link),
    "connect_sessions.get": lambda tx, scope, its: tx.connect_sessions.get(scope, its.session),
    "connect_steps.get": lambda tx, scope, its: tx.connect_steps.get(scope, its.step),
    "identity_checks.get": lambda tx, scope, its: tx.identity_checks.get(scope, its.check),
    "identity_checks.by_key": lambda tx, scope, its: tx.identity_checks.by_key(scope, "email", its.check_key),
    "known_browsers.of": lambda tx, scope, its: tx.known_browsers.of(scope, its.end_user, its.browser_hash),
    "known_browsers.at": lambda tx, scope, its: tx.known_browsers.at(scope, its.browser_hash),
    "known_browsers.get": lambda tx, scope, its: tx.known_browsers.get(scope, its.browser),
    "handoff_keys.get": lambda tx, scope, its: tx.handoff_keys.get(scope, its.handoff_key),
    "handoff_keys.of_workspace": lambda tx, scope, its: tx.handoff_keys.of_workspace(scope, its.workspace),
    "spent_handoff_tokens.get": lambda tx, scope, its: tx.spent_handoff_tokens.get(scope, its.spent),
    "spent_handoff_tokens.has": lambda tx, scope, its: tx.spent_handoff_tokens.has(
        scope, its.workspace, its.spent_hash
    ),
    "own_integrations.get": lambda tx, scope, its: tx.own_integrations.get(scope, its.own),
    "own_integrations.named": lambda tx, scope, its: tx.own_integrations.named(scope, its.own_name),
    "held_tools.get": lambda tx, scope, its: tx.held_tools.get(scope, its.held),
    "held_tools.of_integration": lambda tx, scope, its: tx.held_tools.of_integration(scope, its.own),
    "oauth_apps.get": lambda tx, scope, its: tx.oauth_apps.get(scope, its.app),
    "oauth_apps.get_usable": lambda tx, scope, its: tx.oauth_apps.get_usable(
        scope, its.app, workspace_id=its.workspace
    ),
    "oauth_apps.usable": lambda tx, scope, its: tx.oauth_apps.usable(scope, "slack", workspace_id=its.workspace),
    "webhooks.get": lambda tx, scope, its: tx.webhooks.get(scope, its.webhook),
    "webhook_deliveries.get": lambda tx, scope, its: tx.webhook_deliveries.get(scope, its.delivery),
    "webhook_deliveries.page": lambda tx, scope, its: tx.webhook_deliveries.page(scope, its.webhook, **PAGE),
    "revocations.get": lambda tx, scope, its: tx.revocations.get(scope, its.revocation),
    "identity_providers.get": lambda tx, scope, its: tx.identity_providers.get(scope, its.provider),
    "identities.get": lambda tx, scope, its: tx.identities.get(scope, its.identity),
    "identities.known_as": lambda tx, scope, its: tx.identities.known_as(scope, "email", its.subject),
    "linked_identities.get": lambda tx, scope, its: tx.linked_identities.get(scope, its.linked),
    "linked_identities.of": lambda tx, scope, its: tx.linked_identities.of(scope, its.workspace, its.identity),
    "linked_identities.issuers_of": lambda tx, scope, its: tx.linked_identities.issuers_of(scope, [its.end_user]),
    "signed_in_browsers.get": lambda tx, scope, its: tx.signed_in_browsers.get(scope, its.signed_in),
    "signed_in_browsers.at": lambda tx, scope, its: tx.signed_in_browsers.at(scope, its.signed_in_browser),
    "signed_in_browsers.of_end_user": lambda tx, scope, its: tx.signed_in_browsers.of_end_user(
        scope, its.end_user, workspace_id=its.workspace, email_key="ann@x.test"
    ),
    "oauth_clients.get": lambda tx, scope, its: tx.oauth_clients.get(scope, its.client),
    "oauth_clients.of_servers": lambda tx, scope, its: tx.oauth_clients.of_servers(scope, [its.server]),
    "oauth_requests.get": lambda tx, scope, its: tx.oauth_requests.get(scope, its.request),
    "oauth_grants.page": lambda tx, scope, its: tx.oauth_grants.page(
        scope, end_user_id=its.end_user, server_id=its.server, now=LONG_AGO, **PAGE
    ),
    "oauth_grants.get": lambda tx, scope, its: tx.oauth_grants.get(scope, its.grant),
    "device_codes.get": lambda tx, scope, its: tx.device_codes.get(scope, its.device),
    "mcp_servers.get": lambda tx, scope, its: tx.mcp_servers.get(scope, its.server),
    "mcp_servers.page": lambda tx, scope, its: tx.mcp_servers.page(scope, workspace_id=its.workspace, **PAGE),
    "mcp_servers.of_workspace": lambda tx, scope, its: tx.mcp_servers.of_workspace(scope, its.workspace),
    "mcp_servers.names": lambda tx, scope, its: tx.mcp_servers.names(scope, [its.server]),
    "mcp_server_tools.get": lambda tx, scope, its: tx.mcp_server_tools.get(scope, its.tool),
    "mcp_server_tools.of_workspace": lambda tx, scope, its: tx.mcp_server_tools.of_workspace(scope, its.workspace),
    "mcp_server_tools.of_server": lambda tx, scope, its: tx.mcp_server_tools.of_server(scope, its.server),
    "mcp_tokens.get": lambda tx, scope, its: tx.mcp_tokens.get(scope, its.token),
    "mcp_tokens.static_of": lambda tx, scope, its: tx.mcp_tokens.static_of(scope, its.server),
    "mcp_tokens.servers_with_static": lambda tx, scope, its: tx.mcp_tokens.servers_with_static(scope, [its.server]),
    "mcp_tokens.count_made_for": lambda tx, scope, its: tx.mcp_tokens.count_made_for(
        scope, its.server, end_user_id=its.end_user, now=NOW
    ),
    "mcp_tokens.page_of_end_users": lambda tx, scope, its: tx.mcp_tokens.page_of_end_users(
        scope, its.server, end_user_id=None, now=NOW, **PAGE
    ),
    "state_namespaces.get": lambda tx, scope, its: tx.state_namespaces.get(scope, its.namespace),
    "state_namespaces.find": lambda tx, scope, its: tx.state_namespaces.find(
        scope, its.workspace, integration_name="kv-store", kind="end_user", key=its.end_user
    ),
}


async def _as_page(rows: Awaitable[list[Any]]) -> Page[Any]:
    found = await rows
    return Page(found, len(found))


LISTS: dict[str, Callable[[Transaction, TenantScope], Awaitable[Any]]] = {
    "api_keys.page": lambda tx, scope: tx.api_keys.page(scope, **PAGE),
    "workspaces.page": lambda tx, scope: tx.workspaces.page(scope, **PAGE),
    "oauth_apps.page": lambda tx, scope: tx.oauth_apps.page(scope, **PAGE),
    "own_integrations.all": lambda tx, scope: _as_page(tx.own_integrations.all(scope)),
    "oauth_clients.page": lambda tx, scope: tx.oauth_clients.page(scope, **PAGE),
    "revocations.page": lambda tx, scope: tx.revocations.page(scope, **PAGE),
    "webhooks.page": lambda tx, scope: tx.webhooks.page(scope, **PAGE),
    "webhooks.listening": lambda tx, scope: _as_page(tx.webhooks.listening(scope)),
    "connections.page": lambda tx, scope: tx.connections.page(scope, **PAGE),
    "connections.granted": lambda tx, scope: _as_page(tx.connections.granted(scope, "slack", after="", limit=100)),
    "connections.of_other_methods": lambda tx, scope: _as_page(
        tx.connections.of_other_methods(scope, "slack", methods=["another"], said="", limit=100)
    ),
    "mcp_servers.page": lambda tx, scope: tx.mcp_servers.page(scope, workspace_id=None, **PAGE),
    "identity_providers.page": lambda tx, scope: tx.identity_providers.page(scope, **PAGE),
    "identity_providers.all": lambda tx, scope: _as_page(tx.identity_providers.all(scope)),
}
# Keys belong to the organization; that only organization-wide keys may manage them is a rule, not a boundary.
OF_ORGANIZATION = {
    *("api_keys.get", "api_keys.page", "identity_providers.get", "identities.get", "signed_in_browsers.get"),
    "identity_providers.page",
    *("identity_providers.all", "identities.known_as", "signed_in_browsers.at", "signed_in_browsers.of_end_user"),
    *("oauth_clients.get", "oauth_clients.page", "oauth_clients.of_servers"),
    *("own_integrations.get", "own_integrations.named", "own_integrations.all"),
    *("held_tools.get", "held_tools.of_integration"),
}
UNSCOPED = {
    # They take a row, or what only who has seen a row knows.
    *("append", "insert", "insert_many", "insert_unless_there", "update", "delete", "delete_many"),
    "oauth_apps.uses",
    # Counts by a name that every tenant may use, within a scope.
    "own_integrations.uses",
    # For the memory of the process, which knows whose each is.
    "own_integrations.everybodys",
    "workspace_integrations.served_by",
    *("connection_counts", "external_ids", "mark_used", "delete_of_server", "mark_refresh", "note_use", "note_calls"),
    "state_namespaces.hold",
    # Below a namespace, which is found within a scope.
    *("state_entries.at", "state_entries.remove", "state_entries.count"),
    *("state_files.at", "state_files.remove", "state_files.under", "state_files.total_size"),
    # They take the id of a webhook that was found within a scope.
    *("give_up", "any_taken_since", "replay_failed", "hurry"),
    # Doors, through which a scope is found.
    *("api_keys.by_hash", "mcp_tokens.by_hash", "mcp_servers.find", "organizations.find"),
    *("end_users.find_with_integration", "identity_checks.by_proof", "identity_providers.find"),
    "identity_checks.by_challenge",
    *("connect_links.by_hash", "connect_sessions.by_hash", "connect_steps.take", "connect_steps.by_key"),
    # The operator's and the housekeeper's, for the whole deployment.
    *("organizations.all", "connections.all_sealed", "mcp_tokens.delete_expired", "end_users.count_by_email"),
    *("connect_links.delete_expired", "connect_sessions.delete_expired", "connect_steps.delete_expired"),
    "connect_steps.lapsed",
    *("oauth_apps.all_sealed", "identity_providers.all_sealed", "handoff_keys.all_sealed"),
    "connections.all_granted",
    *("identity_checks.delete_expired", "known_browsers.delete_expired", "revocations.delete_expired"),
    "spent_handoff_tokens.delete_expired",
    *("revocations.due", "revocations.next_attempt", "revocations.find", "revocations.all_sealed"),
    *("connections.resting", "connections.resting_methods", "connections.methods_in_use"),
    # Answers nothing; whom it concerns is asked below.
    "identities.disbelieve",
    # Whether a provider's account is in use by anybody; the answer is yes or no.
    *("connections.shares_account", "oauth_apps.of_client"),
    # Whoever sends does it for all tenants.
    *("webhooks.find", "webhooks.all_sealed", "webhook_deliveries.due", "webhook_deliveries.due_webhooks"),
    *("webhook_deliveries.next_attempt", "webhook_deliveries.record_attempts", "webhook_deliveries.sweep"),
    "identities.delete_expired",
    *("signed_in_browsers.delete_expired", "oauth_clients.delete_expired", "oauth_requests.delete_expired"),
    *("oauth_clients.trim_never_used", "oauth_requests.trim_idle"),
    *("oauth_grants.delete_expired", "oauth_codes.delete_expired", "device_codes.delete_expired"),
    *("oauth_clients.by_client_id", "oauth_requests.by_key", "oauth_grants.find", "oauth_codes.by_hash"),
    "oauth_grants.of_client",
    "oauth_refresh_tokens.delete_expired",
    "oauth_refresh_tokens.delete_superseded",
    *("oauth_refresh_tokens.by_hash", "device_codes.by_device_hash", "device_codes.by_user_code_hash"),
    "canaries.find",
}


@dataclass(frozen=True)
class World:
    """A tenant, a second workspace of its organization, and a stranger."""

    tenant: Tenant
    sibling: Tenant
    stranger: Tenant


@pytest.fixture
async def world(database: Database) -> World:
    async with database.write() as tx:
        tenant = await plant(tx)
        sibling = await plant(tx, organization=tenant.organization)
        return World(tenant=tenant, sibling=sibling, stranger=await plant(tx))


async def test_a_foreign_id_answers_like_an_unknown_one(database: Database, world: World) -> None:
    its, unknown, stranger = Names.of(world.tenant), Names.unknown(), world.stranger
    forged = TenantScope(stranger.organization.id, frozenset((world.tenant.workspace.id,)))
    async with database.write() as tx:
        for name, ask in QUESTIONS.items():
            nothing = await ask(tx, world.tenant.scope, unknown)
            assert await ask(tx, world.tenant.scope, its) != nothing, f"{name} finds what is there"
            for scope in (stranger.scope, stranger.workspace_scope, forged):
                assert await ask(tx, scope, its) == await ask(tx, scope, unknown) == nothing, name


async def test_another_workspace_answers_a_scoped_key_like_an_unknown_one(database: Database, world: World) -> None:
    its, unknown = Names.of(world.tenant), Names.unknown()
    none = TenantScope(world.tenant.organization.id, frozenset())
    async with database.write() as tx:
        for name, ask in QUESTIONS.items():
            nothing = await ask(tx, world.tenant.scope, unknown)
            assert await ask(tx, world.tenant.workspace_scope, its) != nothing, f"{name} finds what is there"
            for scope in (world.sibling.workspace_scope, none, world.sibling.scope.within(world.sibling.workspace.id)):
                if name not in OF_ORGANIZATION:
                    assert await ask(tx, scope, its) == await ask(tx, scope, unknown) == nothing, name


async def test_lists_hold_what_is_within_the_scope_and_nothing_else(database: Database, world: World) -> None:
    async with database.read() as tx:
        for name, ask in LISTS.items():
            counts = [
                (await ask(tx, scope)).total
                for scope in (world.tenant.scope, world.tenant.workspace_scope, world.stranger.scope)
            ]
            assert counts == ([2, 2, 1] if name in OF_ORGANIZATION else [2, 1, 1]), name


async def test_a_scope_narrowed_to_a_workspace_that_it_does_not_hold_holds_nothing(world: World) -> None:
    assert world.tenant.workspace_scope.within(world.sibling.workspace.id).workspace_ids == frozenset()


async def test_an_organizations_connection_may_be_used_in_its_workspaces_and_managed_by_the_organization(
    database: Database, world: World
) -> None:
    tenant = world.tenant
    async with database.write() as tx:
        shared = await tx.connections.insert(an_organization_connection(tenant.organization, external_id="shared"))

        async def used_and_managed(scope: TenantScope) -> tuple[bool, bool, bool, bool]:
            usable = await tx.connections.get_usable(scope, shared.id, workspace_id=tenant.workspace.id)
            named = await tx.connections.by_external_id(
                scope, "shared", integration_name="slack", workspace_id=tenant.workspace.id, end_user_id=None
            )
            labelled = await tx.connections.display_names(scope, [shared.id])
            managed = await tx.connections.get(scope, shared.id)
            return usable is not None, named is not None, shared.id in labelled, managed is not None

        assert await used_and_managed(tenant.scope) == (True, True, True, True)
        assert await used_and_managed(tenant.workspace_scope) == (True, True, True, False)
        assert await used_and_managed(world.stranger.scope) == (False, False, False, False)


async def test_an_issuer_that_is_not_believed_any_more_is_believed_in_other_organizations(
    database: Database, world: World
) -> None:
    said = {"issuer": "https://login.example", "subject": "ada"}
    known = {"email": "ada@example.com", "email_key": "ada@example.com"}
    async with database.write() as tx:
        ours, theirs = (an_identity(each.organization, **said, **known) for each in (world.tenant, world.stranger))
        await tx.identities.insert_many([ours, theirs])
        issuer = (said["issuer"], said["issuer"])
        await tx.identities.disbelieve(world.tenant.scope, issuer=issuer, domains=["acme.example"])
        for identity, key in ((ours, None), (theirs, "ada@example.com")):
            await tx.session.refresh(identity)
            assert identity.email_key == key


def test_every_method_is_asked_here_or_needs_no_scope_for_a_reason() -> None:
    methods: set[str] = set()
    for table, prop in vars(Transaction).items():
        if isinstance(prop, cached_property):
            repository = get_type_hints(prop.func)["return"]
            assert issubclass(repository, Rows)
            found = inspect.getmembers(repository, inspect.iscoroutinefunction)
            methods |= {f"{table}.{name}" for name, _ in found if not name.startswith("_")}

    accounted_for = {*QUESTIONS, *LISTS, *(name for name in methods if {name, name.split(".")[1]} & UNSCOPED)}
    assert methods == accounted_for, "ask new methods in QUESTIONS, or say in UNSCOPED why they need no scope"
