"""A manifest ready to run: integrations, their actions and option lookups as immutable values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeAlias

from integrations import any_request
from integrations import manifest as declared
from integrations.action import ActionResult, Ports
from integrations.auth_methods import AnyAuthMethod, ClientCredentials, OAuth2
from integrations.inputs import Input, closed, object_schema, with_integers
from integrations.manifest import Manifest, Scopes, Trigger
from integrations.options import INPUTS as LOOKUP_INPUTS
from integrations.options import Lookup
from integrations.paging import INPUTS as PAGING_INPUTS
from integrations.ports import Credentials, Json
from integrations.requests import METHODS, Method
from integrations.running import CodeAction, RequestAction
from integrations.upstream.definitions import RemoteDefinition, known_tools
from integrations.upstream.forwarding import RemoteListing, RemoteRequest, RemoteTool

Run: TypeAlias = Callable[[Mapping[str, Json], Credentials | None, Ports], Awaitable[ActionResult]]

READING: Final[frozenset[Method]] = frozenset({"GET"})
IDEMPOTENT: Final[frozenset[Method]] = frozenset({"GET", "PUT", "DELETE"})


@dataclass(frozen=True, slots=True)
class Hints:
    """What a client may tell its user before a call. Claims of the manifest's author, not guarantees."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Action:
    """One thing that can be done: an action of the manifest, or an option lookup offered as a tool.

    Known by identity, so that what is compiled for it (a validator) can be kept beside it.
    """

    name: str
    title: str
    description: str | None
    hints: Hints
    input_schema: Mapping[str, Json] = field(repr=False)
    """JSON Schema of an object; closed, without `$ref`."""
    auth_methods: tuple[str, ...]
    """Keys of the auth methods that it works with; empty where the integration needs no connection."""
    scopes: Mapping[str, tuple[str, ...]]
    """OAuth scopes that a call needs, by auth method key."""
    lookups: Mapping[str, str]
    """Input name → name of the option lookup that lists its values."""
    uses_state: bool
    defaults: Mapping[str, Json] = field(repr=False)
    """What inputs are when the caller leaves them out, where the schema says so."""
    _run: Run = field(repr=False)
    remote: Mapping[str, Json] | None = field(default=None, repr=False)
    """The definition of a remote MCP server's tool as it was approved (MCP, Tool)."""

    async def run(self, arguments: Mapping[str, Json], credentials: Credentials | None, ports: Ports) -> ActionResult:
        """Do it. `arguments` have been validated against `input_schema`; defaults and whole numbers are made here.

        Raises:
            ActionFailed: the class says what the failure means.
        """
        given = with_integers({**self.defaults, **arguments}, self.input_schema)
        return await self._run(given, credentials, ports)


