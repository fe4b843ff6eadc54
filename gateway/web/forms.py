"""What comes back from a form of ours: each field once, from a page of ours, in the browser that it was made for."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from gateway.web.browser import Browsers
from gateway.web.door import browser_of
from gateway.web.limits import PageLimits
from gateway.web.stops import not_from_our_page

_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 100


class FormRefused(Exception):
    """This is not a form of ours."""


class OwnForms:
    """Takes the forms of our pages, each bound to what its page is about, and counts whoever sends another (R17, R48)."""

    def __init__(self, browsers: Browsers, limits: PageLimits) -> None:
        self._browsers = browsers
        self._limits = limits

    async def about(self, request: Request, name: str) -> Mapping[str, str]:
        """Return a form that names in this field what its page is about. Raises `PageStop`."""
        form = await self._read(request)
        self._check(request, form, form.get(name, ""))
        return form

    async def of(self, request: Request, subject: str) -> Mapping[str, str]:
        """Return a form of the page that is about this. Raises `PageStop`."""
        form = await self._read(request)
        self._check(request, form, subject)
        return form

    async def _read(self, request: Request) -> Mapping[str, str]:
        try:
            return await read_form(request)
        except FormRefused as error:
            self._limits.count_stranger(request)
            raise not_from_our_page() from error

    def _check(self, request: Request, form: Mapping[str, str], subject: str) -> None:
        if not self._browsers.is_proven(browser_of(request), subject, form.get("proof", "")):
            self._limits.count_stranger(request)
            raise not_from_our_page()


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
