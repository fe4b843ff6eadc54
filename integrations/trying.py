"""Doing everything that an integration only reads, with a real account: does it still answer as we expect?"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from integrations.action import Ports
from integrations.failures import ActionFailed
from integrations.integration import Action, Integration
from integrations.options import lookup_options
from integrations.ports import Credentials, Json

Outcome: TypeAlias = Literal["works", "fails", "skipped"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one action; `said` is the provider's complaint, or what was missing to try it."""

    action: str
    outcome: Outcome
    said: str = ""


class _Missing(Exception):
    """An input that nobody gave and no lookup finds."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An account to try an integration with. Required inputs that are not `given` come from option lookups."""

    integration: Integration
    credentials: Credentials
    ports: Ports
    given: Mapping[str, Json] = field(default_factory=dict[str, Json])

    async def reading(self) -> AsyncGenerator[Tried]:
        """Run every read-only action once, and yield what became of each."""
        for action in self.integration.actions.values():
            if action.hints.read_only:
                yield await self._tried(action)

    async def _tried(self, action: Action) -> Tried:
        if self.credentials.auth_method not in action.auth_methods:
            return Tried(action.name, "skipped", f"it does not work with {self.credentials.auth_method}")
        try:
            await action.run(await self._arguments(action), self.credentials, self.ports)
        except _Missing as error:
            return Tried(action.name, "skipped", str(error))
        except ActionFailed as error:
            return Tried(action.name, "fails", error.message)
        return Tried(action.name, "works")

    async def _arguments(self, action: Action) -> dict[str, Json]:
        known = {name: self.given[name] for name in action.input_schema.get("properties", {}) if name in self.given}
        for name in action.input_schema.get("required", ()):
            if name not in known:
                known[name] = await self._first_choice(action, name, known)
        return known

    async def _first_choice(self, action: Action, name: str, known: Mapping[str, Json]) -> Json:
        if name not in action.lookups:
            raise _Missing(f"it needs {name}")
        lookup = self.integration.option_lookup(action.lookups[name])
        options = await lookup_options(lookup, known, credentials=self.credentials, ports=self.ports)
        if not options:
            raise _Missing(f"this account has nothing to choose for {name}")
        return options[0].value
