"""The catalogue as each organization sees it: what ships, and what it has described itself.

Everybody asks for it, also where nothing can be awaited, so it is in memory: packed as it is written, and parsed when
an organization is heard of. One process has a database, so whoever changes a row tells this, too. An organization that
is gone is never asked for again.
"""

import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError

from gateway.changes import ChangeFeed
from gateway.kit.log import get_logger
from integrations.catalog import Catalog
from integrations.integration import Integration
from integrations.manifest import Manifest
from storage.database import Database
from storage.records import OwnIntegration

OWN_PREFIX: Final = "custom-"
"""How the names of own integrations begin: no release will ever ship one, nor has the deployment an app for one."""
_PARSED: Final = 200
_log = get_logger(__name__)


class Catalogs:
    """Hands out catalogues."""

    def __init__(self, shipped: Catalog, *, changes: ChangeFeed) -> None:
        self.shipped = shipped
        self._changes = changes
        self._packed: dict[str, dict[str, bytes]] = {}
        self._parsed: OrderedDict[str, Catalog] = OrderedDict()

    async def read(self, database: Database) -> None:
        """Read what there is, once, before anybody asks."""
        async with database.read() as tx:
            for row in await tx.own_integrations.everybodys():
                self._packed.setdefault(row.organization_id, {})[row.name] = _packed(row.manifest)

    def of(self, organization_id: str) -> Catalog:
        """Return what there is for an organization; for most that is what ships."""
        packed = self._packed.get(organization_id)
        if packed is None:
            return self.shipped
        parsed = self._parsed.get(organization_id)
        if parsed is None:
            parsed = self._parsed[organization_id] = self.shipped.extended(_integrations(packed.values()))
            if len(self._parsed) > _PARSED:
                self._parsed.popitem(last=False)
        else:
            self._parsed.move_to_end(organization_id)
        return parsed

    def replaced(self, row: OwnIntegration) -> None:
        """Take over a row that has been committed, and let go of what was made of the one before."""
        known = self._packed.setdefault(row.organization_id, {})
        before = known.get(row.name)
        known[row.name] = _packed(row.manifest)
        self._forget(row.organization_id)
        if before is not None and _needs(_unpacked(before)) != _needs(row.manifest):
            self._changes.publish([("own_integration_needs", f"{row.organization_id}/{row.name}")])

    def removed(self, organization_id: str, name: str) -> None:
        """Forget an integration whose row is gone."""
        self._packed.get(organization_id, {}).pop(name, None)
        self._forget(organization_id)

    def _forget(self, organization_id: str) -> None:
        self._parsed.pop(organization_id, None)
        # Only now: what hears of it must find the new catalogue.
        self._changes.publish([("own_integrations", organization_id)])


def _packed(manifest: Mapping[str, Any]) -> bytes:
    return zlib.compress(orjson.dumps(dict(manifest)), 6)


def _unpacked(packed: bytes) -> dict[str, Any]:
    return orjson.loads(zlib.decompress(packed))


def _needs(manifest: Mapping[str, Any]) -> list[Any]:
    """Return what says which accounts can be used, and which scopes they have to grant.

    Not the tools of a remote MCP server, which are approved and withheld often: they need no scopes.
    """
    return [manifest.get(part) for part in ("auth", "actions", "options")]


def _integrations(packed: Iterable[bytes]) -> list[Integration]:
    written = map(_unpacked, packed)
    return [integration for manifest in written if (integration := _integration(manifest)) is not None]


def _integration(manifest: Mapping[str, Any]) -> Integration | None:
    """Nothing for one that this release no longer takes: it must not take the organization's others along."""
    try:
        return Integration(Manifest.model_validate(manifest))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        _log.error("own integration can't be used", integration=manifest.get("name"), fault=fault["msg"])
        return None
