"""From what the database did not let through to the product's own failure."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TypeAlias

from gateway.errors import Duplicate, NotFound, ToolgateError
from storage.failures import AlreadyExists, ReferenceMissing

Refusal: TypeAlias = tuple[type[ToolgateError], str]
"""A failure and its sentence. Not an exception: one that is raised twice keeps the frames of both requests alive."""

_EXISTS: Refusal = (Duplicate, "something like this exists already")


@contextmanager
def refusing(conflicts: Mapping[str, Refusal], *, gone: str = "there is no such workspace") -> Generator[None]:
    """Raise the failure that stands beside the broken unique rule's name; `gone` says what a lost reference means.

    Put it around the transaction: some rules break only when it commits.
    """
    try:
        yield
    except AlreadyExists as error:
        failure, message = conflicts.get(error.constraint, _EXISTS)
        raise failure(message) from error
    except ReferenceMissing as error:
        raise NotFound(gone) from error
