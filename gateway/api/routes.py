"""The route table of REST `/api/v1`: every line is one thing that a product backend can ask for.

Models and summaries are the handlers' own: see the signature and the docstring of each.
"""

from collections.abc import Mapping

from gateway.api import (
    actions,
    any_request,
    api_keys,
    bringing,
    catalog,
    connect,
    connections,
    end_user_sync,
    end_users,
    grants,
    handoff_keys,
    handoffs,
    identity_providers,
    mcp_servers,
    mcp_tokens,
    mcp_tools,
    oauth_apps,
    oauth_clients,
    organizations,
    own_integrations,
    remote_tools,
    resolution,
    revocations,
    sign_ins,
    webhook_deliveries,
    webhooks,
    workspace_integrations,
    workspaces,
)
from gateway.api.calls import Access, Route

API = "/api/v1"

_ORGANIZATION = f"{API}/orgs/{{id}}"
_END_USER = f"{API}/end-users/{{id}}"
_WORKSPACE = f"{API}/workspaces/{{workspaceId}}"
_INTEGRATIONS = f"{_WORKSPACE}/integrations"
_PROVIDERS = f"{API}/identity-providers"
_CATALOG_ENTRY = f"{API}/integrations/{{name}}"
_SERVER = f"{API}/mcp/servers/{{serverId}}"
_OAUTH_CLIENT = f"{API}/oauth-clients/{{id}}"
_WEBHOOK = f"{API}/webhooks/{{id}}"

