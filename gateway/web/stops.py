"""Reasons why a page can't be shown as asked: raised where they are known, drawn once."""

from typing import Final

from gateway.web.pages import Brand, Button

_MOST_MINUTES: Final = 90


class PageStop(Exception):
    """Ends a request with a page that says what happened and what to do."""

    def __init__(
        self,
        title: str,
        *sentences: str,
        status: int = 400,
        button: Button | None = None,
        brand: Brand | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(title)
        self.title = title
        self.sentences = sentences
        self.status = status
        self.button = button
        self.brand = brand
        self.retry_after = retry_after


def too_often(seconds: int, *, back: Button | None = None) -> PageStop:
    """Say to wait; `back` leads to where one tries again then."""
    return PageStop(
        "Too many tries",
        f"Please wait {_in_words(seconds)} and try again.",
        status=429,
        button=back,
        retry_after=seconds,
    )


def too_many_codes(seconds: int, *, brand: Brand, path: str) -> PageStop:
    """Say when the next code can be had, and that the last may still be good; `path` is where it is entered."""
    return PageStop(
        "Too many codes",
        "Too many codes were asked for, for this address or from this connection.",
        "If the newest one came less than ten minutes ago, go back and enter it. Look among unwanted mail, too.",
        f"You can ask for another one in {_in_words(seconds)}.",
        status=429,
        brand=brand,
        button=Button("Back", path),
        retry_after=seconds,
    )


def not_from_our_page() -> PageStop:
    """Say that a form was not sent from a page of ours in this browser."""
    return PageStop(
        "That did not come from this page",
        "Nothing was changed. Open the link that you were given once more, in this browser, and try again.",
        "If this comes back, let your browser keep cookies of this site.",
        status=403,
    )


def _in_words(seconds: int) -> str:
    minutes = -(-seconds // 60)
    if minutes > _MOST_MINUTES:
        hours = -(-minutes // 60)
        return f"{hours} hours"
    return "a minute" if minutes == 1 else f"{minutes} minutes"
