"""What an action makes of an answer that holds everything the provider promises."""

from typing import Any

Json = Any


def missing(output: Json) -> list[str]:
    """The keys of a shaped answer under which nothing was found, of a list those of its first element."""
    first = output[0] if isinstance(output, list) and output else output
    return [name for name, value in first.items() if value is None] if isinstance(first, dict) else []
