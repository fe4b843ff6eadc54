"""An action's request and inputs while they are being put together from an operation."""

from dataclasses import dataclass, field

from integrations.openapi.texts import identifier, plain
from integrations.ports import Json


class LeftOut(Exception):
    """This operation can't be an action; the message says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Building:
    """What there is so far, in the manifest's notation; `path` maps the document's names to those of inputs."""

    inputs: dict[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])
    path: dict[str, str] = field(default_factory=dict[str, str])
    query: dict[str, Json] = field(default_factory=dict[str, Json])
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: dict[str, Json] = field(default_factory=dict[str, Json])

    def add(self, name: str, schema: dict[str, Json], *, required: bool, where: str) -> str:
        """Make an input; returns the name that nothing else of this action has."""
        wanted = identifier(name)
        free = wanted if wanted not in self.inputs else f"{wanted}_{where}"
        while free in self.inputs:
            free += "_"
        described = {"description": schema.get("description") or schema.get("title") or f"The {plain(name, 100)}."}
        self.inputs[free] = {**schema, **described} | ({} if required else {"optional": True})
        return free
