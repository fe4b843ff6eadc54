"""The metadata documents by which authorization servers of remote MCP servers know this deployment."""

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.connections.client_registration import metadata_document
from gateway.tenancy.catalogs import OWN_PREFIX

_NAME: Final = re.compile(rf"{OWN_PREFIX}[a-z0-9_-]{{1,57}}")


class ClientDocuments:
    """The handler of `/connect/clients/{integration}`; it says the same whether anybody has such an integration."""

    def __init__(self, *, public_url: str) -> None:
        self._public_url = public_url

    async def answer(self, request: Request) -> Response:
        """Answer with the document."""
        name = request.path_params["integration"]
        if not _NAME.fullmatch(name):
            return JSONResponse({"error": "no integration can have this name"}, status_code=404)
        return JSONResponse(
            metadata_document(self._public_url, name), headers={"Cache-Control": "public, max-age=3600"}
        )
