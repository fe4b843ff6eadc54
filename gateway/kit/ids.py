"""Row identifiers: UUIDs as lower-case strings."""

from uuid import UUID, uuid4


def new_id() -> str:
    """Return a fresh random id."""
    return str(uuid4())


def as_id(text: str) -> str | None:
    """Return the canonical spelling of an id, or None for what can't be one."""
    try:
        return str(UUID(text)) if len(text) in (32, 36) else None
    except ValueError:
        return None
