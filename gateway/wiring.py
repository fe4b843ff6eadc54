"""Builds every collaborator once, from the settings, into one value; takes it down in reverse."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from gateway.access.api_keys import ApiKeys
from gateway.access.client_authentication import ClientAuthentication
from gateway.access.client_documents import ClientDocuments
from gateway.access.client_keys import ClientKeys
from gateway.access.device_codes import DeviceCodes
from gateway.access.grant_calls import GrantCalls
from gateway.access.manual_tools import ManualTools
from gateway.access.mcp_servers import McpServers
from gateway.access.mcp_tokens import McpTokens
from gateway.access.oauth_clients import OAuthClients
from gateway.access.oauth_grants import OAuthGrants
from gateway.access.oauth_requests import OAuthRequests
from gateway.access.registered_clients import RegisteredClients
from gateway.access.service_tokens import ServiceTokens
from gateway.access.standing_grants import StandingGrants
from gateway.changes import ChangeFeed
from gateway.connections.account_proof import AccountProof
from gateway.connections.attaching import Attachments
from gateway.connections.connect_links import ConnectLinks
from gateway.connections.connect_sessions import ConnectSessions
from gateway.connections.connect_steps import ConnectSteps
from gateway.connections.connection_tests import ConnectionTests
from gateway.connections.connections import Connections
from gateway.connections.credentials import CredentialSafe
from gateway.connections.endings import Endings
from gateway.connections.entered_credentials import EnteredCredentials
from gateway.connections.grants import Grants
from gateway.connections.keep_alive import KeepAlive
from gateway.connections.key_ring import open_cipher
from gateway.connections.last_use import LastUse
from gateway.connections.manifest_changes import ManifestChanges
from gateway.connections.missing_scopes import MissingScopes
from gateway.connections.oauth_apps import AppSafe, OAuthApps
from gateway.connections.own_oauth_apps import OwnOAuthApps
from gateway.connections.portals import Portals
from gateway.connections.provider_oauth import ProviderOAuth
from gateway.connections.refresh import Refresh
from gateway.connections.registrations import Registrations
from gateway.connections.resolver import Resolver
from gateway.connections.revocation_attempts import RevocationAttempts
from gateway.connections.revocations import Revocations, RevocationSafe
from gateway.connections.revoker import Revoker
from gateway.connections.setup_links import SetupLinks
from gateway.connections.setup_secrets import SetupSecrets
from gateway.connections.setup_urls import SetupUrls
from gateway.connections.unanswered import Unanswered
from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock, system_clock
from gateway.kit.egress import Egress
from gateway.kit.mail import Mailbox, Mailer, NoMail, SmtpMailer
from gateway.kit.private_files import make_private_directory
from gateway.settings import Settings
from gateway.tenancy.catalogs import Catalogs
from gateway.tenancy.deployment_catalog import deployment_catalog
from gateway.tenancy.end_users import EndUsers
from gateway.tenancy.handoff_keys import HandoffKeys, HandoffKeySafe
from gateway.tenancy.identity_providers import IdentityProviders, ProviderSafe
from gateway.tenancy.organizations import Organizations
from gateway.tenancy.own_integrations import OwnIntegrations
from gateway.tenancy.workspaces import Workspaces
from gateway.tools.arguments import Arguments
from gateway.tools.downloads import Downloads
from gateway.tools.execution import Execution, Outside
from gateway.tools.property_options import PropertyOptions
from gateway.tools.selection import Selection
from gateway.tools.state import States
from gateway.tools.toolset import Toolsets
from gateway.upstreams.approvals import Approvals
from gateway.upstreams.bringing import Bringing
from gateway.upstreams.decisions import Decisions
from gateway.upstreams.upstreams import Upstreams
from gateway.web.identity import Identity, identity_checks
from gateway.web.invitations import Invitations
from gateway.webhooks.deliveries import Deliveries
from gateway.webhooks.delivery import Delivery
from gateway.webhooks.pings import Pings
from gateway.webhooks.sender import Sender
from gateway.webhooks.signing import SecretSafe
from gateway.webhooks.webhooks import Webhooks
from gateway.workspaces.deletions import Deletions
from gateway.workspaces.end_user_sync import EndUserSync
from gateway.workspaces.integrations import WorkspaceIntegrations
from gateway.workspaces.sweep import Sweep
from integrations.catalog import Catalog
from storage.database import Database
from storage.locking import exclusive
from storage.migrating import migrate


@dataclass(frozen=True, slots=True)
class Clients:
    """What providers know this deployment by."""

    apps: OAuthApps = field(repr=False)
    registrations: Registrations


@dataclass(frozen=True, slots=True, kw_only=True)
class Connecting:
    """How people connect accounts."""

    links: ConnectLinks
    sessions: ConnectSessions
    steps: ConnectSteps = field(repr=False)
    portals: Portals
    proof: AccountProof
    entered: EnteredCredentials
    clients: Clients
    oauth: ProviderOAuth
    attachments: Attachments = field(repr=False)
    unanswered: Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizing:
    """How people let programs act for them."""

    clients: OAuthClients
    registered: RegisteredClients
    authentication: ClientAuthentication = field(repr=False)
    requests: OAuthRequests
    grants: OAuthGrants
    standing: StandingGrants
    calls: GrantCalls
    services: ServiceTokens
    devices: DeviceCodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How product backends are told of events."""

    webhooks: Webhooks
    deliveries: Deliveries
    pings: Pings
    delivery: Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoking:
    """How providers are told that grants have ended."""

    revocations: Revocations = field(repr=False)
    revoker: Revoker


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Everything that the faces work with."""

    settings: Settings
    clock: Clock
    database: Database
    cipher: Cipher = field(repr=False)
    changes: ChangeFeed
    catalogs: Catalogs
    own_integrations: OwnIntegrations
    approvals: Approvals
    decisions: Decisions
    bringing: Bringing
    egress: Egress
    mailer: Mailer
    organizations: Organizations
    workspaces: Workspaces
    workspace_integrations: WorkspaceIntegrations
    end_users: EndUsers
    identity_providers: IdentityProviders
    handoff_keys: HandoffKeys
    end_user_sync: EndUserSync
    deletions: Deletions
    revoking: Revoking
    api_keys: ApiKeys
    mcp_servers: McpServers
    mcp_tokens: McpTokens
    manual_tools: ManualTools
    safe: CredentialSafe = field(repr=False)
    setup_urls: SetupUrls
    setup_secrets: SetupSecrets
    oauth_apps: OwnOAuthApps
    authorizing: Authorizing
    connections: Connections
    connection_tests: ConnectionTests
    connecting: Connecting
    telling: Telling
    invitations: Invitations
    identity: Identity
    missing_scopes: MissingScopes
    refresh: Refresh
    keep_alive: KeepAlive
    last_use: LastUse
    resolver: Resolver
    downloads: Downloads
    upstreams: Upstreams
    toolsets: Toolsets
    selection: Selection
    execution: Execution
    property_options: PropertyOptions


@asynccontextmanager
async def open_gateway(
    settings: Settings,
    *,
    clock: Clock = system_clock,
    catalog: Catalog | None = None,
    on_database_lost: Callable[[], None] = lambda: None,
) -> AsyncGenerator[Gateway]:
    """Open the database, alone, at this release's schema, and build the gateway on it.

    `on_database_lost` is called when another process may have the database from now on: stop serving then.
    Raises `DatabaseInUse`, `SchemaTooNew`, `SettingsError`.
    """
    changes = ChangeFeed()
    catalog = catalog or deployment_catalog(settings)
    make_private_directory(settings.data_dir)
    async with AsyncExitStack() as stack:
        database = Database(settings.database_url.get_secret_value(), after_commit=changes.publish)
        stack.push_async_callback(database.close)
        await stack.enter_async_context(exclusive(database, on_lost=on_database_lost))
        await migrate(database)
        cipher = await open_cipher(settings, database, clock=clock)
        egress = await stack.enter_async_context(Egress(settings.egress_policy))
        catalogs = Catalogs(catalog, changes=changes)
        await catalogs.read(database)
        gateway = _build(
            settings,
            clock=clock,
            database=database,
            cipher=cipher,
            changes=changes,
            catalogs=catalogs,
            egress=egress,
        )
        await stack.enter_async_context(gateway.refresh.finishing())
        await stack.enter_async_context(gateway.missing_scopes.looking())
        manifests = ManifestChanges(
            database, catalogs=catalogs, scopes=gateway.missing_scopes, changes=changes, clock=clock
        )
        await stack.enter_async_context(manifests.following())
        await stack.enter_async_context(gateway.last_use.writing())
        await stack.enter_async_context(gateway.upstreams.running())
        await stack.enter_async_context(gateway.authorizing.calls.writing())
        await stack.enter_async_context(gateway.telling.delivery.running())
        await stack.enter_async_context(gateway.revoking.revoker.running())
        await stack.enter_async_context(gateway.keep_alive.running())
        await stack.enter_async_context(gateway.connecting.unanswered.running())
        await stack.enter_async_context(Sweep(database, clock=clock).running())
        yield gateway


def _build(
    settings: Settings,
    *,
    clock: Clock,
    database: Database,
    cipher: Cipher,
    changes: ChangeFeed,
    catalogs: Catalogs,
    egress: Egress,
) -> Gateway:
    safe, app_safe = CredentialSafe(cipher), AppSafe(cipher)
    apps = OAuthApps(settings.integrations, database=database, catalogs=catalogs, safe=app_safe)
    mailer = _mailer(settings, clock=clock)
    setup_urls = SetupUrls(public_url=settings.public_url, cipher=cipher, clock=clock)
    setup_secrets = SetupSecrets(database, public_url=settings.public_url, clock=clock)
    setup_links = SetupLinks(database, urls=setup_urls, secrets=setup_secrets, sends_mail=mailer.delivers)
    own_integrations = OwnIntegrations(database, catalogs=catalogs, http=egress, clock=clock)
    registrations = Registrations(
        database,
        own=own_integrations,
        apps=app_safe,
        credentials=safe,
        http=egress,
        public_url=settings.public_url,
        clock=clock,
    )
    scopes = MissingScopes(database, catalogs=catalogs, clock=clock)
    revoking = _revoking(
        database, catalogs=catalogs, apps=apps, cipher=cipher, egress=egress, changes=changes, clock=clock
    )
    endings = Endings(revoking.revocations, clock=clock)
    deletions = Deletions(database, endings=endings, clock=clock)
    connecting = _connecting(
        settings,
        clock=clock,
        database=database,
        cipher=cipher,
        catalogs=catalogs,
        egress=egress,
        attachments=Attachments(database, safe=safe, endings=endings, scopes=scopes, clock=clock),
        clients=Clients(apps, registrations),
    )
    connections = Connections(
        database=database,
        catalogs=catalogs,
        safe=safe,
        entered=connecting.entered,
        scopes=scopes,
        endings=endings,
        clock=clock,
    )
    resolver = Resolver(database=database, catalogs=catalogs, setup_links=setup_links, changes=changes)
    downloads = Downloads(public_url=settings.public_url, cipher=cipher, clock=clock, database=database)
    selection = Selection(database=database, catalogs=catalogs, resolver=resolver, clock=clock)
    refresh = Refresh(
        database=database,
        grants=Grants(catalogs=catalogs, apps=apps, registrations=registrations, safe=safe),
        safe=safe,
        scopes=scopes,
        endings=endings,
        http=egress,
        clock=clock,
    )
    last_use = LastUse(database, clock=clock)
    upstreams = Upstreams(egress, timeout_seconds=settings.tool_timeout_seconds)
    approvals = Approvals(database, catalogs=catalogs, clock=clock)
    execution = Execution(
        resolver=resolver,
        refresh=refresh,
        last_use=last_use,
        safe=safe,
        arguments=Arguments(),
        outside=Outside(
            http=egress,
            states=States(database=database, downloads=downloads, clock=clock),
            upstreams=upstreams,
            approvals=approvals,
        ),
        timeout_seconds=settings.tool_timeout_seconds,
    )
    return Gateway(
        settings=settings,
        clock=clock,
        database=database,
        cipher=cipher,
        changes=changes,
        catalogs=catalogs,
        egress=egress,
        mailer=mailer,
        organizations=Organizations(database, clock=clock),
        workspaces=Workspaces(database, clock=clock),
        workspace_integrations=WorkspaceIntegrations(database, catalogs=catalogs, scopes=scopes, clock=clock),
        own_integrations=own_integrations,
        approvals=approvals,
        decisions=Decisions(database, catalogs=catalogs, clock=clock),
        bringing=Bringing(
            own=own_integrations,
            catalogs=catalogs,
            apps=apps,
            registrations=registrations,
            http=egress,
            public_url=settings.public_url,
        ),
        end_users=EndUsers(database, clock=clock),
        identity_providers=IdentityProviders(database, safe=ProviderSafe(cipher), clock=clock),
        handoff_keys=HandoffKeys(database, safe=HandoffKeySafe(cipher), clock=clock),
        end_user_sync=EndUserSync(database, deletions=deletions, clock=clock),
        deletions=deletions,
        revoking=revoking,
        api_keys=ApiKeys(database, clock=clock, changes=changes),
        mcp_servers=McpServers(database, catalogs=catalogs, clock=clock),
        mcp_tokens=McpTokens(database, clock=clock),
        manual_tools=ManualTools(database, catalogs=catalogs, clock=clock),
        safe=safe,
        setup_urls=setup_urls,
        setup_secrets=setup_secrets,
        oauth_apps=OwnOAuthApps(database, catalogs=catalogs, safe=app_safe, clock=clock),
        authorizing=_authorizing(settings, clock=clock, database=database, cipher=cipher, egress=egress),
        connections=connections,
        connection_tests=ConnectionTests(
            database,
            catalogs=catalogs,
            refresh=refresh,
            proof=connecting.proof,
            safe=safe,
            clock=clock,
            timeout_seconds=settings.tool_timeout_seconds,
        ),
        connecting=connecting,
        identity=identity_checks(
            database, cipher=cipher, mailer=mailer, http=egress, public_url=settings.public_url, clock=clock
        ),
        invitations=Invitations(database, links=connecting.links, mailer=mailer, catalogs=catalogs, clock=clock),
        telling=_telling(database, cipher=cipher, changes=changes, egress=egress, clock=clock),
        missing_scopes=scopes,
        refresh=refresh,
        keep_alive=KeepAlive(database, catalogs=catalogs, refresh=refresh, clock=clock),
        last_use=last_use,
        resolver=resolver,
        downloads=downloads,
        upstreams=upstreams,
        toolsets=Toolsets(database=database, catalogs=catalogs, changes=changes),
        selection=selection,
        execution=execution,
        property_options=PropertyOptions(selection=selection, execution=execution),
    )


def _authorizing(
    settings: Settings, *, clock: Clock, database: Database, cipher: Cipher, egress: Egress
) -> Authorizing:
    issuer = settings.public_url
    clients = OAuthClients(database, documents=ClientDocuments(egress, clock=clock), clock=clock)
    grants = OAuthGrants(database, public_url=issuer, clock=clock)
    return Authorizing(
        clients=clients,
        registered=RegisteredClients(database, clock=clock),
        authentication=ClientAuthentication(clients, keys=ClientKeys(egress, clock=clock), issuer=issuer, clock=clock),
        requests=OAuthRequests(database, clients=clients, grants=grants, cipher=cipher, issuer=issuer, clock=clock),
        grants=grants,
        standing=StandingGrants(database, clock=clock),
        calls=GrantCalls(database, clock=clock),
        services=ServiceTokens(database, grants=grants),
        devices=DeviceCodes(database, grants=grants, clock=clock),
    )


def _telling(database: Database, *, cipher: Cipher, changes: ChangeFeed, egress: Egress, clock: Clock) -> Telling:
    safe = SecretSafe(cipher)
    sender = Sender(egress, safe=safe, clock=clock)
    return Telling(
        webhooks=Webhooks(database, safe=safe, policy=egress.policy, clock=clock),
        deliveries=Deliveries(database, clock=clock),
        pings=Pings(database, sender=sender, clock=clock),
        delivery=Delivery(database, sender=sender, changes=changes, clock=clock),
    )


def _revoking(
    database: Database,
    *,
    catalogs: Catalogs,
    apps: OAuthApps,
    cipher: Cipher,
    egress: Egress,
    changes: ChangeFeed,
    clock: Clock,
) -> Revoking:
    safe = RevocationSafe(cipher)
    attempts = RevocationAttempts(database, catalogs=catalogs, apps=apps, safe=safe, http=egress, clock=clock)
    return Revoking(
        revocations=Revocations(
            database, catalogs=catalogs, apps=apps, credentials=CredentialSafe(cipher), safe=safe, clock=clock
        ),
        revoker=Revoker(database, attempts=attempts, safe=safe, changes=changes, clock=clock),
    )


def _mailer(settings: Settings, *, clock: Clock) -> Mailer:
    if settings.smtp_server is not None:
        return SmtpMailer(settings.smtp_server, clock=clock)
    return Mailbox(clock=clock) if settings.keeps_mail_for_developers else NoMail()


def _connecting(
    settings: Settings,
    *,
    clock: Clock,
    database: Database,
    cipher: Cipher,
    catalogs: Catalogs,
    egress: Egress,
    attachments: Attachments,
    clients: Clients,
) -> Connecting:
    public_url = settings.public_url
    steps, proof = ConnectSteps(database, cipher=cipher, clock=clock), AccountProof(egress)
    return Connecting(
        links=ConnectLinks(database, catalogs=catalogs, public_url=public_url, clock=clock),
        sessions=ConnectSessions(database, catalogs=catalogs, apps=clients.apps, public_url=public_url, clock=clock),
        steps=steps,
        portals=Portals(database, catalogs=catalogs, clock=clock),
        proof=proof,
        entered=EnteredCredentials(http=egress, proof=proof, clock=clock),
        clients=clients,
        oauth=ProviderOAuth(
            apps=clients.apps,
            registrations=clients.registrations,
            steps=steps,
            proof=proof,
            http=egress,
            mapped=settings.egress_policy.mapped,
            public_url=public_url,
            clock=clock,
        ),
        attachments=attachments,
        unanswered=Unanswered(database, steps=steps, attachments=attachments),
    )
