"""Tool names: `{prefix}__{action}`, at most 64 characters of `[A-Za-z0-9_-]` (contract 4.10).

A prefix never holds `__` and never ends in `_`, so the first `__` of a name always parts the two; two aliases collide
exactly when their prefixes are equal.
"""

import re
from hashlib import sha256

MAX_TOOL_NAME_LENGTH = 64
_HASH_LENGTH = 8
_SEPARATOR = "__"


def tool_prefix(alias: str) -> str:
    """Return the alias as it stands in tool names: `google-sheets` becomes `google_sheets`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", alias).strip("_")


def tool_name(alias: str, action_name: str) -> str:
    """Return the published name; one that is too long is cut and ends in a hash of the whole, so it is stable."""
    name = tool_prefix(alias) + _SEPARATOR + re.sub(r"[^A-Za-z0-9_-]", "_", action_name)
    if len(name) <= MAX_TOOL_NAME_LENGTH:
        return name
    digest = sha256(f"{alias}{_SEPARATOR}{action_name}".encode()).hexdigest()[:_HASH_LENGTH]
    return f"{name[: MAX_TOOL_NAME_LENGTH - _HASH_LENGTH - 1]}_{digest}"
