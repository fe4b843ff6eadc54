"""Integrations that organizations describe themselves: a manifest, or an OpenAPI document that one is made of."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, cast

import anyio.to_thread
import orjson

from gateway.errors import Conflict, Duplicate, IntegrationNotFound, QuotaExceeded, ValidationFailed
from gateway.kit.clock import Clock
from gateway.kit.ids import as_id, new_id
from gateway.refusals import refusing
from gateway.tenancy.catalogs import OWN_PREFIX, Catalogs
from integrations.checking import check_manifest
from integrations.integration import Integration
from integrations.loading import parse
from integrations.openapi.differing import Difference, difference
from integrations.openapi.document import DocumentRefused, fetched, read_document
from integrations.openapi.importing import Imported, Named, Wanted, as_manifest, import_document
from integrations.ports import Http, HttpError
from integrations.problems import ManifestInvalid
from integrations.upstream.reading import MAX_DEFINITIONS_BYTES
from integrations.yaml_source import Lines, Source, read_yaml
from storage.database import Database, Transaction
from storage.records import OAuthApp, OwnIntegration
from storage.scope import TenantScope

MAX_INTEGRATIONS: Final = 50
MAX_MANIFEST_BYTES: Final = 512 * 1024
_MOST_PROBLEMS: Final = 20
_APPROVED: Final = ("tools", "withheld", "capabilities", "instructions")
_CONFLICTS: Final = {
    "uq_own_integrations_organization_id_name": (Duplicate, "name: the organization has an integration of this name"),
}


Change: TypeAlias = Callable[[Mapping[str, Any] | None], dict[str, Any]]
"""Makes a manifest of the one that is kept, or of None where there is none yet."""


@dataclass(frozen=True, slots=True)
class Saved:
    """An integration as it is kept now, and what is different from before (None: it is new)."""

    integration: Integration
    changes: Difference | None


@dataclass(frozen=True, slots=True)
class Offered:
    """What would come of a document."""

    imported: Imported
    integration: Integration
    changes: Difference | None


@dataclass(frozen=True, slots=True)
class Description:
    """An OpenAPI document and what to make of it; exactly one of `content` and `address` is given."""

    named: Named
    wanted: Wanted
    content: bytes | Mapping[str, Any] | None = None
    """As text, or parsed already."""
    address: str | None = None


class OwnIntegrations:
    """The integrations of a tenant's own. Their manifests declare only: no code of theirs is run."""

    def __init__(self, database: Database, *, catalogs: Catalogs, http: Http, clock: Clock) -> None:
        self._database = database
        self._catalogs = catalogs
        self._http = http
        self._clock = clock

    async def create(self, scope: TenantScope, manifest: Mapping[str, Any] | str) -> Saved:
        """Keep a manifest. Raises `ValidationFailed` with the checker's problems, `Duplicate`, `QuotaExceeded`."""
        written = await anyio.to_thread.run_sync(_accepted, manifest)
        return await self._add(scope, written)

    async def replace(self, scope: TenantScope, name: str, manifest: Mapping[str, Any] | str) -> Saved:
        """Keep another manifest under the same name. Raises `IntegrationNotFound`, `ValidationFailed`."""
        written = await anyio.to_thread.run_sync(_accepted, manifest)
        if written["name"] != name:
            raise ValidationFailed(f"manifest.name: has to stay {name!r}; another name is another integration")
        return await self._replace(scope, written)

    async def offer(self, scope: TenantScope, description: Description) -> Offered:
        """Say what would come of a document; nothing is kept. Raises `ValidationFailed`."""
        check_name(description.named.name)
        content = await self._content(description)
        imported, integration = await anyio.to_thread.run_sync(_imported, content, description)
        return Offered(imported, integration, self._changes(scope, integration))

    async def save(self, scope: TenantScope, offered: Offered) -> Saved:
        """Keep what came of a document, new or over the one of its name. Raises as `create` and `replace`."""
        accepted = partial(_accepted, offered.imported.manifest, accounts_are_known=False)
        written = await anyio.to_thread.run_sync(accepted)
        if offered.changes is None:
            return await self._add(scope, written)
        return await self._replace(scope, written)

    async def keep(
        self, scope: TenantScope, name: str, change: Change, *, within: Callable[[Transaction], Awaitable[None]]
    ) -> Saved:
        """Make an integration, or change it, in one transaction with `within`. Raises as `create` does."""
        check_name(name)
        now = self._clock()
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                row = await tx.own_integrations.named(scope, name)
                before = None if row is None else self._catalogs.of(scope.organization_id).get(name)
                written = _accepted(change(None if row is None else row.manifest), accounts_are_known=False)
                if row is None:
                    row = await self._insert(tx, scope, written)
                else:
                    row = await tx.own_integrations.update(row, manifest=written, updated_at=now)
                await within(tx)
        self._catalogs.replaced(row)
        after = self._catalogs.of(scope.organization_id).get(name)
        return Saved(after, None if before is None else difference(before, after))

    async def delete(self, scope: TenantScope, name: str) -> None:
        """Remove an integration that nothing refers to. Raises `IntegrationNotFound`, `Conflict` with the counts."""
        async with self._database.write() as tx:
            row = await _existing(tx, scope, name)
            uses, app = await tx.own_integrations.uses(scope, name), await _registered_app(tx, scope, row)
            oauth_apps = uses.oauth_apps - (app is not None)
            if uses.workspace_integrations or uses.connections or oauth_apps:
                raise Conflict(
                    f"{name} is in use (workspace integrations: {uses.workspace_integrations}, connections: "
                    f"{uses.connections}, OAuth apps: {oauth_apps}): remove these first",
                    workspaceIntegrations=uses.workspace_integrations,
                    connections=uses.connections,
                    oauthApps=oauth_apps,
                )
            if app is not None:
                await tx.oauth_apps.delete(app)
            await tx.own_integrations.delete(row)
        self._catalogs.removed(scope.organization_id, name)

    async def _add(self, scope: TenantScope, written: dict[str, Any]) -> Saved:
        with refusing(_CONFLICTS):
            async with self._database.write() as tx:
                row = await self._insert(tx, scope, written)
        self._catalogs.replaced(row)
        return Saved(self._catalogs.of(scope.organization_id).get(row.name), None)

    async def _insert(self, tx: Transaction, scope: TenantScope, written: dict[str, Any]) -> OwnIntegration:
        if len(await tx.own_integrations.all(scope)) >= MAX_INTEGRATIONS:
            raise QuotaExceeded(f"the organization has {MAX_INTEGRATIONS} integrations of its own: remove one")
        now = self._clock()
        row = OwnIntegration(
            id=new_id(),
            organization_id=scope.organization_id,
            name=written["name"],
            manifest=written,
            created_at=now,
            updated_at=now,
        )
        return await tx.own_integrations.insert(row)

    async def _replace(self, scope: TenantScope, written: dict[str, Any]) -> Saved:
        async with self._database.write() as tx:
            row = await _existing(tx, scope, written["name"])
            before = self._catalogs.of(scope.organization_id).get(row.name)
            written = _still_approved(written, row.manifest)
            row = await tx.own_integrations.update(row, manifest=written, updated_at=self._clock())
        self._catalogs.replaced(row)
        after = self._catalogs.of(scope.organization_id).get(row.name)
        return Saved(after, difference(before, after))

    def _changes(self, scope: TenantScope, integration: Integration) -> Difference | None:
        catalog = self._catalogs.of(scope.organization_id)
        return difference(catalog.get(integration.name), integration) if integration.name in catalog else None

    async def _content(self, description: Description) -> bytes | Mapping[str, Any]:
        if description.content is not None:
            return description.content
        try:
            return await fetched(self._http, description.address or "")
        except HttpError as error:
            raise ValidationFailed(f"url: can't be fetched: {error.message}") from error
        except DocumentRefused as error:
            raise ValidationFailed(f"url: {error.message}") from error


