"""From bytes to models: bodies and queries, within their limits."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import anyio.to_thread
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.requests import Request

from gateway.api.errors import invalid
from gateway.api.failures import UnsupportedMediaType
from gateway.errors import InvalidJson, ValidationFailed
from gateway.kit.json import JsonRefused, parse, refuse_bad_text

_MAX_PARAMETERS = 50
_LARGE = 256 * 1024
"""Bodies above it are read beside the requests of others, which would wait for most of a second."""

Model = TypeVar("Model", bound=BaseModel)


async def read_body(request: Request, model: type[Model]) -> Model:
    """Return the body as `model`; no body is an empty object. Its size was bounded before we are called.

    Raises `InvalidJson`, `ValidationFailed`, `UnsupportedMediaType`.
    """
    content = await request.body()
    if not content.strip():
        return _accept(model, {})
    _check_media_type(request.headers)
    try:
        is_large = len(content) > _LARGE
        value = await anyio.to_thread.run_sync(_parsed_beside, content) if is_large else parse(content)
    except JsonRefused as error:
        raise InvalidJson(f"the body is not JSON that we accept: {error}") from error
    if not isinstance(value, dict):
        raise ValidationFailed("the body has to be a JSON object")
    return _accept(model, cast("dict[str, Any]", value))


def read_query(request: Request, model: type[Model]) -> Model:
    """Return the query parameters as `model`. Raises `ValidationFailed`."""
    try:
        text = request.scope["query_string"].decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except ValueError as error:
        raise ValidationFailed("the query string is not UTF-8 in URL encoding, or has too many parameters") from error
    values: dict[str, str] = {}
    for name, value in pairs:
        if name in values:
            raise ValidationFailed(f"{name[:100]}: is given twice in the query")
        values[name] = value
    try:
        refuse_bad_text(values)
    except JsonRefused as error:
        raise ValidationFailed(f"the query: {error}") from error
    return _accept(model, values)


def _parsed_beside(content: bytes) -> Any:
    return parse(content, bounds_parts=True)


def _accept(model: type[Model], value: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # The original holds what was sent, secrets included: it must not travel along as a cause.
        raise invalid(error) from None


def _check_media_type(headers: Headers) -> None:
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType("send the body as JSON, with Content-Type: application/json")
