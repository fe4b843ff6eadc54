"""Reasons why a page can't be shown as asked: raised where they are known, drawn once."""

from gateway.web.pages import Brand, Button


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


def too_often(seconds: int, *, brand: Brand | None = None) -> PageStop:
    """Say to wait."""
    minutes = -(-seconds // 60)
    wait = "a minute" if minutes == 1 else f"{minutes} minutes"
    return PageStop(
        "Too many tries", f"Please wait {wait} and try again.", status=429, brand=brand, retry_after=seconds
    )


def not_from_our_page() -> PageStop:
    """Say that a form was not sent from a page of ours in this browser."""
    return PageStop(
        "That did not come from this page",
        "Nothing was changed. Open the link that you were given once more, in this browser, and try again.",
        "If this comes back, let your browser keep cookies of this site.",
        status=403,
    )
