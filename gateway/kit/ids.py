"""Row identifiers: UUIDs as lower-case strings."""

import re
from uuid import UUID, uuid4

# Python's UUID also takes braces, underscores, other scripts' digits and hyphens anywhere.
_UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


def new_id() -> str:
    """Return a fresh random id."""
    return str(uuid4())


def as_id(text: str) -> str | None:
    """Return the canonical spelling of an id, or None for what can't be one."""
    return str(UUID(text)) if _UUID.fullmatch(text) else None
