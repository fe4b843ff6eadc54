"""What every browser page passes: the one public address, a cookie that knows the browser, and refusals as pages."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.kit.log import get_logger
from gateway.kit.request_log import current_request_id
from gateway.web.browser import Browsers
from gateway.web.headers import page_headers
from gateway.web.pages import Pages
from gateway.web.stops import PageStop, not_from_our_page

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

_MOVED: Final = "moved"
_log = get_logger(__name__)


class Door:
    """Wraps the handlers of one face."""

    def __init__(self, pages: Pages, browsers: Browsers, *, public_url: str, may_be_popup: bool = False) -> None:
        self._pages = pages
        self._browsers = browsers
        self._public_url = public_url
        self._host = urlsplit(public_url).netloc
        self._may_be_popup = may_be_popup

    def __call__(self, handler: Handler) -> Handler:
        """Return the handler behind the door. Inside, `browser_of(request)` always knows the browser."""

        async def answer(request: Request) -> Response:
            if request.headers.get("host", "").lower() != self._host:
                return self._elsewhere(request)
            known = self._browsers.of(request)
            request.state.browser = known or self._browsers.new()
            response = await self._answer(handler, request)
            if known is None:
                self._browsers.remember(response, request.state.browser)
            return response

        return answer

    def from_elsewhere(self, handler: Handler) -> Handler:
        """Return the handler of a form that other sites post. Inside, nothing knows the browser.

        Such a form brings no cookie of ours. A new one would put out the one that the browser has.
        """

        async def answer(request: Request) -> Response:
            if request.headers.get("host", "").lower() != self._host:
                return self._elsewhere(request)
            return await self._answer(handler, request)

        return answer

    async def _answer(self, handler: Handler, request: Request) -> Response:
        try:
            return await handler(request)
        except PageStop as stop:
            return self._stopped(stop)
        except Exception:  # noqa: BLE001 -- the last resort of every page: logged, and told without any detail
            _log.exception("page failed")
            return self._stopped(
                PageStop(
                    "Something went wrong here",
                    "Please try again in a moment.",
                    f"If it comes back, tell whoever runs this the number of this request: {current_request_id()}.",
                    status=500,
                )
            )

    def _stopped(self, stop: PageStop) -> Response:
        response = self._pages.say(
            stop.title,
            *stop.sentences,
            brand=stop.brand,
            status=stop.status,
            button=stop.button,
            may_be_popup=self._may_be_popup,
        )
        if stop.retry_after is not None:
            response.headers["Retry-After"] = str(stop.retry_after)
        return response

    def _elsewhere(self, request: Request) -> Response:
        """Lead to the public address: cookies and callbacks are bound to it."""
        if request.method not in ("GET", "HEAD"):
            return self._stopped(not_from_our_page())
        if _MOVED in request.query_params:
            # It led here: a proxy on the way says another host than the one that people see.
            return self._stopped(
                PageStop(
                    "This address is not set up yet",
                    f"Whoever runs this: have the proxy pass on the Host header, {self._host}, "
                    "or set public_url to the address that people use.",
                    status=421,
                )
            )
        given = request.scope["query_string"].decode("latin-1")
        query = f"{given}&{_MOVED}=1" if given else f"{_MOVED}=1"
        address = f"{self._public_url}{quote(request.scope['path'])}?{query}"
        headers = page_headers(is_https=self._public_url.startswith("https://"), may_be_popup=self._may_be_popup)
        return RedirectResponse(address, status_code=307, headers=dict(headers))


def browser_of(request: Request) -> str:
    """Return what the browser behind this request is known by."""
    return request.state.browser
