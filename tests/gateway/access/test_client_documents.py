"""Client ID Metadata Documents, fetched from servers that lie, drip, redirect and point inward (security R15)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from gateway.access.client_documents import ClientDocuments, is_document_address
from gateway.access.oauth_errors import ClientOutOfReach, OAuthError, UnknownClient
from integrations.ports import HttpRefused, HttpRequest, HttpResponse, HttpTimedOut, HttpTooLarge, HttpUnreachable
from tests.parts.clock import Time

ADDRESS = "https://agent.example/client.json"
DOCUMENT: dict[str, Any] = {
    "client_id": ADDRESS,
    "client_name": "Agent",
    "redirect_uris": ["http://127.0.0.1/callback", "https://agent.example/callback"],
}


class Web:
    """Answers every request with what a test says, and counts them."""

    def __init__(self, answer: Callable[[], HttpResponse]) -> None:
        self.answer = answer
        self.asked: list[HttpRequest] = []

    async def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request)
        return self.answer()


def serving(document: Any = DOCUMENT, *, status: int = 200, **headers: str) -> Web:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    told = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Web(lambda: HttpResponse(status, told, body))


def failing(error: Exception) -> Web:
    def answer() -> HttpResponse:
        raise error

    return Web(answer)


async def test_a_client_is_what_its_document_says() -> None:
    web = serving({**DOCUMENT, "scope": "mcp:tools", "unknown": {"x": 1}, "client_uri": "https://agent.example"})
    found = await ClientDocuments(web, clock=Time()).get(ADDRESS)
    assert (found.display_name, found.auth_method) == ("Agent", "none")
    assert found.redirect_uris == DOCUMENT["redirect_uris"]
    [asked] = web.asked
    assert (asked.method, asked.url, asked.max_response_bytes, asked.timeout_seconds) == ("GET", ADDRESS, 5 * 1024, 3.0)


@pytest.mark.parametrize(
    "web",
    [
        serving({**DOCUMENT, "client_id": ADDRESS + "/"}),
        serving({**DOCUMENT, "client_id": "https://other.example/client.json"}),
        serving({name: value for name, value in DOCUMENT.items() if name != "client_id"}),
        serving({name: value for name, value in DOCUMENT.items() if name != "client_name"}),
        serving({**DOCUMENT, "redirect_uris": []}),
        serving({**DOCUMENT, "redirect_uris": ["javascript:alert(1)"]}),
        serving({**DOCUMENT, "redirect_uris": "https://agent.example/callback"}),
        serving({**DOCUMENT, "redirect_uris": [f"https://agent.example/{n}" for n in range(11)]}),
        serving({**DOCUMENT, "token_endpoint_auth_method": "client_secret_basic"}),
        serving({**DOCUMENT, "token_endpoint_auth_method": "private_key_jwt"}),
        serving({**DOCUMENT, "client_secret": "shh"}),
        serving({**DOCUMENT, "jwks_uri": "http://agent.example/keys"}),
        serving([DOCUMENT]),
        serving(b"<html>"),
        serving(b'{"client_id": "a", "client_id": "b"}'),
        serving(DOCUMENT, status=404),
        serving(DOCUMENT, status=302, location="https://other.example/"),
        serving(DOCUMENT, content_type="text/html"),
        failing(HttpRefused("the address is private")),
        failing(HttpTimedOut("no answer within 3 s")),
        failing(HttpTooLarge("more than 5120 bytes")),
    ],
)
async def test_a_document_that_is_not_right_in_every_point_makes_no_client_and_is_not_kept(web: Web) -> None:
    documents = ClientDocuments(web, clock=Time())
    for _ in range(2):
        with pytest.raises((UnknownClient, ClientOutOfReach), match="client_id"):
            await documents.get(ADDRESS)
    assert len(web.asked) == 2


async def test_a_document_is_kept_as_long_as_its_headers_say_within_bounds() -> None:
    for control, kept, asked_again in (
        ("max-age=3600", 3_590, 3_610),
        ("public, max-age=0", 50, 70),
        ("no-store", 50, 70),
        ("max-age=999999999", 86_000, 86_500),
        ("", 590, 610),
    ):
        web, time = serving(DOCUMENT, cache_control=control), Time()
        documents = ClientDocuments(web, clock=time)
        await documents.get(ADDRESS)
        time.passed += timedelta(seconds=kept)
        await documents.get(ADDRESS)
        assert len(web.asked) == 1, control
        time.passed = timedelta(seconds=asked_again)
        await documents.get(ADDRESS)
        assert len(web.asked) == 2, control


async def test_one_host_is_not_asked_again_and_again() -> None:
    web = serving(DOCUMENT)
    documents = ClientDocuments(web, clock=Time())
    for number in range(60):
        spelled = "agent.EXAMPLE" if number % 2 else "agent.example:443"
        with pytest.raises(UnknownClient):
            await documents.get(f"https://{spelled}/{number}")
    with pytest.raises(ClientOutOfReach, match="too often"):
        await documents.get(ADDRESS)
    assert len(web.asked) == 60


async def test_whoever_makes_up_addresses_is_in_the_way_of_no_client_that_is_known() -> None:
    web, time = serving(DOCUMENT, cache_control="max-age=60"), Time()
    documents = ClientDocuments(web, clock=time)
    await documents.get(ADDRESS)
    time.passed += timedelta(seconds=61)
    for number in range(70):
        with pytest.raises(OAuthError):
            await documents.get(f"https://agent.example/{number}")
    assert (await documents.get(ADDRESS)).display_name == "Agent"


@pytest.mark.parametrize("trouble", [HttpUnreachable("no route"), HttpTimedOut("slow"), 500, 503, 429])
async def test_an_outage_of_its_host_does_not_cut_a_client_off_for_a_day(trouble: Exception | int) -> None:
    web, time = serving(DOCUMENT), Time()
    documents = ClientDocuments(web, clock=time)
    await documents.get(ADDRESS)
    broken = serving(DOCUMENT, status=trouble) if isinstance(trouble, int) else failing(trouble)
    web.answer = broken.answer
    time.passed = timedelta(hours=23)
    assert (await documents.get(ADDRESS)).display_name == "Agent"
    time.passed = timedelta(hours=24, minutes=2)
    with pytest.raises(ClientOutOfReach):
        await documents.get(ADDRESS)


@pytest.mark.parametrize(
    "gone", [serving(DOCUMENT, status=404), serving({**DOCUMENT, "client_id": "https://b.example/"})]
)
async def test_a_document_that_is_gone_or_another_ends_its_client_as_soon_as_it_is_looked_at(gone: Web) -> None:
    web, time = serving(DOCUMENT), Time()
    documents = ClientDocuments(web, clock=time)
    await documents.get(ADDRESS)
    web.answer = gone.answer
    time.passed = timedelta(minutes=11)
    for _ in range(2):
        with pytest.raises(UnknownClient):
            await documents.get(ADDRESS)


def test_only_https_addresses_with_a_plain_path_name_documents() -> None:
    for address in (ADDRESS, "https://claude.ai/oauth/claude-code-client-metadata", "https://a.example:8443/c?v=1"):
        assert is_document_address(address)
    for other in (
        *("http://agent.example/client.json", "https://agent.example", "https://agent.example/", "client.json"),
        *("https://user@agent.example/c", "https://agent.example/c#x", "https://agent.example/a/../c"),
        *("https://agent.example/./c", "https://agent.example/c d", "https://agent.example\\c", "https:///c"),
        "https://agent.example/" + "c" * 2_048,
    ):
        assert not is_document_address(other), other
