"""Option lookups: the values that an input can take, as the connected account sees them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, cast

from integrations.action import ActionResult, Answer, Ports
from integrations.answers import shaped
from integrations.failures import InvalidInput
from integrations.inputs import Segments, segments_in
from integrations.manifest import Manifest, OptionLookup, Output
from integrations.notation import MISSING, find
from integrations.outgoing import fill, names_used
from integrations.paging import ItemList, collect
from integrations.ports import Credentials, Json
from integrations.provider_failures import pointers
from integrations.running import connected, with_parameters

MAX_OPTIONS: Final = 200
DEFAULT_OPTIONS: Final = 50
"""What a model is told unless it asks for more: about a thousand tokens."""
MAX_SEARCHED: Final = 1000
"""How many elements are looked through where the provider can't search."""

INPUTS: Final[Mapping[str, Json]] = {
    "search": {"type": "string", "description": "Only what matches this."},
    "max_items": {
        "type": "integer",
        "minimum": 1,
        "maximum": MAX_OPTIONS,
        "default": DEFAULT_OPTIONS,
        "description": "How many to return at most.",
    },
}
"""The inputs that every lookup has as a tool."""


class Option(NamedTuple):
    """One choice: what a person sees, and what the input takes."""

    label: str
    value: Json


class Found(NamedTuple):
    """Choices, and whether there are others that a search may find."""

    options: list[Option]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """One option lookup of a manifest."""

    manifest: Manifest
    name: str
    declared: OptionLookup

    @property
    def serves_text(self) -> bool:
        """Whether the inputs that it serves take text: then ids that the provider counts are written as such."""
        inputs = [each for action in self.manifest.actions for each in action.input.values()]
        schemas = [each.json_schema for each in inputs if each.options == self.name]
        return all("string" in {schema.get("type"), schema.get("items", {}).get("type")} for schema in schemas)

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        """The lookup as a tool: `{options: [{label, value}], has_more}`."""
        found = await find_options(
            self,
            arguments,
            credentials=credentials,
            ports=ports,
            search=arguments.get("search"),
            max_items=arguments.get("max_items", DEFAULT_OPTIONS),
        )
        return ActionResult({"options": [option._asdict() for option in found.options], "has_more": found.has_more})


async def lookup_options(
    lookup: Lookup,
    arguments: Mapping[str, Json],
    *,
    credentials: Credentials | None,
    ports: Ports,
    search: str | None = None,
) -> list[Option]:
    """The choices, at most 200. Raises what `find_options` raises."""
    return (await find_options(lookup, arguments, credentials=credentials, ports=ports, search=search)).options


async def find_options(
    lookup: Lookup,
    arguments: Mapping[str, Json],
    *,
    credentials: Credentials | None,
    ports: Ports,
    search: str | None = None,
    max_items: int = MAX_OPTIONS,
) -> Found:
    """The first `max_items` choices. `arguments` need only hold what the lookup depends on.

    Raises:
        InvalidInput: an input that the lookup depends on is missing; `path` names it.
        ActionFailed: the provider refused.
    """
    declared = lookup.declared
    for name in declared.depends_on:
        if arguments.get(name) in (None, ""):
            raise InvalidInput(f"{name} must be chosen first.", path=f"/{name}")
    needed = {name: arguments[name] for name in declared.depends_on}
    is_searched_here = bool(search) and "search" not in names_used(declared.request)
    elements = await _elements(
        lookup,
        needed | ({"search": search} if search else {}),
        credentials=credentials,
        ports=ports,
        max_items=MAX_SEARCHED if is_searched_here else max_items,
    )
    options = [option for option in (_option(element, lookup) for element in elements.items) if option]
    if search and is_searched_here:
        options = [option for option in options if search.casefold() in option.label.casefold()]
    return Found(options[:max_items], elements.next_cursor is not None or len(options) > max_items)


async def _elements(
    lookup: Lookup,
    values: Mapping[str, Json],
    *,
    credentials: Credentials | None,
    ports: Ports,
    max_items: int,
) -> ItemList:
    declared = lookup.declared
    api = connected(lookup.manifest, credentials, ports, base_url=declared.base_url)
    segments: dict[str, Segments] = {
        name: count for action in lookup.manifest.actions for name, count in segments_in(action.input).items()
    }
    outgoing = fill(declared.request, values, segments)
    paging = declared.paging
    if paging is None:
        answer = await api.exchange(outgoing, may_repeat=True)
        found = shaped(answer.json, Output(pick=declared.items))
        return ItemList(cast("list[Json]", found) if isinstance(found, list) else [], None)

    async def fetch(parameters: Mapping[str, Json]) -> Answer:
        return await api.exchange(with_parameters(outgoing, paging, parameters), may_repeat=True)

    return await collect(paging, fetch, max_items=max_items, cursor=None)


def _option(element: Json, lookup: Lookup) -> Option | None:
    value = find(element, lookup.declared.value)
    if value is MISSING or value is None:
        return None
    texts = (find(element, pointer) for pointer in pointers(lookup.declared.label))
    label = next((str(text) for text in texts if isinstance(text, str | int) and text != ""), str(value))
    return Option(label, str(value) if isinstance(value, int) and lookup.serves_text else value)