SECTIONS: Mapping[str, tuple[Route, ...]] = {
    "Organizations": (
        Route("GET", f"{API}/orgs", organizations.list_organizations, Access.SERVICE),
        Route("POST", f"{API}/orgs", organizations.create_organization, Access.SERVICE, status=201),
        Route("GET", _ORGANIZATION, organizations.get_organization, Access.SERVICE),
        Route("PATCH", _ORGANIZATION, organizations.update_organization, Access.SERVICE),
        Route("DELETE", _ORGANIZATION, organizations.delete_organization, Access.SERVICE),
    ),
    "API keys": (
        Route("GET", f"{API}/api-keys", api_keys.list_api_keys, Access.ORGANIZATION),
        Route("POST", f"{API}/api-keys", api_keys.create_api_key, Access.ORGANIZATION, status=201),
        Route("DELETE", f"{API}/api-keys/{{id}}", api_keys.delete_api_key, Access.ORGANIZATION),
    ),
    "Workspaces": (
        Route("GET", f"{API}/workspaces", workspaces.list_workspaces),
        Route("POST", f"{API}/workspaces", workspaces.create_workspace, Access.ORGANIZATION, status=201),
        Route("GET", _WORKSPACE, workspaces.get_workspace),
        Route("PATCH", _WORKSPACE, workspaces.update_workspace),
        Route("DELETE", _WORKSPACE, workspaces.delete_workspace),
        Route("GET", f"{_WORKSPACE}/handoff-key", handoff_keys.get_handoff_key),
        Route("PUT", f"{_WORKSPACE}/handoff-key", handoff_keys.put_handoff_key),
        Route("DELETE", f"{_WORKSPACE}/handoff-key", handoff_keys.delete_handoff_key),
    ),
    "Workspace integrations": (
        Route("GET", _INTEGRATIONS, workspace_integrations.list_integrations),
        Route("POST", _INTEGRATIONS, workspace_integrations.add_integration, status=201),
        Route("PATCH", f"{_INTEGRATIONS}/{{id}}", workspace_integrations.update_integration),
        Route("DELETE", f"{_INTEGRATIONS}/{{id}}", workspace_integrations.remove_integration),
    ),
    "End users": (
        Route("GET", f"{API}/end-users", end_users.list_end_users),
        Route("POST", f"{API}/end-users", end_users.create_end_user, status=201),
        Route(
            "PUT", f"{API}/end-users/sync", end_user_sync.sync_end_users, max_body_bytes=end_user_sync.MAX_SYNC_BYTES
        ),
        Route("GET", _END_USER, end_users.get_end_user),
        Route("PATCH", _END_USER, end_users.update_end_user),
        Route("DELETE", _END_USER, end_users.delete_end_user),
        Route("POST", f"{_END_USER}/suspend", end_users.suspend_end_user),
        Route("POST", f"{_END_USER}/resume", end_users.resume_end_user),
        Route("GET", f"{_END_USER}/sign-ins", sign_ins.list_sign_ins),
        Route("DELETE", f"{_END_USER}/sign-ins/{{signInId}}", sign_ins.delete_sign_in),
    ),
    "Connecting": (
        Route("POST", f"{_END_USER}/connect-token", connect.create_connect_token),
        Route("POST", f"{_END_USER}/invite", connect.invite_end_user),
        Route("POST", f"{API}/handoffs/confirm", handoffs.confirm_handoff),
        Route("POST", f"{API}/connect/token", connect.create_connect_session),
        Route("GET", f"{API}/connect/session/{{id}}", connect.get_connect_session),
        Route("POST", f"{API}/connect/session/poll", connect.poll_connect_session, Access.ANYBODY),
    ),
    "Identity providers": (
        Route("GET", _PROVIDERS, identity_providers.list_identity_providers, Access.ORGANIZATION),
        Route("POST", _PROVIDERS, identity_providers.create_identity_provider, Access.ORGANIZATION, status=201),
        Route("GET", f"{_PROVIDERS}/{{id}}", identity_providers.get_identity_provider, Access.ORGANIZATION),
        Route("PATCH", f"{_PROVIDERS}/{{id}}", identity_providers.update_identity_provider, Access.ORGANIZATION),
        Route("DELETE", f"{_PROVIDERS}/{{id}}", identity_providers.delete_identity_provider, Access.ORGANIZATION),
    ),
    "MCP servers": (
        Route("GET", f"{API}/mcp/servers", mcp_servers.list_mcp_servers),
        Route("POST", f"{API}/mcp/servers", mcp_servers.create_mcp_server, status=201),
        Route("GET", _SERVER, mcp_servers.get_mcp_server),
        Route("PATCH", _SERVER, mcp_servers.update_mcp_server),
        Route("DELETE", _SERVER, mcp_servers.delete_mcp_server),
        Route("POST", f"{_SERVER}/tools", mcp_tools.add_tool, status=201),
        Route("PATCH", f"{_SERVER}/tools/{{toolId}}", mcp_tools.update_tool),
        Route("DELETE", f"{_SERVER}/tools/{{toolId}}", mcp_tools.remove_tool),
    ),
    "MCP tokens": (
        Route("POST", f"{_SERVER}/regenerate-token", mcp_servers.regenerate_token),
        Route("GET", f"{_SERVER}/access-tokens", mcp_tokens.list_access_tokens),
        Route("POST", f"{_SERVER}/access-tokens", mcp_tokens.create_access_token, status=201),
        Route("DELETE", f"{_SERVER}/access-tokens/{{tokenId}}", mcp_tokens.revoke_access_token),
        Route("POST", f"{_SERVER}/oauth-tokens", mcp_tokens.create_oauth_token, status=201),
    ),
    "Grants": (
        Route("GET", f"{_END_USER}/grants", grants.list_end_user_grants),
        Route("GET", f"{_SERVER}/grants", grants.list_mcp_server_grants),
        Route("DELETE", f"{API}/grants/{{id}}", grants.revoke_grant),
    ),
    "OAuth clients": (
        Route("GET", f"{API}/oauth-clients", oauth_clients.list_oauth_clients, Access.ORGANIZATION),
        Route("POST", f"{API}/oauth-clients", oauth_clients.create_oauth_client, Access.ORGANIZATION, status=201),
        Route("GET", _OAUTH_CLIENT, oauth_clients.get_oauth_client, Access.ORGANIZATION),
        Route("PATCH", _OAUTH_CLIENT, oauth_clients.update_oauth_client, Access.ORGANIZATION),
        Route("DELETE", _OAUTH_CLIENT, oauth_clients.delete_oauth_client, Access.ORGANIZATION),
        Route("POST", f"{_OAUTH_CLIENT}/rotate-secret", oauth_clients.rotate_client_secret, Access.ORGANIZATION),
    ),
    "OAuth apps": (
        Route("GET", f"{API}/oauth-apps", oauth_apps.list_oauth_apps),
        Route("POST", f"{API}/oauth-apps", oauth_apps.create_oauth_app, status=201),
        Route("GET", f"{API}/oauth-apps/available/{{name}}", oauth_apps.list_usable_oauth_apps),
        Route("GET", f"{API}/oauth-apps/{{id}}", oauth_apps.get_oauth_app),
        Route("PATCH", f"{API}/oauth-apps/{{id}}", oauth_apps.update_oauth_app),
        Route("DELETE", f"{API}/oauth-apps/{{id}}", oauth_apps.delete_oauth_app),
    ),
    "Connections": (
        Route("GET", f"{API}/connections", connections.list_connections),
        Route("POST", f"{API}/connections", connections.create_connection, status=201),
        Route("POST", f"{API}/connections/resolve", resolution.resolve_connection),
        Route("POST", f"{API}/connections/explain", resolution.explain_connection),
        Route("POST", f"{API}/connections/request", any_request.send_request),
        Route("PATCH", f"{API}/connections/{{id}}", connections.update_connection),
        Route("DELETE", f"{API}/connections/{{id}}", connections.delete_connection),
        Route("PUT", f"{API}/connections/{{id}}/credentials", connections.replace_credentials),
        Route("POST", f"{API}/connections/{{id}}/test", connections.test_connection),
        Route("GET", f"{API}/revocations", revocations.list_revocations),
    ),
    "Webhooks": (
        Route("GET", f"{API}/webhooks", webhooks.list_webhooks),
        Route("POST", f"{API}/webhooks", webhooks.create_webhook, status=201),
        Route("GET", _WEBHOOK, webhooks.get_webhook),
        Route("PATCH", _WEBHOOK, webhooks.update_webhook),
        Route("DELETE", _WEBHOOK, webhooks.delete_webhook),
        Route("POST", f"{_WEBHOOK}/rotate-secret", webhooks.rotate_secret),
        Route("POST", f"{_WEBHOOK}/test", webhook_deliveries.ping_webhook),
        Route("POST", f"{_WEBHOOK}/replay", webhook_deliveries.replay_failures),
        Route("GET", f"{_WEBHOOK}/deliveries", webhook_deliveries.list_deliveries),
        Route("POST", f"{_WEBHOOK}/deliveries/{{deliveryId}}/replay", webhook_deliveries.replay_delivery),
    ),
    "Catalogue": (
        Route("GET", f"{API}/integrations", catalog.list_catalog),
        Route("GET", f"{API}/integrations/oauth-status", catalog.oauth_status),
        Route("GET", _CATALOG_ENTRY, catalog.get_from_catalog),
        Route("POST", f"{API}/integrations", own_integrations.create_own_integration, Access.ORGANIZATION, status=201),
        Route(
            "POST",
            f"{API}/integrations/import",
            own_integrations.import_integration,
            Access.ORGANIZATION,
            max_body_bytes=own_integrations.MAX_IMPORT_BYTES,
        ),
        Route("POST", f"{API}/integrations/mcp", bringing.bring_mcp_server, Access.ORGANIZATION),
        Route("PUT", _CATALOG_ENTRY, own_integrations.replace_own_integration, Access.ORGANIZATION),
        Route("DELETE", _CATALOG_ENTRY, own_integrations.delete_own_integration, Access.ORGANIZATION),
        Route("GET", f"{_CATALOG_ENTRY}/tools", remote_tools.list_remote_tools),
        Route("POST", f"{_CATALOG_ENTRY}/tools/approve", remote_tools.approve_remote_tools, Access.ORGANIZATION),
        Route("POST", f"{_CATALOG_ENTRY}/tools/refresh", remote_tools.refresh_remote_tools, Access.ORGANIZATION),
        Route("DELETE", f"{_CATALOG_ENTRY}/tools/{{toolName}}", remote_tools.withdraw_remote_tool, Access.ORGANIZATION),
        Route("POST", f"{_CATALOG_ENTRY}/properties/options", catalog.look_up_options),
        Route("POST", f"{_CATALOG_ENTRY}/properties/resolve", catalog.resolve_property),
    ),
    "Actions": (Route("POST", f"{API}/actions/execute", actions.execute_action),),
}

ROUTES = tuple(route for section in SECTIONS.values() for route in section)
