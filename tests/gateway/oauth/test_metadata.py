import pytest

from tests.gateway.oauth.asking import Asking

RESOURCE = "/.well-known/oauth-protected-resource/mcp/srv_x"
WELL_KNOWN = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]


@pytest.mark.parametrize("path", WELL_KNOWN)
async def test_both_well_known_addresses_tell_the_same_and_every_endpoint_is_there(path: str, asking: Asking) -> None:
    answer = await asking.client.get(path)
    document = answer.json()
    assert document["issuer"] == asking.issuer
    assert not document["issuer"].endswith("/")
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_types_supported"] == ["code"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["client_id_metadata_document_supported"] is True
    assert (answer.headers["access-control-allow-origin"], answer.headers["cache-control"]) == ("*", "no-store")
    for name, address in document.items():
        if name.endswith("_endpoint"):
            assert address.startswith(f"{asking.issuer}/oauth/")
            assert (await asking.client.request("OPTIONS", address)).status_code in (204, 405)
    # RFC 8414 2: needed wherever private_key_jwt is among the methods.
    for endpoint in ("token", "revocation"):
        assert "private_key_jwt" in document[f"{endpoint}_endpoint_auth_methods_supported"]
        assert "none" not in document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]


@pytest.mark.parametrize("path", [*WELL_KNOWN, RESOURCE, "/oauth/register", "/oauth/token"])
async def test_a_page_of_another_origin_may_ask_with_the_header_that_mcp_clients_send(
    path: str, asking: Asking
) -> None:
    wanted = {"Origin": "https://inspector.example", "Access-Control-Request-Headers": "mcp-protocol-version"}
    answer = await asking.client.options(path, headers=wanted)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "mcp-protocol-version" in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


async def test_pages_that_people_see_are_for_no_other_origin(asking: Asking) -> None:
    answer = await asking.authorize("unknown")
    assert "access-control-allow-origin" not in answer.headers
