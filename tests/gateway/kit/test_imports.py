import gc
import weakref
from collections.abc import Iterator

import pytest

from gateway.kit.imports import imports_for_good


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """The tests' own process goes on as it was."""
    yield
    gc.unfreeze()


class Ring:
    """Garbage that only the collector finds."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_there_after_the_imports_is_left_alone_and_later_garbage_is_still_found() -> None:
    with imports_for_good():
        assert not gc.isenabled()
        early = weakref.ref(Ring())
    assert gc.isenabled()
    late = weakref.ref(Ring())
    gc.collect()
    assert (early() is not None, late() is not None) == (True, False)


def test_imports_that_fail_leave_the_collector_on() -> None:
    with pytest.raises(ImportError), imports_for_good():
        raise ImportError
    assert gc.isenabled()
