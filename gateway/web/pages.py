"""Renders pages: one look, one set of headers, every value escaped."""

from dataclasses import dataclass
from typing import Any, Final, Protocol

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from gateway.settings import Settings
from gateway.web.assets import accent_url, asset_url
from gateway.web.headers import page_headers

_TURNS_TEXT_AROUND: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


class Brand(Protocol):
    """Whose page it is. `logo` is a data: URL, `accent_color` is `#RRGGBB`, `support_url` https or mailto."""

    @property
    def name(self) -> str: ...
    @property
    def logo(self) -> str | None: ...
    @property
    def accent_color(self) -> str | None: ...
    @property
    def support_url(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Button:
    """One way on from a page that only says something: a link."""

    label: str
    address: str


class Pages:
    """The pages of one package: its `templates/`, above those that all pages share (`base.html`, `message.html`)."""

    def __init__(self, settings: Settings, package: str) -> None:
        self._is_https = settings.is_https
        self._templates = Environment(
            loader=ChoiceLoader([PackageLoader(package), PackageLoader("gateway.web")]),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            finalize=_in_its_direction,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def show(
        self,
        template: str,
        *,
        brand: Brand | None = None,
        status: int = 200,
        may_be_popup: bool = False,
        **values: Any,
    ) -> HTMLResponse:
        """Return a page; `values` are what its template asks for."""
        html = self._templates.get_template(template).render(
            brand=brand, asset=asset_url, accent_url=accent_url, **values
        )
        headers = page_headers(is_https=self._is_https, may_be_popup=may_be_popup)
        return HTMLResponse(html, status_code=status, headers=headers)

    def say(
        self,
        title: str,
        *sentences: str,
        brand: Brand | None = None,
        status: int = 200,
        may_be_popup: bool = False,
        button: Button | None = None,
    ) -> HTMLResponse:
        """Return a page that says what happened and what to do."""
        return self.show(
            "message.html",
            brand=brand,
            status=status,
            may_be_popup=may_be_popup,
            title=title,
            sentences=sentences,
            button=button,
        )


def _in_its_direction(value: Any) -> Any:
    """Drop controls that override the direction of text: with them a name shows as another one (UTR 36)."""
    return value.translate(_TURNS_TEXT_AROUND) if type(value) is str else value
