"""Fixtures that every test may ask for: the real parts of tests/parts."""

pytest_plugins = [
    "tests.parts.browser",
    "tests.parts.node",
    "tests.parts.postgres",
]
