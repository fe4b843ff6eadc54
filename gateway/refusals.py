"""From what the database did not let through to the product's own failure."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from gateway.errors import Duplicate, NotFound, ToolgateError
from storage.failures import AlreadyExists, ReferenceMissing


@contextmanager
def refusing(conflicts: Mapping[str, ToolgateError], *, gone: str = "there is no such workspace") -> Generator[None]:
    """Raise the failure that stands beside the broken unique rule's name; `gone` says what a lost reference means.

    Put it around the transaction: some rules break only when it commits.
    """
    try:
        yield
    except AlreadyExists as error:
        raise conflicts.get(error.constraint) or Duplicate("something like this exists already") from error
    except ReferenceMissing as error:
        raise NotFound(gone) from error
