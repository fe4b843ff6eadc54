import pytest

from integrations.accounts import ProviderAccount, identify, verify
from integrations.failures import ActionFailed, CredentialsRejected
from integrations.integration import Integration
from integrations.loading import load
from integrations.ports import Json
from integrations.testing import RecordedHttp, credentials, json_response, ports


def acme(auth: str) -> Integration:
    text = f'name: acme\ntitle: Acme\nauth: [{{key: main, {auth}}}]\napi: {{base_url: "https://api.example.com/"}}'
    return Integration(load(text, "acme.yaml"))


OAUTH2 = "type: oauth2, authorize: {url: 'https://e.com/a'}, token: {url: 'https://e.com/t'}"
KEY = credentials("main", secret_text="key", access_token="token")


@pytest.mark.parametrize(
    ("account", "token_answer", "replies", "found"),
    [
        ("{id: /user/id, label: /user/name}", {"user": {"id": 7, "name": "Ann"}}, [], ProviderAccount("7", "Ann")),
        ("{id: /user/id, label: /user/name}", {"user": {"id": "u"}}, [], ProviderAccount("u", "u")),
        ("{id: /user/id, label: /user/name}", {"user": {"name": "Ann"}}, [], None),
        ("{id: /user, label: /user}", {"user": {"id": 1}}, [], None),
        (
            "{id: /id, label: /name}",
            {"id": "u", "name": "Ann\u202e\x00 \r\n  Bob"},
            [],
            ProviderAccount("u", "Ann Bob"),
        ),
        ("{id: /id, label: /name}", {"id": "u", "name": "\x00"}, [], ProviderAccount("u", "u")),
        ("{id: /id, label: /name}", {"id": "u", "name": "x" * 301}, [], ProviderAccount("u", "x" * 300)),
        ("{id: /id, label: /name}", {"id": "u\x00", "name": "Ann"}, [], None),
        ("{id: /id, label: /name}", {"id": "u" * 301, "name": "Ann"}, [], None),
        (
            "{request: {get: me}, id: /id, label: /login}",
            None,
            [{"id": 1, "login": "ann"}],
            ProviderAccount("1", "ann"),
        ),
        (
            "{id: /user_id, label: {request: {get: me}, value: /login}}",
            {"user_id": "U1"},
            [{"login": "ann"}],
            ProviderAccount("U1", "ann"),
        ),
    ],
)
async def test_the_account_is_read_where_the_manifest_says(
    account: str, token_answer: Json, replies: list[Json], found: ProviderAccount | None
):
    http = RecordedHttp([json_response(reply) for reply in replies])
    integration = acme(f"{OAUTH2}, account: {account}")
    assert await identify(integration, KEY, ports(http), token_answer=token_answer) == found
    assert all(request.headers["Authorization"] == "Bearer token" for request in http.requests)


async def test_without_an_account_section_nobody_knows():
    assert await identify(acme("type: secret_text"), KEY, ports(RecordedHttp())) is None


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        ("type: secret_text, verify: {get: check}", "check"),
        ("type: secret_text, account: {request: {get: me}, id: /id, label: /id}", "me"),
    ],
)
async def test_a_credential_is_tried_with_the_harmless_request(auth: str, path: str):
    http = RecordedHttp([json_response({}), json_response({"message": "Revoked"}, 401)])
    assert await verify(acme(auth), KEY, ports(http))
    assert http.request.url == f"https://api.example.com/{path}"
    with pytest.raises(CredentialsRejected, match="Revoked"):
        await verify(acme(auth), KEY, ports(http))


async def test_without_a_harmless_request_nothing_is_known():
    assert not await verify(acme("type: secret_text"), KEY, ports(RecordedHttp()))


async def test_a_method_that_the_manifest_no_longer_has_says_so():
    with pytest.raises(ActionFailed, match="no auth method 'old' any more"):
        await verify(acme("type: secret_text"), credentials("old"), ports(RecordedHttp()))
