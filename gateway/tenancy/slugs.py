"""Slugs: the readable names of organizations and workspaces, good in a URL."""

import re

from gateway.errors import ValidationFailed
from gateway.kit.ids import as_id

SLUG_PATTERN = r"^[a-z0-9][a-z0-9-]*$"
MAX_SLUG_LENGTH = 100


def is_slug(text: str) -> bool:
    """Tell whether this could be a slug. What reads as an id is none, so that a reference means one thing only."""
    fits = len(text) <= MAX_SLUG_LENGTH and re.fullmatch(SLUG_PATTERN, text) is not None
    return fits and as_id(text) is None


def accept_slug(text: str) -> str:
    """Return a slug as it is. Raises `ValidationFailed`."""
    if not is_slug(text):
        raise ValidationFailed(
            "slug: use lower-case letters, digits and hyphens, beginning with a letter or digit, "
            f"at most {MAX_SLUG_LENGTH} characters, and nothing that reads as an id"
        )
    return text
