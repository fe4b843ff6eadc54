"""An example of every body, for the OpenAPI document and the page; a test holds each against its model."""

from collections.abc import Mapping
from typing import Any

from gateway.api.actions import ActionRequest
from gateway.api.any_request import RequestToSend
from gateway.api.api_keys import NewApiKey
from gateway.api.bringing import ServerToBring
from gateway.api.catalog import OptionsQuestion, PropertyQuestion
from gateway.api.connect import InvitationToSend, LinkToCreate, SessionToCreate, SessionToPoll
from gateway.api.connections import ConnectionChanges, ConnectionRequest, CredentialFields
from gateway.api.end_user_sync import EndUsersToSync
from gateway.api.end_users import EndUserChanges, EndUserToCreate
from gateway.api.handoff_keys import HandoffKeyToSet
from gateway.api.handoffs import HandoffToConfirm
from gateway.api.identity_providers import IdentityProviderChanges, IdentityProviderToCreate
from gateway.api.mcp_servers import McpServerChanges, McpServerToCreate
from gateway.api.mcp_tokens import TokenToCreate
from gateway.api.mcp_tools import ToolChanges, ToolToAdd
from gateway.api.models import Body
from gateway.api.oauth_apps import OAuthAppChanges, OAuthAppToCreate
from gateway.api.oauth_clients import OAuthClientChanges, OAuthClientToCreate
from gateway.api.organizations import NewOrganization, OrganizationChanges
from gateway.api.own_integrations import DocumentToImport, ManifestToKeep
from gateway.api.remote_tools import AccountToListWith, ToolsToApprove
from gateway.api.resolution import ExplainRequest, ResolveRequest
from gateway.api.webhook_deliveries import FailuresToReplay
from gateway.api.webhooks import SecretRotation, WebhookChanges, WebhookToCreate
from gateway.api.workspace_integrations import IntegrationChanges, IntegrationToAdd
from gateway.api.workspaces import NewWorkspace, WorkspaceChanges

_ACCOUNT = {"integrationName": "slack", "workspaceId": "acme", "endUserId": "user_alice"}

