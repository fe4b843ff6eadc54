"""The choices for an input of an action or a trigger, as the connected account sees them (contract 1.9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import ActionFailed, ActionNotFound, NotDropdown, NotDynamic, OptionsFailed
from gateway.tools.execution import Execution, Invocation
from gateway.tools.selection import Selected, Selection
from gateway.tools.tool import Instance
from integrations.integration import Action
from integrations.options import MAX_OPTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedOptions:
    """Of which input; `arguments` are the inputs known so far, of which some may decide what there is to choose."""

    property_name: str
    action_name: str | None = None
    trigger_name: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    search: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """The choices (`label`, `value`); disabled while an input is missing on which they depend."""

    options: Sequence[Mapping[str, Any]]
    is_disabled: bool = False


class PropertyOptions:
    """Looks up choices with the account that a call of the action would use."""

    def __init__(self, *, selection: Selection, execution: Execution) -> None:
        self._selection = selection
        self._execution = execution

    async def look_up(self, selected: Selected, wanted: WantedOptions) -> Options:
        """Return the choices.

        Raises `ActionNotFound`, `ActionNotAllowed`, `NotDropdown`, `OptionsFailed`, `ConnectionRequired`.
        """
        lookup = self._lookup(selected, wanted)
        needed = lookup.input_schema.get("required", [])
        arguments = {name: wanted.arguments[name] for name in needed if name in wanted.arguments}
        if len(arguments) < len(needed):
            return Options((), is_disabled=True)
        arguments["max_items"] = MAX_OPTIONS
        if wanted.search is not None:
            arguments["search"] = wanted.search
        instance = selected.instance
        invocation = Invocation(
            integration=selected.integration,
            action=lookup,
            instance=None if instance is None else Instance.of(instance),
            alias=selected.wanted.alias,
            arguments=arguments,
            selected=selected.connection,
        )
        try:
            outcome = await self._execution.run(selected.caller, invocation)
        except ActionFailed as error:
            raise OptionsFailed(error.message, **error.details) from error
        return Options(outcome.result.output["options"])

    def refusal_to_resolve(self, selected: Selected, wanted: WantedOptions) -> NotDynamic:
        """Return why there is nothing to resolve: no manifest has inputs whose form depends on others.

        Raises `ActionNotFound`, `ActionNotAllowed`.
        """
        self._find(selected, wanted)
        return NotDynamic(f"propertyName: {wanted.property_name[:100]!r} is the same whatever the other inputs are")

    def _lookup(self, selected: Selected, wanted: WantedOptions) -> Action:
        name = self._find(selected, wanted)
        if name is None:
            raise NotDropdown(f"propertyName: {wanted.property_name[:100]!r} has no choices to look up")
        return selected.integration.lookups[name]

    def _find(self, selected: Selected, wanted: WantedOptions) -> str | None:
        """Return the name of the property's lookup, if it has one."""
        if wanted.action_name is not None:
            return self._selection.action(selected, wanted.action_name).lookups.get(wanted.property_name)
        triggers = {trigger.name: trigger for trigger in selected.integration.triggers}
        trigger = triggers.get(wanted.trigger_name or "")
        if trigger is None:
            raise ActionNotFound(
                f"triggerName: {selected.integration.name} has no trigger {(wanted.trigger_name or '')[:100]!r}"
            )
        declared = trigger.input.get(wanted.property_name)
        return None if declared is None else declared.options
