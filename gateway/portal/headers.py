"""Headers of every page that a person sees (security R38)."""

from collections.abc import Iterable, Mapping

_CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
)
_TWO_YEARS = 63_072_000


def page_headers(*, is_https: bool, form_targets: Iterable[str] = ()) -> Mapping[str, str]:
    """Return the headers of a page; `form_targets` are the origins that its forms may lead to besides ours."""
    secure = {"Strict-Transport-Security": f"max-age={_TWO_YEARS}"} if is_https else {}
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": _CONTENT.format(targets=" ".join(("'self'", *form_targets))),
        # Not same-origin: a product may open these pages in a popup, and is told by a message how it went.
        "Cross-Origin-Opener-Policy": "unsafe-none",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        **secure,
    }
