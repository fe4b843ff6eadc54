"""A person with a browser at the connect pages: reads what stands there, follows links, sends forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2

_VOID_TEXT = {"script", "style", "title"}


@dataclass
class Form:
    """A form and what stands in it."""

    action: str
    fields: dict[str, str] = field(default_factory=dict[str, str])
    buttons: list[str] = field(default_factory=list[str])


class Page(HTMLParser):
    """An answer, read as HTML."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.status = answer.status_code
        self.headers = answer.headers
        self.address = str(answer.url)
        self.html = answer.text
        self.title = ""
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.onward: str | None = None
        self.told: dict[str, str | None] = {}
        self._texts: list[str] = []
        self._open: list[str] = []
        self._href: str | None = None
        self._select: str | None = None
        self.feed(answer.text)

    @property
    def text(self) -> str:
        """What a person reads, on one line."""
        return " ".join("".join(self._texts).split())

    def form(self, action: str) -> Form:
        """The form that goes there."""
        return next(each for each in self.forms if each.action == action)

    def link(self, label: str) -> str:
        """Where the link of this label leads."""
        return next(href for text, href in self.links.items() if label in text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open.append(tag)
        match tag:
            case "form":
                self.forms.append(Form(urljoin(self.address, given.get("action", ""))))
            case "input" if given.get("type") != "radio" or "checked" in given:
                self.forms[-1].fields[given["name"]] = given.get("value", "")
            case "select":
                self._select = given["name"]
                self.forms[-1].fields[given["name"]] = ""
            case "button":
                self.forms[-1].buttons.append(given.get("value", ""))
            case "a":
                self._href = urljoin(self.address, given["href"])
            case "meta" if given.get("http-equiv") == "refresh":
                self.onward = given["content"].partition("url=")[2]
            case "div" if given.get("id") == "result":
                self.told = {name.removeprefix("data-"): value for name, value in attrs}
            case _:
                pass

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass
        if tag == "a":
            self._href = None

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title":
            self.title += data
        if self._open and self._open[-1] in _VOID_TEXT:
            return
        self._texts.append(data)
        if self._href is not None:
            label = next((text for text, href in self.links.items() if href == self._href), "")
            self.links.pop(label, None)
            self.links[f"{label}{data}"] = self._href


@dataclass
class Person:
    """Somebody's browser: keeps its cookies, goes where pages lead."""

    http: httpx2.AsyncClient
    at: str

    async def open(self, address: str, **options: Any) -> Page:
        """Go to an address, and on where it redirects to."""
        answer = await self.http.get(urljoin(self.at, address), follow_redirects=True, **options)
        return Page(answer)

    async def send(self, form: Form, **entered: str | None) -> Page:
        """Fill in a form and send it; a None takes a field away."""
        whole = {**form.fields, **entered}
        data = {name: value for name, value in whole.items() if value is not None}
        return Page(await self.http.post(form.action, data=data, follow_redirects=True))

    async def begin(self, link: str, **entered: str | None) -> Page:
        """Open a link and go to the provider's consent page."""
        return await self.onward(await self.send((await self.open(link)).form(f"{self.at}/connect/start"), **entered))

    async def onward(self, page: Page) -> Page:
        """Go where a page goes on by itself."""
        assert page.onward is not None, page.text
        return await self.open(page.onward)

    async def answer(self, consent: Page, decision: str = "approve", person: str = "alice") -> Page:
        """Approve or deny at Acme; ends at what our callback leads to."""
        return await self.send(consent.forms[0], person=person, decision=decision)

    async def callback(self, consent: Page, decision: str = "approve", person: str = "alice") -> str:
        """Approve or deny at Acme; returns where it sends the browser, without going there."""
        data = {**consent.forms[0].fields, "person": person, "decision": decision}
        answer = await self.http.post(consent.forms[0].action, data=data)
        return answer.headers["location"]

    async def connect(self, link: str, person: str = "alice") -> Page:
        """Connect an account at Acme, from the link to the last page."""
        return await self.answer(await self.begin(link), person=person)


def path_of(page: Page) -> str:
    """The path of a page's address."""
    return urlsplit(page.address).path
