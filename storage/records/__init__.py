"""The tables. Uniqueness, references and cascades live here, in the database, not in the rules."""

from storage.records.base import Record
from storage.records.connecting import ConnectLink, ConnectSession, ConnectStep, IdentityCheck, KnownBrowser
from storage.records.connections import Connection, OAuthApp, Revocation
from storage.records.handoffs import HandoffKey, SpentHandoffToken
from storage.records.key_ring import KeyRingCanary
from storage.records.mcp import McpServer, McpServerTool, McpToken
from storage.records.oauth import (
    DeviceCode,
    OAuthClient,
    OAuthCode,
    OAuthGrant,
    OAuthRefreshToken,
    OAuthRequest,
)
from storage.records.own_integrations import HeldTool, OwnIntegration
from storage.records.signing_in import Identity, IdentityProvider, LinkedIdentity, SignedInBrowser
from storage.records.state import StateEntry, StateFile, StateNamespace
from storage.records.tenants import ApiKey, EndUser, Organization, Workspace
from storage.records.webhooks import Webhook, WebhookDelivery
from storage.records.workspace_integrations import WorkspaceIntegration

__all__ = [
    "ApiKey",
    "ConnectLink",
    "ConnectSession",
    "ConnectStep",
    "Connection",
    "DeviceCode",
    "EndUser",
    "HandoffKey",
    "HeldTool",
    "Identity",
    "IdentityCheck",
    "IdentityProvider",
    "KeyRingCanary",
    "KnownBrowser",
    "LinkedIdentity",
    "McpServer",
    "McpServerTool",
    "McpToken",
    "OAuthApp",
    "OAuthClient",
    "OAuthCode",
    "OAuthGrant",
    "OAuthRefreshToken",
    "OAuthRequest",
    "Organization",
    "OwnIntegration",
    "Record",
    "Revocation",
    "SignedInBrowser",
    "SpentHandoffToken",
    "StateEntry",
    "StateFile",
    "StateNamespace",
    "Webhook",
    "WebhookDelivery",
    "Workspace",
    "WorkspaceIntegration",
]
