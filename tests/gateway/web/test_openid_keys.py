"""What OpenID providers publish is fetched seldom, also where there is nothing good to be had."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from gateway.web.key_sets import KeySets
from gateway.web.openid_keys import OpenIdKeys, ProviderFailed
from integrations.ports import HttpRequest, HttpResponse
from tests.parts.clock import Time

ISSUER = "https://login.example.com"
ENDPOINTS = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}


@dataclass
class Provider:
    """Answers with a status and a document, and counts."""

    status: int = 200
    document: Any = None
    asked: int = 0

    async def send(self, request: HttpRequest) -> HttpResponse:
        assert request.method == "GET"
        self.asked += 1
        body = {"issuer": ISSUER, **ENDPOINTS} if self.document is None else self.document
        return HttpResponse(status=self.status, headers={}, body=json.dumps(body).encode())


def keys_of(provider: Provider, time: Time) -> OpenIdKeys:
    return OpenIdKeys(provider, keys=KeySets(provider, clock=time), clock=time)


@pytest.mark.parametrize("broken", [Provider(status=503), Provider(document={"issuer": "https://other.example"})])
async def test_a_provider_that_fails_is_asked_again_after_half_a_minute(broken: Provider) -> None:
    time = Time()
    keys = keys_of(broken, time)
    said: set[str] = set()
    for _ in range(3):
        with pytest.raises(ProviderFailed) as failed:
            await keys.discover(ISSUER)
        said.add(failed.value.message)
    assert (broken.asked, len(said)) == (1, 1)
    broken.status, broken.document = 200, None
    time.passed += timedelta(seconds=30)
    assert (await keys.discover(ISSUER)).issuer == ISSUER
    assert broken.asked == 2


async def test_a_failure_is_that_of_one_issuer() -> None:
    provider, time = Provider(status=500), Time()
    keys = keys_of(provider, time)
    with pytest.raises(ProviderFailed):
        await keys.discover("https://broken.example")
    provider.status = 200
    assert (await keys.discover(ISSUER)).token_endpoint == ENDPOINTS["token_endpoint"]


async def test_a_document_is_kept_for_ten_minutes() -> None:
    provider, time = Provider(), Time()
    keys = keys_of(provider, time)
    for minutes in (0, 9, 1, 9):
        time.passed += timedelta(minutes=minutes)
        await keys.discover(ISSUER)
    assert provider.asked == 2
