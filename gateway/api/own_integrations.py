"""Integrations of an organization's own, over REST: a manifest, or an OpenAPI document (contract's catalogue extended)."""

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from gateway.api.calls import Call
from gateway.api.models import Answer, Body, Deleted, NoQuery, Nothing, omitted
from gateway.tenancy.own_integrations import Description, Offered, Saved
from gateway.wiring import Gateway
from integrations.openapi.differing import Difference
from integrations.openapi.importing import Named, Wanted
from integrations.properties import metadata

MAX_IMPORT_BYTES: Final = 20 * 1024 * 1024


def _encoded(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


OwnName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Words = Annotated[list[Word], Field(max_length=1500)]
# Not `str`, of which one emoji makes all characters take four bytes.
Text = Annotated[bytes, BeforeValidator(_encoded), WithJsonSchema({"type": "string"})]


class ManifestToKeep(Body):
    """A manifest: an object, or the YAML text of one, in which problems are told by line."""

    manifest: dict[str, Any] | str


class DocumentToImport(Body):
    """An OpenAPI document (3.0 or 3.1), by itself or by its address, and which of its operations to take."""

    name: OwnName
    title: Word | None = None
    document: dict[str, Any] | Text | None = Field(
        default=None, repr=False, description="An object, or JSON or YAML text."
    )
    url: Word | None = Field(default=None, description="Where it is; fetched once, redirects are not followed.")
    tags: Words = Field(default_factory=list[str])
    operations: Words = Field(default_factory=list[str], description="Ids, or `get /pets`.")
    paths: Words = Field(default_factory=list[str], description="Patterns such as `/repos/*`.")
    base_url: Word | None = Field(default=None, description="The API's address, if not the document's first server.")
    auth: list[dict[str, Any]] | None = Field(
        default=None, max_length=20, description="Auth methods in the manifest's notation, instead of the document's."
    )
    preview: bool = Field(default=False, description="Show what would come of it and keep nothing.")

    @model_validator(mode="after")
    def _one_source(self) -> "DocumentToImport":
        if (self.document is None) == (self.url is None):
            raise ValueError("give exactly one of document and url")
        return self


class ChangedTool(Answer):
    """An action that stays, and which parts of it differ."""

    action: str
    parts: list[str]


class Changes(Answer):
    """What is different from before."""

    added: list[str]
    removed: list[str]
    changed: list[ChangedTool]

    @classmethod
    def of(cls, difference: Difference) -> "Changes":
        """Show a difference."""
        changed = [ChangedTool(action=each.action, parts=list(each.parts)) for each in difference.changed]
        return Changes(added=list(difference.added), removed=list(difference.removed), changed=changed)


class KeptIntegration(Answer):
    """The integration as the catalogue shows it now."""

    integration: dict[str, Any]
    changes: Changes | None = omitted(description="What an update has changed.")

    @classmethod
    def of(cls, saved: Saved) -> "KeptIntegration":
        """Show what is kept."""
        changes = None if saved.changes is None else Changes.of(saved.changes)
        return KeptIntegration(integration=metadata(saved.integration), changes=changes)


class ImportedTool(Answer):
    """One action that comes of an operation, and about how many tokens its definition costs a model."""

    action: str
    operation: str
    title: str
    tokens: int


class LeftOut(Answer):
    """What can't be taken over, and why."""

    operation: str
    reason: str


class ImportedIntegration(KeptIntegration):
    """What came, or would come, of a document."""

    preview: bool
    tools: list[ImportedTool]
    tokens: int
    left_out: list[LeftOut]


async def create_own_integration(gateway: Gateway, call: Call[ManifestToKeep, NoQuery]) -> KeptIntegration:
    """Add an integration of the organization's own.

    Its name begins with `custom-`. A manifest with faults answers 400 with each problem in details.problems.
    """
    return KeptIntegration.of(await gateway.own_integrations.create(call.scope, call.body.manifest))


async def replace_own_integration(gateway: Gateway, call: Call[ManifestToKeep, NoQuery]) -> KeptIntegration:
    """Replace an integration of the organization's own; tools follow at once."""
    saved = await gateway.own_integrations.replace(call.scope, call.path["name"], call.body.manifest)
    return KeptIntegration.of(saved)


async def import_integration(gateway: Gateway, call: Call[DocumentToImport, NoQuery]) -> ImportedIntegration:
    """Make an integration of the organization's own from an OpenAPI document, or replace the one of this name.

    With `preview` nothing is kept.
    """
    offered = await gateway.own_integrations.offer(call.scope, _description(call.body))
    if call.body.preview:
        return _shown(offered, Saved(offered.integration, offered.changes), is_preview=True)
    return _shown(offered, await gateway.own_integrations.save(call.scope, offered), is_preview=False)


async def delete_own_integration(gateway: Gateway, call: Call[Nothing, NoQuery]) -> Deleted:
    """Remove an integration of the organization's own that nothing uses."""
    await gateway.own_integrations.delete(call.scope, call.path["name"])
    return Deleted(id=call.path["name"])


def _description(body: DocumentToImport) -> Description:
    return Description(
        named=Named(body.name, body.title, body.base_url, body.url, body.auth),
        wanted=Wanted(frozenset(body.tags), frozenset(body.operations), tuple(body.paths)),
        content=body.document,
        address=body.url,
    )


def _shown(offered: Offered, saved: Saved, *, is_preview: bool) -> ImportedIntegration:
    imported = offered.imported
    kept = KeptIntegration.of(saved)
    return ImportedIntegration(
        integration=kept.integration,
        changes=kept.changes,
        preview=is_preview,
        tools=[
            ImportedTool(action=tool.action, operation=tool.operation, title=tool.title, tokens=tool.tokens)
            for tool in imported.tools
        ],
        tokens=imported.tokens,
        left_out=[LeftOut(operation=operation, reason=reason) for operation, reason in imported.left_out],
    )
