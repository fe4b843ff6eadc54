"""From a provider's refusal to a failure by meaning: the manifest's codes first, then the HTTP status."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from itertools import islice
from typing import Final, cast

from integrations.action import Answer
from integrations.answers import media_type, text_of
from integrations.failures import (
    ActionFailed,
    CredentialsRejected,
    InvalidInput,
    NotFound,
    PermissionMissing,
    ProviderTimedOut,
    ProviderUnavailable,
    RateLimited,
)
from integrations.manifest import Failure, Pointers, Retry
from integrations.notation import MISSING, Missing, find
from integrations.ports import HttpError, HttpRefused, HttpTimedOut, HttpTooLarge, Json
from integrations.target import Target
from integrations.xml_values import xml_value

MAX_MESSAGE: Final = 500
XML: Final = re.compile(r"(application|text)/xml$")
MAX_NEEDED: Final = 20
"""Missing scopes that are told of."""

USUAL_MESSAGES: Final = (
    "/error_description", "/error/message", "/message", "/errors/0/message", "/errors/0/detail", "/errors/0",
    "/error/description", "/detail", "/error", "/error_message", "/title", "/msg",
)  # fmt: skip
"""Where providers usually put their sentence, for manifests that say nothing."""

BY_STATUS: Final[Mapping[int, type[ActionFailed]]] = {
    400: InvalidInput,
    401: CredentialsRejected,
    403: PermissionMissing,
    404: NotFound,
    408: ProviderTimedOut,
    410: NotFound,
    422: InvalidInput,
    429: RateLimited,
}
"""Other statuses from 500 on are ProviderUnavailable, the rest ActionFailed."""


def failure_in(answer: Answer, failure: Failure, retry: Retry, *, target: Target, now: datetime) -> ActionFailed | None:
    """What went wrong according to `answer`, or None if it is a success."""
    if answer.status < HTTPStatus.MULTIPLE_CHOICES and not _says_failed(answer.json, failure):
        return None
    if answer.json is None and XML.match(media_type(answer.headers)):
        answer = replace(answer, json=_none_if_missing(xml_value(answer.content)))
    message = _bounded(target.without_secrets(_message(answer, failure)))
    kind = _kind(answer, failure, retry)
    if issubclass(kind, RateLimited):
        return kind(message, retry_after=wait_asked_for(answer.headers, retry, now), status=answer.status)
    if issubclass(kind, PermissionMissing):
        needed = tuple(_bounded(target.without_secrets(scope)) for scope in _needed(answer.json, failure))
        return kind(message, needed=needed, status=answer.status)
    return kind(message, status=answer.status)


def _none_if_missing(found: Json | Missing) -> Json:
    return None if found is MISSING else found


def transport_failure(error: HttpError, *, target: Target) -> ActionFailed:
    """The failure that a request without an answer means."""
    message = _bounded(target.without_secrets(error.message))
    match error:
        case HttpTimedOut():
            return ProviderTimedOut(message)
        case HttpTooLarge() | HttpRefused():
            return ActionFailed(message)
        case _:
            return ProviderUnavailable(message)


def wait_asked_for(headers: Mapping[str, str], retry: Retry, now: datetime) -> float | None:
    """Seconds until the provider will take another request, where a header says so."""
    after = headers.get(retry.after_header.lower())
    if after is not None:
        return _seconds(after, now)
    reset = headers.get(retry.reset_header.lower()) if retry.reset_header else None
    return _seconds(reset, now) if reset is not None else None


def _seconds(value: str, now: datetime) -> float | None:
    """A header's delay: seconds, Unix time (anything above 10⁹, with or without milliseconds) or an HTTP date."""
    if re.fullmatch(r"\s*[0-9]{1,15}(\.[0-9]{1,9})?\s*", value):
        number = float(value)
        moment = number / 1000 if number > 1e12 else number
        return max(0.0, moment - now.timestamp()) if moment > 1e9 else number
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _says_failed(document: Json, failure: Failure) -> bool:
    # `1 == True` in Python, but not in JSON.
    return any(
        type(found := find(document, pointer)) is type(expected) and found == expected
        for pointer, expected in failure.when.items()
    ) or any(find(document, pointer) not in (MISSING, None) for pointer in pointers(failure.when_present))


def pointers(given: Pointers) -> tuple[str, ...]:
    """One pointer or several, as several."""
    return (given,) if isinstance(given, str) else given


def _texts(document: Json, where: Pointers) -> tuple[str, ...]:
    """The texts and numbers found at the pointers, each once."""
    found = (find(document, pointer) for pointer in pointers(where))
    written = (str(value).strip() for value in found if isinstance(value, str | int) and not isinstance(value, bool))
    return tuple(dict.fromkeys(value for value in written if value))


def _message(answer: Answer, failure: Failure) -> str:
    texts = _texts(answer.json, failure.message) or _texts(answer.json, USUAL_MESSAGES)[:1]
    if texts:
        return ": ".join(texts)
    if answer.json is None and media_type(answer.headers) == "text/plain" and answer.content.strip():
        return text_of(answer)
    return f"The provider answered {answer.status} {_phrase(answer.status)}".rstrip() + "."


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _bounded(message: str) -> str:
    """One line without control or invisible formatting characters, 500 characters at most."""
    line = " ".join(
        re.sub(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff]", " ", message).split()
    )
    return line if len(line) <= MAX_MESSAGE else line[: MAX_MESSAGE - 1] + "…"


def _kind(answer: Answer, failure: Failure, retry: Retry) -> type[ActionFailed]:
    """What the answer means: the manifest's codes first, then the status."""
    codes = _texts(answer.json, failure.code or failure.message)
    by_code: tuple[tuple[tuple[str | int, ...], type[ActionFailed]], ...] = (
        (failure.reconnect_on, CredentialsRejected),
        (failure.rate_on, RateLimited),
        (failure.permission_on, PermissionMissing),
        (failure.not_found_on, NotFound),
        (failure.invalid_on, InvalidInput),
    )
    for listed, kind in by_code:
        if any(str(code) in codes for code in listed):
            return kind
    if answer.status == HTTPStatus.FORBIDDEN and _is_exhausted(answer.headers, retry):
        return RateLimited
    fallback = ProviderUnavailable if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else ActionFailed
    return BY_STATUS.get(answer.status, fallback)


def _is_exhausted(headers: Mapping[str, str], retry: Retry) -> bool:
    """Whether a 403 is a rate limit in disguise: it says when to come back, or that nothing remains."""
    remaining = headers.get(retry.remaining_header.lower()) if retry.remaining_header else None
    return remaining == "0" or retry.after_header.lower() in headers


def _needed(document: Json, failure: Failure) -> tuple[str, ...]:
    found = find(document, failure.needed) if failure.needed is not None else MISSING
    if isinstance(found, str):
        scopes = (scope for scope in re.split(r"[\s,]+", found) if scope)
    else:
        elements = cast("list[Json]", found) if isinstance(found, list) else []
        scopes = (scope for scope in elements if isinstance(scope, str))
    return tuple(islice(scopes, MAX_NEEDED))
