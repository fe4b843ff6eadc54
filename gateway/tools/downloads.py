"""Download links for files of the built-in storage: signed, expiring, good for one file."""

from dataclasses import dataclass

from gateway.kit.cipher import Cipher
from gateway.kit.clock import Clock
from gateway.kit.signed_text import read_signed, write_signed
from integrations.ports import StoredFile
from storage.database import Database

PATH = "/files/"
_PURPOSE = "file download"
_EXPIRY_BYTES = 4


@dataclass(frozen=True, slots=True)
class _Link:
    namespace_id: str
    path: str
    expires: int


class Downloads:
    """Makes and opens download links."""

    def __init__(self, *, public_url: str, cipher: Cipher, clock: Clock, database: Database) -> None:
        self._base = public_url + PATH
        self._cipher = cipher
        self._clock = clock
        self._database = database

    def url(self, namespace_id: str, path: str, *, expires_in_seconds: int) -> str:
        """Return a link to a file of this namespace."""
        expires = int(self._clock().timestamp()) + expires_in_seconds
        payload = expires.to_bytes(_EXPIRY_BYTES, "big") + f"{namespace_id}/{path}".encode()
        return self._base + write_signed(self._cipher, _PURPOSE, payload)

    async def open(self, token: str) -> StoredFile | None:
        """Return the file of a link, or None for a link that we did not make, that has expired or leads nowhere."""
        link = self._read(token)
        if link is None:
            return None
        async with self._database.read() as tx:
            row = await tx.state_files.at(link.namespace_id, link.path)
        if row is None:
            return None
        return StoredFile(
            path=row.path, size=row.size, content_type=row.content_type, updated_at=row.updated_at, content=row.content
        )

    def _read(self, token: str) -> _Link | None:
        payload = read_signed(self._cipher, _PURPOSE, token)
        if payload is None:
            return None
        expires = int.from_bytes(payload[:_EXPIRY_BYTES], "big")
        namespace_id, _, path = payload[_EXPIRY_BYTES:].decode().partition("/")
        return None if expires <= self._clock().timestamp() else _Link(namespace_id, path, expires)
