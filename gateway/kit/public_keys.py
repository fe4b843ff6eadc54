"""JSON Web Keys that others publish: what has to be public is (RFC 7517)."""

from collections.abc import Iterable
from typing import Final

_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members of a JWK that nobody else may know (RFC 7518 6)."""


def is_public(members: Iterable[str]) -> bool:
    """Tell whether a key of these members may be known: else whoever has read it could sign with it."""
    return _PRIVATE.isdisjoint(members)