EXAMPLES: Mapping[type[Body], Mapping[str, Any]] = {
    NewOrganization: {"name": "Acme", "slug": "acme"},
    OrganizationChanges: {"settings": {"autoCreateEndUsers": True}},
    NewApiKey: {"name": "Backend", "permissions": {"scope": "org"}},
    NewWorkspace: {"name": "Acme Production", "slug": "acme"},
    WorkspaceChanges: {
        "settings": {"setupVerification": "email", "branding": {"name": "Acme", "accentColor": "#0a7d33"}}
    },
    IntegrationToAdd: {"integrationName": "slack", "connectionStrategy": "per_user"},
    IntegrationChanges: {"enabledActions": ["send_channel_message", "list_channels"]},
    EndUserToCreate: {
        "workspaceId": "acme",
        "externalId": "user_alice",
        "displayName": "Alice",
        "email": "alice@example.com",
        "metadata": {"plan": "pro"},
    },
    EndUserChanges: {"displayName": "Alice B.", "metadata": None},
    EndUsersToSync: {
        "workspaceId": "acme",
        "endUsers": [
            {"externalId": "user_alice", "email": "alice@example.com"},
            {"externalId": "user_bob", "suspended": True},
        ],
    },
    HandoffKeyToSet: {"jwksUrl": "https://app.example.com/.well-known/jwks.json", "issuer": "https://app.example.com"},
    HandoffToConfirm: {"challenge": "hoc_…", "externalId": "user_alice"},
    IdentityProviderToCreate: {
        "name": "Okta",
        "issuer": "https://acme.okta.com",
        "clientId": "0oa1b2c3d4",
        "clientSecret": "as-the-provider-shows-it",
        "emailDomains": ["acme.example"],
    },
    IdentityProviderChanges: {"disabled": True},
    InvitationToSend: {"email": "alice@example.com", "integrationName": "slack"},
    LinkToCreate: {"expiresIn": 86_400},
    SessionToCreate: {
        **_ACCOUNT,
        "connectionName": "Alice's Slack",
        "externalId": "alice-slack",
        "successRedirectUri": "https://app.example.com/connected",
    },
    SessionToPoll: {"token": "cst_…"},
    McpServerToCreate: {"name": "Support agent", "workspaceId": "acme", "authMode": "oauth_and_bearer"},
    McpServerChanges: {"description": "For the support team", "endUserId": None},
    ToolToAdd: {
        "integrationName": "slack",
        "actionName": "send_channel_message",
        "inputDefaults": {"channel": "C0123456789"},
    },
    ToolChanges: {"displayName": "Tell the support channel"},
    TokenToCreate: {"endUserId": "user_alice", "scopes": ["mcp:tools"], "expiresIn": 2_592_000},
    ConnectionRequest: {
        **_ACCOUNT,
        "type": "OAUTH2",
        "externalId": "alice-slack",
        "displayName": "Alice's Slack",
        "accessToken": "xoxp-…",
    },
    OAuthAppToCreate: {
        "integrationName": "slack",
        "name": "Our Slack app",
        "clientId": "1234567890.0987654321",
        "clientSecret": "as-the-provider-shows-it",
        "workspaceId": "acme",
    },
    OAuthAppChanges: {"name": "Our Slack app"},
    OAuthClientToCreate: {"name": "Acme Agent", "redirectUris": ["https://agent.example.com/callback"]},
    OAuthClientChanges: {"redirectUris": ["https://agent.example.com/callback", "http://127.0.0.1/callback"]},
    ConnectionChanges: {"displayName": "Alice's Slack"},
    CredentialFields: {"accessToken": "xoxp-…"},
    WebhookToCreate: {
        "url": "https://app.example.com/webhooks/toolgate",
        "events": ["connection.error", "connection.recovered"],
    },
    WebhookChanges: {"events": None, "enabled": True},
    SecretRotation: {"overlapSeconds": 86_400},
    FailuresToReplay: {"since": "2027-01-31T12:00:00Z"},
    ResolveRequest: _ACCOUNT,
    ExplainRequest: {**_ACCOUNT, "actionName": "send_channel_message"},
    RequestToSend: {
        "workspaceId": "acme",
        "integrationAlias": "github",
        "endUserId": "user_alice",
        "method": "GET",
        "path": "repos/acme/website/stats/participation",
    },
    ManifestToKeep: {
        "manifest": {
            "name": "custom-crm",
            "title": "Our CRM",
            "auth": [{"key": "token", "type": "secret_text", "verify": {"get": "me"}}],
            "api": {"base_url": "https://crm.example.com/api/"},
            "actions": [
                {
                    "name": "get_customer",
                    "title": "Get customer",
                    "description": "Returns a customer by number.",
                    "input": {"number": {"type": "integer", "description": "The customer's number"}},
                    "request": {"get": "customers/{number}"},
                }
            ],
        }
    },
    DocumentToImport: {
        "name": "custom-crm",
        "url": "https://crm.example.com/openapi.json",
        "tags": ["customers"],
        "preview": True,
    },
    ServerToBring: {"name": "custom-notes", "title": "Notes", "url": "https://mcp.notes.example.com/mcp"},
    ToolsToApprove: {"tools": [{"name": "search", "digest": "3f8a" * 16}]},
    AccountToListWith: {"workspaceId": "acme", "endUserId": "user_alice"},
    PropertyQuestion: {"propertyName": "channel", "actionName": "send_channel_message", "workspaceId": "acme"},
    OptionsQuestion: {
        "propertyName": "channel",
        "actionName": "send_channel_message",
        "workspaceId": "acme",
        "endUserId": "user_alice",
        "searchValue": "gen",
    },
    ActionRequest: {
        **_ACCOUNT,
        "actionName": "send_channel_message",
        "input": {"channel": "C0123456789", "text": "Good morning"},
    },
}
