"""What clients may know of the authorization server (RFC 8414), also under the address that OpenID clients try."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.access.client_authentication import SIGNING_ALGORITHMS
from gateway.access.mcp_tokens import CODE_SCOPE, TOOLS_SCOPE
from gateway.oauth import addresses
from gateway.oauth.answers import CORS, preflight
from gateway.oauth.token import GRANT_TYPES


class ServerMetadata:
    """The handler of both well-known addresses."""

    def __init__(self, *, issuer: str) -> None:
        self._document: dict[str, Any] = {
            "issuer": issuer,
            "authorization_endpoint": issuer + addresses.AUTHORIZE,
            "token_endpoint": issuer + addresses.TOKEN,
            "registration_endpoint": issuer + addresses.REGISTER,
            "device_authorization_endpoint": issuer + addresses.DEVICE_CODE,
            "revocation_endpoint": issuer + addresses.REVOKE,
            "scopes_supported": [TOOLS_SCOPE, CODE_SCOPE],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": list(GRANT_TYPES),
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [
                *("none", "client_secret_basic", "client_secret_post", "private_key_jwt"),
            ],
            "token_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
            "revocation_endpoint_auth_methods_supported": [
                *("none", "client_secret_basic", "client_secret_post", "private_key_jwt"),
            ],
            "revocation_endpoint_auth_signing_alg_values_supported": list(SIGNING_ALGORITHMS),
            "client_id_metadata_document_supported": True,
            "authorization_response_iss_parameter_supported": True,
        }

    async def answer(self, request: Request) -> Response:
        """Answer with the metadata."""
        if request.method == "OPTIONS":
            return preflight()
        return JSONResponse(self._document, headers={**CORS, "Cache-Control": "no-store"})
