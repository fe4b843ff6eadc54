"""The page behind a setup URL: says who has to connect what, and shows nothing else to whoever opens it."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.connections.setup_urls import SetupRequest
from gateway.wiring import Gateway
from storage.scope import TenantScope

PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_templates = Environment(
    loader=PackageLoader("gateway.portal"), autoescape=select_autoescape(), undefined=StrictUndefined
)


class SetupPage:
    """The handler of `/connect/s/{setup_id}`. Opening it changes nothing."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def answer(self, request: Request) -> Response:
        """Answer with the page, or with one that says that the link is not good (any more)."""
        wanted = self._gateway.setup_urls.read(request.path_params["setup_id"])
        shown = await self._shown(wanted) if wanted is not None else None
        template = "setup.html" if shown is not None else "expired.html"
        html = _templates.get_template(template).render(shown or {})
        return HTMLResponse(html, status_code=200 if shown is not None else 404, headers=PAGE_HEADERS)

    async def _shown(self, wanted: SetupRequest) -> dict[str, str] | None:
        """Gather what the page says; None where the end user or the integration is gone."""
        async with self._gateway.database.read() as tx:
            found = await tx.end_users.find_with_integration(wanted.end_user_id, wanted.workspace_integration_id)
            if found is None:
                return None
            end_user, integration = found
            scope = TenantScope(end_user.organization_id, frozenset((end_user.workspace_id,)))
            workspace = await tx.workspaces.get(scope, end_user.workspace_id)
        if workspace is None or integration.integration_name not in self._gateway.catalog:
            return None
        return {
            "integration": integration.display_name or self._gateway.catalog.get(integration.integration_name).title,
            "workspace": workspace.name,
            "person": end_user.display_name or "the person who asked",
            "until": f"{wanted.expires_at:%H:%M} UTC",
        }
