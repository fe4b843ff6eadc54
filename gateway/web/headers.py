"""Headers of every page that a person sees (security R38), and of leading from one to another."""

from collections.abc import Mapping

from starlette.responses import RedirectResponse, Response

_CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TWO_YEARS = 63_072_000


def page_headers(*, is_https: bool, may_be_popup: bool = False) -> Mapping[str, str]:
    """Return the headers of a page; `may_be_popup` is for pages that a product may open in a window of its own.

    Forms lead to ourselves only. Where one leads on to another site, it answers with a page that goes on by itself:
    browsers hold every redirect after a form against `form-action`, and nobody knows all of a provider's.
    """
    secure = {"Strict-Transport-Security": f"max-age={_TWO_YEARS}"} if is_https else {}
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _CONTENT,
        # The exception: an isolated popup looks closed to the window that opened it, and can't tell it how it went.
        "Cross-Origin-Opener-Policy": "unsafe-none" if may_be_popup else "same-origin",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        **secure,
    }


def lead_to(address: str, *, is_https: bool, may_be_popup: bool = False) -> Response:
    """Lead on, after a form too, to an address that may be loaded again without anything happening."""
    headers = page_headers(is_https=is_https, may_be_popup=may_be_popup)
    return RedirectResponse(address, status_code=303, headers=dict(headers))
