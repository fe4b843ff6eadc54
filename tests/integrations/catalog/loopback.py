"""Stand-ins for providers on this machine, and the `Http` port that leads to one, whatever host a request is for."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from wsgiref.types import WSGIApplication

import httpx2
from werkzeug.serving import make_server

from integrations.ports import HttpRequest, HttpResponse


@dataclass
class At:
    """Sends every request to the stand-in at this address, and keeps which origins they were for."""

    address: str
    origins: set[str] = field(default_factory=set[str])

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Answer as the stand-in does."""
        url = httpx2.URL(request.url)
        self.origins.add(f"{url.scheme}://{url.netloc.decode()}")
        target = self.address + url.raw_path.decode()
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.request(
                request.method, target, headers=dict(request.headers), content=request.body, timeout=10
            )
        return HttpResponse(answer.status_code, {"content-type": answer.headers["content-type"]}, answer.content)


@contextmanager
def listening(application: WSGIApplication) -> Generator[str]:
    """Serve an application from a thread, over real HTTP; yields its address."""
    server = make_server("127.0.0.1", 0, application, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
