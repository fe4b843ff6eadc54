"""A person's browser, as far as pages of links, forms and buttons go; no script runs in it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import urlencode, urljoin

_FORM = "application/x-www-form-urlencoded"
_MOST_HOPS = 10
_STANDING_APART = {"button", "dd", "div", "dt", "h1", "h2", "li", "p"}


class Answer(Protocol):
    """What a browser gets."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def text(self) -> str: ...


class Client(Protocol):
    """An HTTP client that keeps cookies, such as `Egress.httpx_client` opens."""

    async def request(
        self, method: str, url: str, *, content: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer: ...


class NoSuchButton(Exception):
    """The page has no button with this label; the message shows what it has."""


@dataclass(slots=True)
class Button:
    """A button of a form."""

    label: str
    name: str | None
    value: str


@dataclass(slots=True)
class Form:
    """A form with what is filled in already."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    buttons: list[Button] = field(default_factory=list[Button])


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows."""

    address: str
    status: int
    text: str
    """What a person reads, on one line."""
    heading: str
    forms: list[Form]
    links: Mapping[str, str]
    """Label → address."""
    refresh: str | None
    """Where the page leads on by itself."""


class Visitor:
    """Opens pages and presses their buttons; a page that leads on to `ends_at` is where it stops."""

    def __init__(self, client: Client, *, ends_at: str | None = None) -> None:
        self._client = client
        self._ends_at = ends_at

    async def open(self, address: str) -> Page:
        """Follow a link to where it ends."""
        return await self._go("GET", address)

    async def press(self, page: Page, label: str, **fields: str) -> Page:
        """Fill in a page's form and press the button whose label has this text. Raises `NoSuchButton`."""
        for form in page.forms:
            for button in form.buttons:
                if label in button.label:
                    chosen = {button.name: button.value} if button.name else {}
                    return await self._send(page, form, {**form.fields, **fields, **chosen})
        raise NoSuchButton(f"there is no button {label!r} on {page.text[:500]!r}")

    async def _send(self, page: Page, form: Form, values: Mapping[str, str]) -> Page:
        address = urljoin(page.address, form.action)
        if form.method == "get":
            return await self._go("GET", f"{address.partition('?')[0]}?{urlencode(values)}")
        return await self._go("POST", address, urlencode(values))

    async def _go(self, method: str, address: str, content: str | None = None) -> Page:
        headers = {} if content is None else {"Content-Type": _FORM}
        answer = await self._client.request(method, address, content=content, headers=headers)
        for _ in range(_MOST_HOPS):
            if answer.status_code in {301, 302, 303}:
                address = urljoin(address, answer.headers["location"])
            else:
                page = read(address, answer.status_code, answer.text)
                if page.refresh is None or self._is_end(page.refresh):
                    return page
                address = page.refresh
            answer = await self._client.request("GET", address)
        raise RuntimeError("the pages lead on and on")

    def _is_end(self, address: str) -> bool:
        return self._ends_at is not None and address.partition("?")[0] == self._ends_at


def read(address: str, status: int, html: str) -> Page:
    """Read a page as a browser does, as far as needed here."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    refresh = None if reader.refresh is None else urljoin(address, reader.refresh)
    links = {label: urljoin(address, target) for label, target in reader.links.items()}
    return Page(address, status, _one_line(reader.text), _one_line(reader.heading), reader.forms, links, refresh)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.heading = ""
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.refresh: str | None = None
        self._open_form: Form | None = None
        self._open: list[tuple[str, dict[str, str], int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._open_form = Form(values.get("action", ""), values.get("method", "get").lower())
                self.forms.append(self._open_form)
            case "input" if self._open_form is not None:
                _enter(self._open_form, values)
            case "meta" if values.get("http-equiv", "").lower() == "refresh":
                found = re.fullmatch(r"\s*0\s*;\s*url=(.*)", values.get("content", ""), re.IGNORECASE)
                self.refresh = found[1] if found else None
            case "button" | "a" | "h1" | "style" | "title":
                self._open.append((tag, values, len(self.text)))
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open_form = None
        if self._open and self._open[-1][0] == tag:
            self._close(*self._open.pop())
        self.text += " " if tag in _STANDING_APART else ""

    def _close(self, tag: str, values: Mapping[str, str], began: int) -> None:
        inside = _one_line(self.text[began:])
        match tag:
            case "button" if self._open_form is not None:
                self._open_form.buttons.append(Button(inside, values.get("name"), values.get("value", "")))
            case "a":
                self.links[inside] = values.get("href", "")
            case "h1":
                self.heading = inside
            case "style" | "title":
                self.text = self.text[:began]
            case _:
                pass

    def handle_data(self, data: str) -> None:
        self.text += data


def _enter(form: Form, values: Mapping[str, str]) -> None:
    """Take over what an input holds before anybody has touched it."""
    name, kind = values.get("name"), values.get("type", "text")
    if not name or kind == "submit" or (kind in {"radio", "checkbox"} and "checked" not in values):
        return
    form.fields[name] = values.get("value", "on" if kind in {"radio", "checkbox"} else "")


def _one_line(text: str) -> str:
    return " ".join(text.split())
