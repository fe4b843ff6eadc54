"""The whole way of a program that is given nothing but an endpoint, as plain HTTP: from 401 to a tool's result."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from gateway.kit.mail import Mailbox
from tests.flows.product import open_product
from tests.gateway.oauth.asking import CHALLENGE, REDIRECT, VERIFIER
from tests.gateway.oauth.sign_in_scene import step
from tests.gateway.portal.visiting import Person
from tests.parts.mcp_wire import Wire
from tests.parts.rest import Rest
from tests.parts.served import Served, serving


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as running:
        yield running


@pytest.mark.promise("000-18")
async def test_an_endpoint_is_all_that_a_program_needs_to_call_a_tool_as_the_right_person(served: Served) -> None:
    async with httpx2.AsyncClient(base_url=served.url, trust_env=False, timeout=30) as http:
        product = await open_product(Rest(http))
        await product.add("acme")
        alice = await product.end_user("alice")
        await product.rest.patch(f"/end-users/{alice['id']}", {"email": "alice@corp.example"})
        await product.connect_acme(served.acme, "alice")
        server = await product.server()
        endpoint = server.endpoint

        # 401, and from document to document.
        challenge = (await Wire(http, endpoint).bare("tools/list")).headers["www-authenticate"]
        resource = (await http.get(re.findall(r'resource_metadata="([^"]+)"', challenge)[0])).json()
        assert resource["resource"] == endpoint
        [issuer] = resource["authorization_servers"]
        metadata = (await http.get(f"{issuer}/.well-known/oauth-authorization-server")).json()
        assert metadata["issuer"] == issuer == served.url

        # The program registers, and sends its person.
        said = {"client_name": "Agent", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
        client_id = (await http.post(metadata["registration_endpoint"], json=said)).json()["client_id"]
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "a state",
            "scope": re.findall(r'scope="([^"]+)"', challenge)[0],
            "resource": endpoint,
        }
        told = await _allowed(served, f"{metadata['authorization_endpoint']}?{urlencode(asked)}")
        assert (told["state"], told["iss"]) == ("a state", issuer)

        # Back at the program.
        form = {"grant_type": "authorization_code", "client_id": client_id, "code": told["code"]}
        shown = {"code_verifier": VERIFIER, "redirect_uri": REDIRECT, "resource": endpoint}
        granted = (await http.post(metadata["token_endpoint"], data={**form, **shown})).json()
        result = await Wire(http, endpoint, granted["access_token"]).call("acme__whoami")
        assert result["structuredContent"]["id"] == "alice"

        # On the same server, a token that REST made works as well; the program's own ends at once when it ends it.
        made = Wire(http, endpoint, await product.token(server, "alice"))
        assert (await made.call("acme__whoami"))["structuredContent"]["id"] == "alice"
        await http.post(
            metadata["revocation_endpoint"], data={"client_id": client_id, "token": granted["refresh_token"]}
        )
        ended = await Wire(http, endpoint, granted["access_token"]).bare("tools/list")
        assert ended.status_code == 401
        assert 'error="invalid_token"' in ended.headers["www-authenticate"]


async def _allowed(served: Served, address: str) -> dict[str, str]:
    """Sign in as alice and allow it; returns what the program is told."""
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as http:
        person = Person(http, served.url)
        asks = await person.send(step(await person.open(address), "send"), email="alice@corp.example")
        assert isinstance(served.gateway.mailer, Mailbox)
        [code] = re.findall(r"^ *(\d{6})$", served.gateway.mailer.newest_first[0].mail.text, re.MULTILINE)
        consent = await person.send(step(asks, "code"), code=code)
        left = await person.send(consent.form(f"{served.url}/oauth/consent"), decision="allow")
    assert left.onward is not None
    assert left.onward.startswith(f"{REDIRECT}?")
    return {name: value for name, [value] in parse_qs(urlsplit(left.onward).query).items()}
