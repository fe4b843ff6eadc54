"""A Chromium that is installed on this machine."""

import shutil

import pytest

from tests.parts.presence import missing

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Path of the browser, for Playwright's `executable_path` (with `args=["--no-sandbox"]`: root needs it)."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    return found or missing("Chromium (as root `./run setup` installs it; elsewhere install your system's `chromium`)")
