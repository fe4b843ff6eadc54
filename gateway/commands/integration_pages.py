"""`toolgate integrations docs`: a page for each integration, and one that lists them, made from the manifests."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from gateway.connections.credential_forms import wire_types
from integrations.auth_methods import AnyAuthMethod, OAuth2
from integrations.catalog import Catalog
from integrations.integration import Action, Integration
from integrations.standing import MEANING, Kind, Standing, standings

INDEX: Final = "README.md"
_CALLBACK: Final = "`{public_url}/connect/callback/{name}`"


def write_pages(folder: Path) -> None:
    """Write the pages of all integrations that ship into `folder`; pages of others there are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (folder / name).write_text(text, encoding="utf-8")


def pages() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each page."""
    catalog = Catalog()
    yield INDEX, "\n".join(_index(catalog)) + "\n"
    for integration in catalog:
        yield f"{integration.name}.md", "\n".join(_page(integration)) + "\n"


def _index(catalog: Catalog) -> Iterable[str]:
    counted = Counter(standing.kind for each in catalog for standing in standings(each).values())
    yield "# All integrations"
    yield ""
    yield f"{len(catalog)} integrations with {counted.total()} actions. How far each action is proven:"
    yield from ("", "| standing | actions | meaning |", "|---|---|---|")
    yield from (f"| {kind} | {counted[kind]} | {meaning} |" for kind, meaning in MEANING.items())
    yield from ("", "| integration | | actions | not verified |", "|---|---|---|---|")
    for integration in sorted(catalog, key=lambda each: each.title.casefold()):
        kinds = Counter(standing.kind for standing in standings(integration).values())
        link = f"[{integration.title}]({integration.name}.md)"
        about = integration.manifest.description or ""
        yield f"| {link} | {_cell(about)} | {kinds.total()} | {kinds['unverified'] or ''} |"
    yield from (
        "",
        "Made from the manifests by `toolgate integrations docs`.",
    )


def _page(integration: Integration) -> Iterable[str]:
    manifest = integration.manifest
    yield f"# {integration.title}"
    if manifest.description:
        yield from ("", manifest.description)
    yield from ("", "| | |", "|---|---|", f"| name | `{integration.name}` |")
    yield from _row("categories", ", ".join(manifest.categories))
    yield from _row("API", manifest.docs_url)
    yield from _row("limits", manifest.limits)
    if manifest.verified is not None:
        yield from _row("compared with its documentation", manifest.verified.date)
    yield from _connecting(integration)
    yield from _actions(integration)
    yield from _lookups(integration)


def _row(name: str, value: str | None) -> Iterable[str]:
    if value:
        yield f"| {name} | {_cell(value)} |"


def _connecting(integration: Integration) -> Iterable[str]:
    yield from ("", "## Connecting", "")
    if not integration.auth:
        yield "Nothing to connect: it works as soon as a workspace has it."
        return
    for method in integration.auth:
        yield from _method(integration, method)


def _method(integration: Integration, method: AnyAuthMethod) -> Iterable[str]:
    yield f"### {method.title or method.key}"
    yield ""
    yield from ((method.description, "") if method.description else ())
    yield f"`authMethodKey: {method.key}`, connection type {' or '.join(wire_types(method))}."
    yield from (("", method.lasts) if method.lasts else ())
    if method.setup:
        yield ""
        yield from (f"{number}. {_step(step, integration)}" for number, step in enumerate(method.setup, start=1))
    if isinstance(method, OAuth2):
        callback = _callback(integration)
        yield from (
            "",
            f"`toolgate integrations setup {integration.name}` tells what to register; callback {callback}.",
        )
    if method.help_url:
        yield from ("", f"More at <{method.help_url}>.")
    yield ""


def _actions(integration: Integration) -> Iterable[str]:
    proven = standings(integration)
    yield from ("## Actions", "", "| action | | | standing |", "|---|---|---|---|")
    for action in integration.actions.values():
        yield f"| `{action.name}` | {_cell(action.description or '')} | {_hints(action)} | {_told(proven[action.name])} |"
    present = {standing.kind for standing in proven.values()}
    yield ""
    yield " ".join(_sentence(kind) for kind in MEANING if kind in present)
    yield from _scopes(integration)


def _scopes(integration: Integration) -> Iterable[str]:
    asked = sorted(
        {scope for action in integration.actions.values() for scopes in action.scopes.values() for scope in scopes}
    )
    if not asked:
        return
    yield from ("", "### Scopes", "", "| scope | | asked for by |", "|---|---|---|")
    for scope in asked:
        users = [
            action.name for action in integration.actions.values() if any(scope in s for s in action.scopes.values())
        ]
        title = integration.manifest.scope_titles.get(scope, "")
        yield f"| `{scope}` | {_cell(title)} | {_few(users, of=len(integration.actions))} |"


def _lookups(integration: Integration) -> Iterable[str]:
    if not integration.lookups:
        return
    yield from ("", "## Option lookups", "", "| lookup | | serves |", "|---|---|---|")
    for name, lookup in integration.lookups.items():
        inputs = {
            given for action in integration.actions.values() for given, used in action.lookups.items() if used == name
        }
        yield f"| `{name}` | {_cell(lookup.description or '')} | {', '.join(f'`{given}`' for given in sorted(inputs))} |"


def _hints(action: Action) -> str:
    if action.hints.read_only:
        return "reads"
    return "destructive" if action.hints.destructive else "writes"


def _told(standing: Standing) -> str:
    return f"{standing.kind} ({standing.by})" if standing.by else standing.kind


def _sentence(kind: Kind) -> str:
    return f"*{kind}*: {MEANING[kind]}."


def _few(names: Sequence[str], *, of: int) -> str:
    if len(names) == of:
        return "every action"
    shown = ", ".join(f"`{name}`" for name in names[:4])
    return shown + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _step(step: str, integration: Integration) -> str:
    scopes = "the scopes below, as far as you enable their actions"
    return step.replace("{callback}", _callback(integration)).replace("{scopes}", scopes)


def _callback(integration: Integration) -> str:
    return _CALLBACK.replace("{name}", integration.name)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
