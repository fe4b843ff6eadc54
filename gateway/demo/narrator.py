"""How the story is told: numbered steps in plain words, each followed by the actual values."""

import asyncio
import textwrap
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from rich.console import Console
from rich.text import Text

STEP_SECONDS = 10.0

_WIDTH = 100
_INDENT = " " * 4


class StepFailed(Exception):
    """A step of the story did not do what it says; the narrator has told which and why."""


class Unexpected(Exception):
    """What came back is not what the step claims."""


class Step:
    """One step while it runs; what it has to tell is shown when it ends."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}

    def tell(self, **facts: str) -> None:
        """Add values by their names; an underscore in a name is shown as a space."""
        self.facts |= {name.replace("_", " "): value for name, value in facts.items()}

    def expect(self, claim: bool, otherwise: str) -> None:
        """Go on if `claim` holds. Raises `Unexpected`."""
        if not claim:
            raise Unexpected(otherwise)


class Narrator:
    """Tells on a console: styled and wrapped on a terminal, plain text elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._count = 0

    def title(self, sentence: str, facts: Mapping[str, str]) -> None:
        """Open the story."""
        self._wrapped(sentence, first=Text(), style="bold")
        self.facts(facts)

    @asynccontextmanager
    async def step(self, sentence: str) -> AsyncGenerator[Step]:
        """Tell one step, then what it found, or why it failed. Raises `StepFailed`."""
        self._count += 1
        self.blank()
        self._wrapped(sentence, first=Text(f"{self._count:>2}. ", "bold green"), style="bold")
        step = Step()
        try:
            # Not anyio's scopes: a step may open what stays open after it.
            async with asyncio.timeout(STEP_SECONDS):
                yield step
        except Exception as error:
            self.facts(step.facts)
            self._wrapped(f"Step {self._count} failed: {_reason(error)}", first=Text(_INDENT), style="bold red")
            raise StepFailed(sentence) from error
        self.facts(step.facts)

    def heading(self, text: str) -> None:
        """Open a block."""
        self.blank()
        self._wrapped(text, first=Text(), style="bold underline")

    def say(self, sentence: str) -> None:
        """Tell a sentence of its own."""
        self._wrapped(sentence, first=Text(), style="")

    def paste(self, text: str) -> None:
        """Show something to copy: as it is, neither wrapped nor indented."""
        self._line(Text(text, "cyan"))

    def blank(self) -> None:
        """Leave a line."""
        self._line(Text())

    def facts(self, facts: Mapping[str, str]) -> None:
        """Show values by their names."""
        width = max(map(len, facts), default=0)
        for name, value in facts.items():
            self._line(Text.assemble(_INDENT, (f"{name:<{width}}  ", "dim"), value))

    def _wrapped(self, text: str, *, first: Text, style: str) -> None:
        width = (min(self._console.width, _WIDTH) if self._console.is_terminal else _WIDTH) - len(first)
        for number, line in enumerate(textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)):
            opening = first if number == 0 else Text(" " * len(first))
            self._line(Text.assemble(opening, (line, style)))

    def _line(self, text: Text) -> None:
        # Long values are never broken: they are there to be copied.
        self._console.print(text, soft_wrap=True)


def _reason(error: Exception) -> str:
    """Say what went wrong; of a group, the first thing that did."""
    match error:
        case ExceptionGroup():
            return _reason(error.exceptions[0])
        case TimeoutError():
            return f"no answer within {STEP_SECONDS:g} seconds"
        case Unexpected():
            return str(error)
        case _:
            return f"{type(error).__name__}: {error}"
