"""Claims about services: a real client signs itself in, with nobody at a browser, and uses what everybody shares."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import RSAAlgorithm
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)

from tests.flows.product import Product, Server
from tests.flows.signing_in import Kept, signed_in_python
from tests.parts.served import Served

KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
async def test_a_service_proves_itself_in_every_way_and_uses_the_shared_account(
    way: str, product: Product, served: Served
) -> None:
    shared = await product.connect(None, served.acme.app.issue_token("bob")["access_token"])
    await product.add("acme", "fixed", connectionId=shared["id"])
    server = await product.server(authMode="oauth")
    auth = await service(product, served, server, way)
    async with signed_in_python(server.endpoint, auth, mode="auto") as agent:
        assert (await agent.call("acme__whoami")).structured["id"] == "bob"


async def service(product: Product, served: Served, server: Server, way: str) -> OAuthClientProvider:
    """Register a service of this server; returns how it signs itself in."""
    keys = {"jwks": {"keys": [{**json.loads(RSAAlgorithm.to_jwk(KEY.public_key())), "alg": "RS256"}]}}
    wanted: dict[str, Any] = {
        "name": "Nightly",
        "grantTypes": ["client_credentials"],
        "tokenEndpointAuthMethod": way,
        "serverId": server.id,
        **(keys if way == "private_key_jwt" else {}),
    }
    answer = await product.rest.post("/oauth-clients", wanted)
    assert answer.status_code == 201, answer.text
    client_id = answer.json()["oauthClient"]["clientId"]
    match way:
        case "private_key_jwt":
            pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            signing = SignedJWTParameters(issuer=client_id, subject=client_id, signing_key=pem)
            assertion = signing.create_assertion_provider()
            return PrivateKeyJWTOAuthProvider(server.endpoint, Kept(), client_id, assertion, issuer=served.url)
        case "client_secret_basic" | "client_secret_post":
            secret = answer.json()["clientSecret"]
            return ClientCredentialsOAuthProvider(
                server.endpoint, Kept(), client_id, secret, token_endpoint_auth_method=way, issuer=served.url
            )
        case _:
            raise AssertionError(way)