def _imported(content: bytes | Mapping[str, Any], description: Description) -> tuple[Imported, Integration]:
    try:
        imported = import_document(read_document(content), description.named, description.wanted)
        return imported, Integration(as_manifest(imported.manifest))
    except DocumentRefused as error:
        raise ValidationFailed(f"document: {error.message}") from error


def _accepted(manifest: Mapping[str, Any] | str, *, accounts_are_known: bool = True) -> dict[str, Any]:
    """Return a manifest as it is kept. Raises `ValidationFailed` with every problem that the checker finds."""
    try:
        source = read_yaml(manifest, "manifest") if isinstance(manifest, str) else _source(manifest)
        parsed = parse(source)
        # A remote MCP server tells nobody whose account it is.
        accounts_are_known = accounts_are_known and parsed.mcp is None
        problems = check_manifest(source, parsed, accounts_are_known=accounts_are_known)
    except ManifestInvalid as error:
        problems = list(error.problems)
        raise _refused(problems) from error
    if problems:
        raise _refused(problems)
    if any(action.code is not None for action in parsed.actions) or parsed.uses_state:
        raise ValidationFailed("manifest: `code` and `uses_state` are for integrations that ship with the gateway")
    check_name(parsed.name)
    written: dict[str, Any] = orjson.loads(orjson.dumps(source.value))
    if len(orjson.dumps(written)) > MAX_MANIFEST_BYTES + (0 if parsed.mcp is None else MAX_DEFINITIONS_BYTES):
        raise ValidationFailed(f"manifest: is larger than {MAX_MANIFEST_BYTES:,} bytes; choose fewer operations")
    return written


