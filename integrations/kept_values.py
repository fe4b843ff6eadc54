"""What a connection keeps that neither the person nor the token answer says: asked for once, with the new credential."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from integrations import template
from integrations.accounts import legible
from integrations.action import Ports
from integrations.auth_methods import AuthMethod, KeepFromRequest, OAuth2
from integrations.credential_proof import fetch
from integrations.failures import InvalidInput
from integrations.manifest import Manifest
from integrations.notation import find, placeholders
from integrations.ports import Credentials, Json
from integrations.running import method_of

_MOST_NAMED: Final = 5
_LONGEST_NAME: Final = 80


class NotOne(InvalidInput):
    """None of what the provider lists is meant, or several could be. The message is half a sentence for the person."""


async def fetch_kept(manifest: Manifest, credentials: Credentials, ports: Ports) -> Mapping[str, Json]:
    """Return the values that the manifest's `keep_from_request` is for; none where the connection has them.

    Raises:
        NotOne: what was entered does not single out one of those that the provider lists.
        ActionFailed: the provider refused; CredentialsRejected if it was for the credential.
    """
    method = method_of(manifest, credentials)
    if not isinstance(method, OAuth2) or method.keep_from_request is None:
        return {}
    wanted = method.keep_from_request
    if wanted.values.keys() <= credentials.values.keys():
        return {}
    answer = await fetch(wanted.request, manifest, credentials, ports=ports, base_url=wanted.base_url)
    return the_one(method, wanted, _candidates(answer, wanted), credentials.values)


def the_one(
    method: AuthMethod, wanted: KeepFromRequest, candidates: Sequence[Json], entered: Mapping[str, Json]
) -> Mapping[str, Json]:
    """Return the values of the one candidate that fits what was entered; those with the same values are one.

    Raises:
        NotOne: there is none, or there are several.
    """
    conditions = {pointer: template.text(text, entered) for pointer, text in wanted.where.items()}
    usable = [each for each in candidates if _fits(each, wanted, conditions, entered=False)]
    fitting = [each for each in usable if _fits(each, wanted, conditions, entered=True)]
    found = list({tuple(kept.items()): kept for each in fitting if (kept := _values(each, wanted))}.values())
    if len(found) == 1:
        return found[0]
    asked = [method.inputs[name].title for name in _inputs(wanted)]
    raise NotOne(_why_not_one(_names(wanted, fitting if found else usable), is_none=not found, asked=asked))


def _candidates(answer: Json, wanted: KeepFromRequest) -> list[Json]:
    if wanted.items is None:
        return [answer]
    listed = find(answer, wanted.items)
    return cast("list[Json]", listed) if isinstance(listed, list) else []


def _fits(candidate: Json, wanted: KeepFromRequest, conditions: Mapping[str, str | None], *, entered: bool) -> bool:
    """Tell whether a candidate meets the fixed conditions, or those that hold what was `entered`, as far as it was."""
    for pointer, expected in conditions.items():
        if bool(placeholders(wanted.where[pointer])) is not entered or expected is None:
            continue
        found = find(candidate, pointer)
        if found != expected and not (isinstance(found, list) and expected in found):
            return False
    return True


def _values(candidate: Json, wanted: KeepFromRequest) -> dict[str, Json]:
    """What is kept of a candidate; nothing, if it lacks some of that."""
    found = {name: find(candidate, pointer) for name, pointer in wanted.values.items()}
    return found if all(isinstance(value, str | int) for value in found.values()) else {}


def _inputs(wanted: KeepFromRequest) -> list[str]:
    return list(dict.fromkeys(name for text in wanted.where.values() for name in placeholders(text)))


def _names(wanted: KeepFromRequest, candidates: Iterable[Json]) -> list[str]:
    if wanted.label is None:
        return []
    found = (find(each, wanted.label) for each in candidates)
    return list(dict.fromkeys(legible(name)[:_LONGEST_NAME] for name in found if isinstance(name, str)))


def _why_not_one(names: Sequence[str], *, is_none: bool, asked: Sequence[str]) -> str:
    listed = ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")
    shown = f" ({listed})" if listed else ""
    if not is_none:
        choice = f", so please enter which one: {', '.join(asked)}" if asked else ""
        return f"there are several that could be meant{shown}{choice}"
    if not names:
        return "there is nothing that could be used with it"
    return f"what was entered is none of those that it opens{shown}"
