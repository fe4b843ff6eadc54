"""The few files that pages load: one stylesheet, the accent colours, the script that tells a popup's opener."""

import hashlib
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.web.accent import accent_css, normal_accent

PATH: Final = "/connect/static/"
_TYPES: Final = {"style.css": "text/css", "popup.js": "text/javascript"}
_FILES: Final = {name: files("gateway.web").joinpath("static", name).read_bytes() for name in _TYPES}
_DIGESTS: Final = {name: hashlib.sha256(content).hexdigest()[:12] for name, content in _FILES.items()}
_HEADERS: Final = {
    # The address changes with the content.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def asset_url(name: str) -> str:
    """Return where pages load this file."""
    return f"{PATH}{name}?v={_DIGESTS[name]}"


def accent_url(colour: str | None) -> str | None:
    """Return where pages load the stylesheet of an accent colour (`#RRGGBB`); None where it is none."""
    digits = normal_accent(colour) if colour is not None else None
    return None if digits is None else f"{PATH}accent/{digits}.css"


def asset_routes() -> list[Route]:
    """Return the routes of these files."""
    return [
        Route(PATH + "accent/{digits}.css", _accent, methods=["GET"]),
        Route(PATH + "{name}", _file, methods=["GET"]),
    ]


async def _file(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        return Response(status_code=404)
    return Response(_FILES[name], media_type=_TYPES[name], headers=_HEADERS)


async def _accent(request: Request) -> Response:
    digits = request.path_params["digits"]
    if normal_accent(digits) != digits:
        return Response(status_code=404)
    return Response(accent_css(digits), media_type="text/css", headers=_HEADERS)
