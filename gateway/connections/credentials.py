"""Credentials at rest and in use: sealed to the row of their connection, opened for one call."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.kit.cipher import Cipher
from integrations.ports import Credentials
from storage.records import Connection


class CredentialSafe:
    """Seals and opens what a connection holds; nothing it opens is kept."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def seal(self, values: Mapping[str, Any], *, connection_id: str, organization_id: str) -> bytes:
        """Seal the values of a credential for this row."""
        return self._cipher.seal(json.dumps(values).encode(), "connections", connection_id, organization_id)

    def open(self, connection: Connection) -> Credentials:
        """Open a connection's credential. Raises `SealBroken` if the row was tampered with or its key is gone."""
        plain = self._cipher.open(connection.sealed, "connections", connection.id, connection.organization_id)
        return Credentials(auth_method=connection.auth_method_key or "", values=json.loads(plain))

    def reseal(self, connection: Connection) -> bytes | None:
        """Seal the same credential under the newest key; None where it is already."""
        if self._cipher.is_current(connection.sealed):
            return None
        plain = self._cipher.open(connection.sealed, "connections", connection.id, connection.organization_id)
        return self._cipher.seal(plain, "connections", connection.id, connection.organization_id)
