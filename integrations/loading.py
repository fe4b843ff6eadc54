"""From YAML text to a manifest, with every fault named by file and line."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from integrations.manifest import Manifest
from integrations.problems import ManifestInvalid, Problem
from integrations.yaml_source import Source, read_yaml

PLAIN: Final = {
    "missing": "is missing",
    "extra_forbidden": "is not a key that belongs here",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "tuple_type": "must be a list",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
}


def load(text: str, file: str) -> Manifest:
    """Parse and validate one manifest; `file` names it in problems.

    Raises:
        ManifestInvalid: with every fault of the format (not only the first).
    """
    return parse(read_yaml(text, file))


def load_file(path: Path) -> Manifest:
    """The manifest in `path`. Raises ManifestInvalid, also where the file can't be read."""
    return load(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The file's text. Raises ManifestInvalid where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestInvalid((Problem(str(path), 1, f"can't be read: {error}"),)) from error


def parse(source: Source) -> Manifest:
    """Validate a document that was read already. Raises ManifestInvalid."""
    try:
        return Manifest.model_validate(source.value)
    except ValidationError as error:
        raise ManifestInvalid(tuple(_problems(source, error))) from error


def _problems(source: Source, error: ValidationError) -> list[Problem]:
    """One problem per place: a union reports every alternative, of which the first says enough."""
    first: dict[tuple[str | int, ...], Problem] = {}
    for details in error.errors(include_url=False):
        place = _place(source, details)
        if place not in first:
            first[place] = source.problem(place, f"{_dotted(place)}{_said(details)}".lstrip(": "))
    return sorted(first.values(), key=lambda problem: problem.line)


def _place(source: Source, details: ErrorDetails) -> tuple[str | int, ...]:
    """Where the fault stands, without the steps that only pydantic knows (names of union members)."""
    known = source.known_steps(details["loc"])
    match details["type"]:
        case "missing":
            return (*known, details["loc"][-1])
        case "union_tag_invalid":
            return (*known, str(details.get("ctx", {}).get("discriminator")).strip("'"))
        case _:
            return known


def _dotted(place: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in place)


def _said(details: ErrorDetails) -> str:
    """The rest of the sentence that the place begins."""
    if details["type"] == "value_error":
        return f": {details['msg'].removeprefix('Value error, ')}"
    if details["type"] == "literal_error":
        return f" must be {details.get('ctx', {}).get('expected')}, not {details['input']!r}"
    if details["type"] == "union_tag_invalid":
        return f" must be one of {details.get('ctx', {}).get('expected_tags')}"
    if details["type"] == "string_pattern_mismatch":
        return f" must match {details.get('ctx', {}).get('pattern')}, unlike {details['input']!r}"
    plain = PLAIN.get(details["type"])
    return f" {plain}" if plain else f": {details['msg']}"
