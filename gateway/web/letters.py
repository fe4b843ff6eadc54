"""Mails to end users: one look, text and HTML from the same words, whatever people are called."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from gateway.kit.mail import Mail, one_line
from gateway.tenancy.branding import Branding
from gateway.web.accent import normal_accent, readable, text_on
from gateway.web.pages import Button

_PAPER = "ffffff"
_PLAIN_ACCENT = "24292f"

_templates = Environment(
    loader=PackageLoader("gateway.web", "templates/letters"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says. Names that people have chosen go through `one_line` before they stand in a sentence.

    `subject` is logged: no code and no link belongs there.
    """

    subject: str
    paragraphs: Sequence[str]
    code: str | None = field(default=None, repr=False)
    button: Button | None = field(default=None, repr=False)
    closing: Sequence[str] = ()


def write(letter: Letter, *, to: str, brand: Branding) -> Mail:
    """Return the mail in which this is said on behalf of `brand`."""
    accent = readable(normal_accent(brand.accent_color or "") or _PLAIN_ACCENT, on=_PAPER)
    values: dict[str, Any] = {
        "letter": letter,
        "name": one_line(brand.name),
        "support_url": brand.support_url,
        "accent": accent,
        "on_accent": text_on(accent),
    }
    return Mail(
        to=to,
        subject=letter.subject,
        text=_templates.get_template("letter.txt").render(values),
        html=_templates.get_template("letter.html").render(values),
        sender_name=brand.mail_sender_name or brand.name,
    )
