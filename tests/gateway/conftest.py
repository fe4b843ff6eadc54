"""What tests of more than one room of the gateway ask for."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from gateway.kit.log import configure_logging


@pytest.fixture
def log_output() -> Iterator[io.StringIO]:
    """Log into a string for one test, then leave logging as pytest had it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    written = io.StringIO()
    configure_logging(stream=written, level="debug")
    yield written
    root.handlers, root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