@dataclass(frozen=True, eq=False)
class Integration:
    """One third party (or built-in) that workspaces can add."""

    manifest: Manifest

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def title(self) -> str:
        return self.manifest.title

    @property
    def auth(self) -> tuple[AnyAuthMethod, ...]:
        """Ways to connect an account, the usual one first; empty: there is nothing to connect."""
        return self.manifest.auth

    @property
    def hosts(self) -> tuple[str, ...]:
        """Patterns of the hosts that may be called where a connection's own values decide; empty: any."""
        return self.manifest.api.hosts if self.manifest.api is not None else ()

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        return self.manifest.triggers

    @property
    def uses_state(self) -> bool:
        """Whether the actions keep state: calls need a persistence namespace."""
        return self.manifest.uses_state

    @property
    def is_mcp_server(self) -> bool:
        """Whether the actions are those of a remote MCP server."""
        return self.manifest.mcp is not None

    @property
    def is_listed(self) -> bool:
        """Whether it is known what it can do; of a remote MCP server nobody knows before somebody has asked it."""
        return self.manifest.mcp is None or self.manifest.mcp.tools is not None

    def auth_method(self, key: str | None) -> AnyAuthMethod:
        """The auth method with this key, or the usual one for None. Raises KeyError where there is none."""
        found = next((method for method in self.auth if key in {None, method.key}), None)
        if found is None:
            raise KeyError(key)
        return found

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """Everything that it can do, by action name, in the manifest's order."""
        if self.manifest.mcp is not None and self.manifest.mcp.tools is None:
            return MappingProxyType({"connect": self._connect()})
        if self.manifest.mcp is not None:
            return MappingProxyType({tool.name: self._remote(tool) for tool in known_tools(self.manifest.mcp)})
        return MappingProxyType({action.name: self._action(action) for action in self.manifest.actions})

    @cached_property
    def lookups(self) -> Mapping[str, Action]:
        """The option lookups as actions (what they depend on, `search` and `max_items` as inputs)."""
        return MappingProxyType({name: self._lookup(name, lookup) for name, lookup in self.manifest.options.items()})

    @cached_property
    def any_request(self) -> Action | None:
        """A request to any endpoint of the API, with the connection's credential; None where there is no API."""
        return self._any_request(METHODS, with_headers=True)

    def requesting(self, methods: Sequence[str]) -> Action | None:
        """The same as a tool, for these HTTP methods only."""
        key: tuple[Method, ...] = tuple(method for method in METHODS if str(method) in methods)
        if key not in self._requesting:
            self._requesting[key] = self._any_request(key, with_headers=False)
        return self._requesting[key]

    @cached_property
    def _requesting(self) -> dict[tuple[Method, ...], Action | None]:
        return {}

    def _any_request(self, methods: Sequence[Method], *, with_headers: bool) -> Action | None:
        if self.manifest.api is None or not self.auth or not methods:
            return None
        return Action(
            name=any_request.NAME,
            title=f"{self.title} request",
            description=f"Sends one request to any endpoint of the {self.title} API as the connected account, where no "
            "other tool does what is needed. Returns the status, some headers and the body of the answer.",
            # No method promises anything of endpoints that nobody has looked at: Slack deletes by GET too.
            hints=Hints(read_only=False, destructive=True, idempotent=False, open_world=True),
            input_schema=MappingProxyType(any_request.input_schema(methods, with_headers=with_headers)),
            auth_methods=tuple(method.key for method in self.auth),
            scopes={},
            lookups={},
            uses_state=False,
            defaults={},
            _run=any_request.AnyRequest(self.manifest).run,
        )

    @cached_property
    def forwarding(self) -> Action | None:
        """Any other request to its MCP server: prompts, resources, completion; None where it is none."""
        if self.manifest.mcp is None:
            return None
        return Action(
            name="forward",
            title=self.title,
            description=None,
            hints=Hints(read_only=False, destructive=True, idempotent=False, open_world=True),
            input_schema=MappingProxyType({"type": "object", "required": ["method", "params"]}),
            auth_methods=tuple(method.key for method in self.auth),
            scopes={},
            lookups={},
            uses_state=False,
            defaults={},
            _run=RemoteRequest(self.manifest).run,
        )

    def _connect(self) -> Action:
        """What there is before anybody has been able to list the server's tools: something to connect an account for."""
        return Action(
            name="connect",
            title=f"Connect {self.title}",
            description=f"Connects the user's account at {self.title}; its tools appear afterwards. Call it once.",
            hints=Hints(read_only=True, destructive=False, idempotent=True, open_world=True),
            input_schema=MappingProxyType({"type": "object", "properties": {}, "additionalProperties": False}),
            auth_methods=tuple(method.key for method in self.auth),
            scopes={},
            lookups={},
            uses_state=False,
            defaults={},
            _run=RemoteListing(self.manifest).run,
        )

    def _remote(self, tool: RemoteDefinition) -> Action:
        said = tool.annotations
        read_only = said.get("readOnlyHint") is True
        return Action(
            name=tool.name,
            title=tool.title,
            description=tool.description,
            # What the server leaves out means the worst (MCP, ToolAnnotations).
            hints=Hints(
                read_only=read_only,
                destructive=not read_only and said.get("destructiveHint") is not False,
                idempotent=read_only or said.get("idempotentHint") is True,
                open_world=said.get("openWorldHint") is not False,
            ),
            input_schema=MappingProxyType(dict(tool.input_schema)),
            auth_methods=tuple(method.key for method in self.auth),
            scopes={},
            lookups={},
            uses_state=False,
            defaults={},
            remote=tool.definition,
            _run=RemoteTool(self.manifest, tool.definition).run,
        )

    def option_lookup(self, name: str) -> Lookup:
        """The lookup `name`, for `lookup_options`. Raises KeyError where there is none."""
        return Lookup(self.manifest, name, self.manifest.options[name])

    def _action(self, action: declared.Action) -> Action:
        schema = dict(object_schema(action.input) if action.schema_ is None else closed(action.schema_))
        if action.paging is not None:
            schema["properties"] = {**schema.get("properties", {}), **PAGING_INPUTS}
        return Action(
            name=action.name,
            title=action.title,
            description=action.description,
            hints=_hints(action),
            input_schema=MappingProxyType(schema),
            auth_methods=action.auth_methods or tuple(method.key for method in self.auth),
            scopes=self._scopes(action.scopes),
            lookups={
                name: declared_input.options for name, declared_input in action.input.items() if declared_input.options
            },
            uses_state=self.uses_state,
            defaults=_defaults(schema),
            _run=self._runner(action),
        )

    def _runner(self, action: declared.Action) -> Run:
        if action.request is not None:
            return RequestAction(self.manifest, action, action.request, may_repeat=_hints(action).idempotent).run
        return CodeAction(self.manifest, action).run

    def _lookup(self, name: str, lookup: declared.OptionLookup) -> Action:
        needed = {name: self._input_named(name) for name in lookup.depends_on}
        schema = object_schema(needed)
        schema["properties"] = {**schema["properties"], **LOOKUP_INPUTS}
        return Action(
            name=name,
            title=lookup.title,
            description=lookup.description,
            hints=Hints(read_only=True, destructive=False, idempotent=True, open_world=True),
            input_schema=MappingProxyType(schema),
            auth_methods=lookup.auth_methods or tuple(method.key for method in self.auth),
            scopes=self._scopes(lookup.scopes),
            lookups={name: each.options for name, each in needed.items() if each.options},
            uses_state=False,
            defaults=_defaults(schema),
            _run=self.option_lookup(name).run,
        )

    def _input_named(self, name: str) -> Input:
        """The first input of this name of any action: what a lookup depends on means the same there."""
        found = next((action.input[name] for action in self.manifest.actions if name in action.input), None)
        return (
            Input.model_validate({"type": "string"}) if found is None else found.model_copy(update={"optional": False})
        )

    def _scopes(self, scopes: Scopes | None) -> Mapping[str, tuple[str, ...]]:
        if isinstance(scopes, Mapping):
            return scopes
        granted = [method.key for method in self.auth if isinstance(method, OAuth2 | ClientCredentials)]
        return dict.fromkeys(granted, scopes or ())


def _defaults(schema: Mapping[str, Json]) -> Mapping[str, Json]:
    return {
        name: declared["default"]
        for name, declared in schema.get("properties", {}).items()
        if isinstance(declared, Mapping) and "default" in declared
    }


def _hints(action: declared.Action) -> Hints:
    method = action.request.method if action.request else None
    said = action.hints
    read_only = method in READING if said.read_only is None else said.read_only
    return Hints(
        read_only=read_only,
        destructive=method == "DELETE" and not read_only if said.destructive is None else said.destructive,
        idempotent=read_only or method in IDEMPOTENT if said.idempotent is None else said.idempotent,
        open_world=action.request is not None if said.open_world is None else said.open_world,
    )
