"""Redirect addresses: what may be registered, and what a request may name (security R13, R14)."""

import pytest

from gateway.access.redirect_uris import accept_redirect_uri, is_loopback_redirect, is_registered

ACCEPTED = [
    "https://app.example/cb",
    "https://app.example:8443/cb?x=1",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:3334/oauth/callback",
    "http://localhost:3334/oauth/callback",
    "http://[::1]:9/cb",
    "com.example.app:/oauth",
    "com.example.app://oauth/callback",
    "cursor://anysphere.cursor-mcp/oauth/callback",
]
REFUSED = [
    *("javascript:alert(1)", "javascript://x/%0aalert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"),
    *("JavaScript:alert(1)", "HTTPS://app.example/cb", " https://app.example/cb", "https://app.example/cb\n"),
    *("http://app.example/cb", "http://localhost.evil.example/cb", "http://127.0.0.1.evil.example/cb"),
    *("http://0.0.0.0/cb", "http://127.1/cb", "http://2130706433/cb", "http://[::ffff:127.0.0.1]/cb"),
    *("https://user@app.example/cb", "https://app.example@evil.example/cb", "https://*.app.example/cb"),
    *("https://app.example/cb#fragment", "https://app.example\\@evil.example/", "https:///cb", "https:cb"),
    *("//app.example/cb", "/cb", "", "app.example/cb", "unknown://x", "blob:https://x", "https://app.example/<b>"),
    *("http://[::1].evil.example/cb", "https://[::1]evil.example/cb", "https://app.example%2f.evil.example/cb"),
    *("https://app.example:/cb", "https://app.example;evil.example/cb", "https://[v1.x]/cb"),
    *("https://[::1", "https://app.example:99999/", "com.example.app:", "https://app.example/" + "x" * 2_048),
]


@pytest.mark.parametrize("uri", ACCEPTED)
def test_https_loopback_and_apps_own_schemes_may_be_registered(uri: str) -> None:
    assert accept_redirect_uri(uri) == uri


@pytest.mark.parametrize("uri", REFUSED)
def test_nothing_else_may(uri: str) -> None:
    with pytest.raises(ValueError, match=r"address|host|scheme|http"):
        accept_redirect_uri(uri)


NEARLY = [
    *("https://app.example/cb/", "https://app.example/CB", "https://APP.example/cb", "https://app.example:443/cb"),
    *("https://app.example/%63b", "https://app.example/x/../cb", "https://app.example/./cb", "https://app.example/cb?"),
    *("https://app.example/cb#", "https://app.example/cb?x=1", "https://user@app.example/cb", "http://app.example/cb"),
    *("https://sub.app.example/cb", "https://app.example.evil.example/cb", "https://app.example\\cb", "/cb", ""),
    *("https://app.example:8443/cb", "HTTPS://app.example/cb", "https://app.example//cb", "https://app.example/c"),
]


@pytest.mark.parametrize("uri", NEARLY)
def test_a_request_names_a_registered_address_letter_by_letter(uri: str) -> None:
    assert is_registered("https://app.example/cb", ["https://app.example/cb"])
    assert not is_registered(uri, ["https://app.example/cb"])


def test_on_loopback_only_the_port_may_differ() -> None:
    registered = ["http://127.0.0.1/cb", "http://localhost:3334/oauth/callback", "http://[::1]:1/cb?a=b"]
    for uri in (
        "http://127.0.0.1:50123/cb",
        "http://127.0.0.1/cb",
        "http://localhost:9/oauth/callback",
        "http://localhost/oauth/callback",
        "http://[::1]:65535/cb?a=b",
    ):
        assert is_registered(uri, registered), uri
    for uri in (
        *("http://127.0.0.1:50123/cb/", "http://127.0.0.1:50123/CB", "http://localhost:1/cb", "http://127.0.0.2:1/cb"),
        *(
            "https://127.0.0.1:1/cb",
            "http://127.0.0.1:1@evil.example/cb",
            "http://127.0.0.1:x/cb",
            "http://127.0.0.1:/cb",
        ),
        *("http://localhost.evil.example:1/oauth/callback", "http://[::1]:1/cb", "http://127.0.0.1:123456/cb"),
    ):
        assert not is_registered(uri, registered), uri


def test_what_stays_on_the_persons_machine_is_known() -> None:
    assert is_loopback_redirect("http://localhost:1/cb")
    assert is_loopback_redirect("http://[::1]/cb")
    assert not is_loopback_redirect("https://app.example/cb")
    assert not is_loopback_redirect("http://localhost.evil.example/cb")
