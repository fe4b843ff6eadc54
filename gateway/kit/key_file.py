"""The file with the encryption keys: one key in base64 per line; the first seals, all open."""

import base64
import os
from collections.abc import Sequence
from pathlib import Path

from gateway.kit.notations import KEY_BYTES, decode_key
from gateway.kit.private_files import create_private_file, make_private_directory, replace_private_file
from gateway.kit.sources import SettingsError


def read_key_file(path: Path) -> list[bytes]:
    """Return the ring in the file; an empty list where there is no file. Raises `SettingsError`."""
    try:
        lines = path.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: can't be read as a key file; restore it from your backup") from error
    try:
        keys = [decode_key(line) for line in lines]
    except ValueError as error:
        raise SettingsError(f"{path}: {error}, or restore the file from your backup") from error
    if not keys:
        raise SettingsError(f"{path}: holds no key; restore it from your backup")
    return keys


def create_key_file(path: Path) -> list[bytes]:
    """Make a key and keep it in a new file; returns the ring. Raises `SettingsError` where that can't be written."""
    key = new_key()
    try:
        make_private_directory(path.parent)
        create_private_file(path, encode_keys([key]))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; make data_dir writable, or set encryption_keys") from error
    return [key]


def add_key(path: Path, ring: Sequence[bytes]) -> list[bytes]:
    """Put a new key in front of `ring` in the file; returns the ring as it is now."""
    longer = [new_key(), *ring]
    replace_private_file(path, encode_keys(longer))
    return longer


def new_key() -> bytes:
    """Return a random key."""
    return os.urandom(KEY_BYTES)


def encode_keys(ring: Sequence[bytes]) -> str:
    """Return the content of a key file."""
    return "".join(f"{base64.b64encode(key).decode()}\n" for key in ring)
