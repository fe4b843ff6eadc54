"""Directories and files that are their owner's alone (security R47)."""

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

DIRECTORY_MODE = 0o700
FILE_MODE = 0o600


def make_private_directory(path: Path) -> bool:
    """Make a directory with mode 0700 and tell whether it was missing; one that is there is left as it is."""
    with suppress(FileExistsError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=DIRECTORY_MODE)
        return True
    return False


def create_private_file(path: Path, text: str) -> None:
    """Write a new file with mode 0600, safe on disk when this returns. Raises FileExistsError."""
    _write(path, text)
    _persist_names(path.parent)


def replace_private_file(path: Path, text: str) -> None:
    """Write a file with mode 0600 in the place of the one that is there; a crash leaves the one or the other."""
    fresh = path.with_name(f".{path.name}.{uuid4().hex}")
    _write(fresh, text)
    fresh.replace(path)
    _persist_names(path.parent)


def is_open_to_others(path: Path) -> bool:
    """Tell whether anybody but the owner may read, write or enter this."""
    return bool(path.stat().st_mode & 0o077)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _persist_names(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
