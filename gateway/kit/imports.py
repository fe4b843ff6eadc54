"""Loading the program. What imports make is there for as long as the process, so nobody has to look there for garbage."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def imports_for_good() -> Generator[None]:
    """Import within this block what a long-lived process is made of.

    Python looks for garbage whenever many objects were made, and imports make some 300,000: left out, a start takes a
    sixth less. Left alone afterwards, a full collection no longer stops all calls for a hundred milliseconds.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
