"""What comes back from a form of ours."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100


class FormRefused(Exception):
    """This is not a form of ours."""


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form, each once. Raises `FormRefused`."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise FormRefused
    try:
        text = (await request.body()).decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise FormRefused from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormRefused
    return fields