def _still_approved(written: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what was approved of a remote MCP server where a manifest of the same server says nothing of it."""
    server, old = written.get("mcp"), before.get("mcp")
    if server is None or old is None or "tools" in server or server["url"] != old["url"]:
        return written
    return {**written, "mcp": {**{key: old[key] for key in _APPROVED if key in old}, **server}}


def _source(manifest: Mapping[str, Any]) -> Source:
    return Source("manifest", dict(manifest), _places(manifest))


def _places(value: Any) -> Lines:
    """Return where everything is, for problems to name; what was no text has but one line."""
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value).items()
        return Lines(1, {key: _places(inner) for key, inner in members})
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return Lines(1, {number: _places(inner) for number, inner in enumerate(items)})


def _refused(problems: list[Any]) -> ValidationFailed:
    told = [str(problem) if problem.line > 1 else problem.message for problem in problems[:_MOST_PROBLEMS]]
    return ValidationFailed(f"the manifest has {len(problems)} problems: {'; '.join(told[:5])}", problems=told)


def check_name(name: str) -> None:
    """Raise `ValidationFailed` where an integration of one's own can't be called this."""
    if not name.startswith(OWN_PREFIX) or len(name) == len(OWN_PREFIX):
        raise ValidationFailed(f"name: an integration of your own begins with {OWN_PREFIX!r}, such as {OWN_PREFIX}crm")


async def _registered_app(tx: Transaction, scope: TenantScope, row: OwnIntegration) -> OAuthApp | None:
    """Return the OAuth app that was registered for an integration by itself: nobody has to know of it to remove it."""
    clients: list[Mapping[str, Any]] = [method.get("client") or {} for method in row.manifest.get("auth") or ()]
    ids = [client.get("app") for client in clients if client.get("registration_url")]
    found = await tx.oauth_apps.get(scope, as_id(str(ids[0])) or "") if ids else None
    return found if found is not None and found.integration_name == row.name else None


async def _existing(tx: Transaction, scope: TenantScope, name: str) -> OwnIntegration:
    row = await tx.own_integrations.named(scope, name)
    if row is None:
        raise IntegrationNotFound(f"the organization has no integration {name[:100]!r} of its own")
    return row
