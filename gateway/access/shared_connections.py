"""Connections that a workspace or a tool pins: shared ones only, named by id or by external id."""

from gateway.errors import ConnectionNotFound
from gateway.kit.ids import as_id
from storage.database import Transaction
from storage.records import Connection
from storage.scope import TenantScope


async def shared_connection(
    tx: Transaction,
    scope: TenantScope,
    reference: str,
    *,
    workspace_id: str,
    integration_name: str,
    auth_method_key: str | None = None,
) -> Connection:
    """Return the workspace's or the organization's connection of this integration that goes by `reference`.

    What is an end user's, another integration's or another tenant's answers like what does not exist.
    Raises `ConnectionNotFound`.
    """
    row_id = as_id(reference)
    found = await tx.connections.get_usable(scope, row_id, workspace_id=workspace_id) if row_id is not None else None
    if found is None:
        found = await tx.connections.by_external_id(
            scope, reference, integration_name=integration_name, workspace_id=workspace_id, end_user_id=None
        )
    fits = found is not None and found.end_user_id is None and found.integration_name == integration_name
    if found is None or not fits or auth_method_key not in (None, found.auth_method_key):
        raise ConnectionNotFound(
            f"connectionId: there is no {integration_name} connection {reference[:100]!r} that this workspace shares"
            + (f", made by {auth_method_key}" if auth_method_key is not None else "")
        )
    return found
