"""Headers of every REST answer: nothing is kept, guessed, framed or run."""

from collections.abc import Mapping

SECURITY_HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_A_YEAR = 365 * 24 * 60 * 60


def security_headers(public_url: str) -> Mapping[str, str]:
    """Return the headers of every answer of a deployment; under https browsers are told to stay there."""
    if not public_url.startswith("https://"):
        return SECURITY_HEADERS
    return {**SECURITY_HEADERS, "Strict-Transport-Security": f"max-age={_A_YEAR}"}
