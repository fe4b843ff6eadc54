"""`toolgate integrations import`: a manifest made of an OpenAPI document, shown before it is kept."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from gateway.commands import CommandFailed
from gateway.commands.configuration import read_settings
from gateway.kit.egress import Egress
from gateway.settings import Settings
from integrations.integration import Integration
from integrations.loading import load_file
from integrations.openapi.differing import difference
from integrations.openapi.document import DocumentRefused, fetched, read_document
from integrations.openapi.importing import Imported, Named, Wanted, as_manifest, import_document
from integrations.ports import HttpError
from integrations.problems import ManifestInvalid

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MOST_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Choice:
    """What is taken of the document."""

    tags: Sequence[str] = ()
    operations: Sequence[str] = ()
    paths: Sequence[str] = ()

    @property
    def wanted(self) -> Wanted:
        """As the importer takes it."""
        return Wanted(frozenset(self.tags), frozenset(self.operations), tuple(self.paths))


def import_openapi(
    config: Path | None,
    source: str,
    *,
    name: str,
    choice: Choice,
    base_url: str | None = None,
    save: Path | None = None,
) -> None:
    """Show the tools that a document, a file or an https address, would give; with `save` keep the manifest there.

    Over a manifest that was saved before it shows the difference first. Raises `CommandFailed`, `SettingsError`.
    """
    if not _NAME.fullmatch(name):
        raise CommandFailed(f"--name {name}: lower-case letters, digits, '-' and '_', at most 64")
    content, found_at = _content(read_settings(config), source)
    try:
        named = Named(name=name, base_url=base_url, found_at=found_at)
        imported = import_document(read_document(content), named, choice.wanted)
    except DocumentRefused as error:
        raise CommandFailed(f"{source}: {error.message}") from error
    print("\n".join(_preview(imported)))
    if save is not None:
        _save(imported, _file(save, name))


def _content(settings: Settings, source: str) -> tuple[bytes, str | None]:
    if not source.startswith(("https://", "http://")):
        try:
            return Path(source).read_bytes(), None
        except OSError as error:
            raise CommandFailed(f"{source}: can't be read: {error.strerror}") from error
    return asyncio.run(_fetched(settings, source)), source


async def _fetched(settings: Settings, address: str) -> bytes:
    try:
        async with Egress(settings.egress_policy) as http:
            return await fetched(http, address)
    except (HttpError, DocumentRefused) as error:
        raise CommandFailed(f"{address}: {error.message}") from error


def _preview(imported: Imported) -> Iterator[str]:
    width = max(len(tool.action) for tool in imported.tools)
    for tool in imported.tools[:_MOST_SHOWN]:
        yield f"  {tool.action:<{width}}  {tool.tokens:>5} tokens  {tool.title}"
    if len(imported.tools) > _MOST_SHOWN:
        yield f"  … and {len(imported.tools) - _MOST_SHOWN} more"
    yield f"{len(imported.tools)} tools, about {imported.tokens:,} tokens if all are enabled"
    methods = [f"{method['key']} ({method['type']})" for method in imported.manifest.get("auth", ())]
    yield f"connected by: {', '.join(methods) or 'nothing, as the document names no security'}"
    yield f"address: {imported.manifest['api']['base_url']}"
    yield from _token_addresses(imported)
    yield from (f"left out: {operation}: {reason}" for operation, reason in imported.left_out)


def _token_addresses(imported: Imported) -> Iterator[str]:
    """Where the document has the OAuth app's secret and the tokens sent, which need not be where its API is."""
    for method in imported.manifest.get("auth", ()):
        for part in ("token", "refresh"):
            if part in method:
                yield f"{method['key']} asks for tokens at: {method[part]['url']}"


def _file(save: Path, name: str) -> Path:
    return save / f"{name}.yaml" if save.is_dir() else save


def _save(imported: Imported, file: Path) -> None:
    if file.exists():
        print("\n".join(_changes(imported, file)))
    text = yaml.dump(_unshared(imported.manifest), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{file}: can't be written: {error.strerror}") from error
    print(f"saved as {file}; in the folder that integrations_dir names it belongs to this deployment")


class _Dumper(yaml.SafeDumper):
    """Quotes also the texts that manifests would read as numbers, such as `12e3`; PyYAML writes those bare."""


_Dumper.add_implicit_resolver(  # pyright: ignore[reportUnknownMemberType]
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _unshared(manifest: Mapping[str, Any]) -> Any:
    """A copy in which nothing stands twice, or YAML would write aliases, which manifests have none of."""
    return orjson.loads(orjson.dumps(dict(manifest)))


def _changes(imported: Imported, file: Path) -> Iterator[str]:
    try:
        before = Integration(load_file(file))
    except ManifestInvalid as error:
        raise CommandFailed(f"{file}: is there already and is no manifest: {error.problems[0].message}") from error
    found = difference(before, Integration(as_manifest(imported.manifest)))
    yield from (f"added: {name}" for name in found.added)
    yield from (f"removed: {name}" for name in found.removed)
    yield from (f"changed: {tool.action} ({', '.join(tool.parts)})" for tool in found.changed)
    if found.is_empty:
        yield "nothing changes"
