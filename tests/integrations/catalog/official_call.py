"""An action beside the provider's own official client: the same request, or a difference that is named."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.ports import Credentials
from tests.integrations.catalog.recorder import Asked

Json = Any


@dataclass(frozen=True)
class Call:
    """What an action is given, and the call of the official client that asks for the same."""

    arguments: Mapping[str, Json]
    theirs: Callable[[Any], object] | None = None
    """Calls the client of `Official.connect`. None: the program for Node has the call, under the action's name."""
    answers: Sequence[Json] = ({},)
    """What the provider answers to request after request, to both alike."""
    only_theirs: Sequence[str] = ()
    """Query parameters and body members that only the official client sends, such as its defaults."""
    only_ours: Sequence[str] = ()
    """Those that only we send, such as a page size."""
    address: str | None = None
    """Where the client goes for this call, if not to `Official.address`."""
    follow: str | None = None
    """Pointer to the address that the action makes and asks nobody for: it is asked for, as `theirs` does with its own."""


@dataclass(frozen=True)
class Official:
    """A provider's official client. Each module of `official/` holds one, as OFFICIAL."""

    integration: str
    package: str
    """Its name in the package index of its language."""
    credentials: Credentials
    """With which our side asks; the client is connected with the same."""
    calls: Mapping[str, Call]
    """By the name of the action."""
    is_providers_own: bool = True
    """Whether the provider has written it; else it is one that the provider's documentation names."""
    connect: Callable[[str], Any] | None = None
    """Returns a client of the provider at this address. None: `tests/node/official/<integration>.mjs` does."""
    address: str | None = None
    """Where the client goes of its own accord, read from the client (its program tells where it is for Node)."""
    alike: Callable[[Asked], Asked] = lambda asked: asked
    """Writes requests that the provider takes for the same in the same way."""
