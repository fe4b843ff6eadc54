"""The download route of the built-in storage: opens a signed link, and nothing else."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.tools.downloads import Downloads

_HEADERS = {
    "Cache-Control": "private, no-store",
    # What a tenant stored must never run as a page of ours.
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class DownloadRoute:
    """The handler of `/files/{token}`."""

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads

    async def answer(self, request: Request) -> Response:
        """Answer with the file, always as a download."""
        file = await self._downloads.open(request.path_params["token"])
        if file is None or file.content is None:
            body = {"error": "this link leads to no file, or has expired: ask for a new one", "code": "NOT_FOUND"}
            return JSONResponse(body, status_code=404, headers=_HEADERS)
        name = quote(file.path.rsplit("/", 1)[-1])
        headers = {**_HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(file.content, headers=headers, media_type=file.content_type)
