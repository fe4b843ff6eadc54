"""Fixtures that every test may ask for: the real parts of tests/parts."""

# One that others import from stands before them, or pytest comes too late to rewrite its assertions.
pytest_plugins = [
    "tests.parts.node",
    "tests.parts.single_files",
    "tests.parts.browser",
    "tests.parts.postgres",
    "tests.parts.strict_provider",
    "tests.parts.emulators",
]
