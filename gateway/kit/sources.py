"""Values that an operator gives, from a TOML file and from the environment; each remembers where it was written."""

import difflib
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

Key: TypeAlias = tuple[str, ...]
"""Where a value belongs, such as ("port",) or ("integrations", "slack", "client_id")."""

_FROM_FILE = "_FILE"
_FEW = 12


class SettingsError(Exception):
    """The deployment can't start the way it is configured: one line with what is wrong, where, and the fix."""

    def __init__(self, message: str) -> None:
        # Keys and names come from outside: whatever they hold, the message stays one printable line.
        super().__init__("".join(each if each.isprintable() else ascii(each)[1:-1] for each in message))


@dataclass(frozen=True, slots=True)
class Given:
    """A value as it was written, and the place to name when it is wrong."""

    value: Any = field(repr=False)
    place: str


def read_toml(path: Path, known: Collection[Key]) -> dict[Key, Given]:
    """Return the values of a TOML file. Raises `SettingsError` where it can't be read or has an unknown key."""
    return dict(_leaves(_document(path), (), known=known, file=path))


def read_environment(environ: Mapping[str, str], prefix: str, known: Collection[Key]) -> dict[Key, Given]:
    """Return the values of the variables that begin with `prefix`; an empty variable counts as absent.

    `PREFIX_PORT_FILE` names a file that holds the value of `PREFIX_PORT`. Raises `SettingsError` on an unknown
    variable, on a value given both ways, and on a file that can't be read.
    """
    keys = {prefix + "_".join(key).replace("-", "_").upper(): key for key in known}
    given: dict[Key, Given] = {}
    for name in sorted(environ):
        if not name.startswith(prefix) or not environ[name]:
            continue
        plain_name = name if name in keys else name.removesuffix(_FROM_FILE)
        if plain_name not in keys:
            raise SettingsError(f"{name}: there is no such setting; {_suggestion(name, keys)}")
        if keys[plain_name] in given:
            raise SettingsError(f"{name}: {plain_name} is set as well; keep one of the two")
        value = environ[name] if name == plain_name else _content(name, Path(environ[name]))
        given[keys[plain_name]] = Given(value, name)
    return given


def read_early(name: str, *, file: Path | None, environ: Mapping[str, str], prefix: str) -> Any:
    """Return one setting, None where it is not given, before the others can be told from misspelt ones.

    Raises `SettingsError` where the file can't be read.
    """
    variable = prefix + name.upper()
    named = {each: environ[each] for each in (variable, variable + _FROM_FILE) if each in environ}
    given = read_environment(named, prefix, [(name,)])
    if given:
        return given[name,].value
    return None if file is None else _document(file).get(name)


def nested(given: Mapping[Key, Given]) -> dict[str, Any]:
    """Return the bare values as the tree that their keys describe."""
    tree: dict[str, Any] = {}
    for key, each in given.items():
        branch = tree
        for part in key[:-1]:
            branch = branch.setdefault(part, {})
        branch[key[-1]] = each.value
    return tree


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; name a readable file with --config") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 (byte {error.start}); save the file as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not TOML: {error}") from None


def _leaves(table: dict[str, Any], above: Key, *, known: Collection[Key], file: Path) -> Iterator[tuple[Key, Given]]:
    siblings = {key[len(above)] for key in known if key[: len(above)] == above}
    for name, value in table.items():
        key = (*above, name)
        place = f"{'.'.join(key)} in {file}"
        if name not in siblings:
            raise SettingsError(f"{place}: there is no such setting; {_suggestion(name, siblings)}")
        if key in known:
            yield key, Given(value, place)
        elif isinstance(value, dict):
            yield from _leaves(value, key, known=known, file=file)  # pyright: ignore[reportUnknownArgumentType] -- TOML
        else:
            raise SettingsError(f"{place}: has to be a table; write it as a section [{'.'.join(key)}]")


def _content(variable: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{variable}: {path}: {error.strerror}; name a readable file") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{variable}: {path} is not text in UTF-8") from error


def _suggestion(name: str, known: Collection[str]) -> str:
    """Name the likeliest meant, or all when they are few."""
    by_fold = {each.replace("-", "_").lower(): each for each in known}
    close = difflib.get_close_matches(name.replace("-", "_").lower(), by_fold, n=1)
    if close:
        return f"did you mean {by_fold[close[0]]}?"
    return f"remove it, or use one of {', '.join(sorted(known))}" if 0 < len(known) <= _FEW else "remove it"
