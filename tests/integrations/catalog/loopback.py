"""The `Http` port of tests: whatever host a request is for, it goes to a stand-in on this machine, over real HTTP."""

from dataclasses import dataclass, field

import httpx2

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
