"""Claims about the cookie by which connect pages know a browser."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from gateway.kit.cipher import Cipher
from gateway.web.browser import Browsers

CIPHER = Cipher([b"k" * 32])
SAFE, LOCAL = Browsers(cipher=CIPHER, is_https=True), Browsers(cipher=CIPHER, is_https=False)


def bringing(*cookies: bytes) -> Request:
    headers = [(b"cookie", each) for each in cookies]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


def test_under_https_no_other_host_can_set_the_cookie() -> None:
    response = Response()
    SAFE.remember(response, "mine")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-toolgate_connect=mine;")
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "Domain" not in cookie
    assert SAFE.of(bringing(b"a=b; __Host-toolgate_connect=mine; c=d")) == "mine"
    assert SAFE.of(bringing(b"toolgate_connect=planted")) is None


@pytest.mark.parametrize(
    "planted",
    [
        b"\xa0__Host-toolgate_connect=planted",
        b"\x85__Host-toolgate_connect=planted",
        b"\xe2\x80\x80__Host-toolgate_connect=planted",
        b"__Host-toolgate_connect\xa0=planted",
        b"\t__Host-toolgate_connect=planted",
        b"=__Host-toolgate_connect=planted",
        b"__host-toolgate_connect=planted",
        b'"__Host-toolgate_connect"=planted',
    ],
)
def test_a_name_that_only_looks_like_the_cookies_is_not_it(planted: bytes) -> None:
    assert SAFE.of(bringing(planted)) is None
    assert SAFE.of(bringing(b"__Host-toolgate_connect=mine; " + planted)) == "mine"
    assert SAFE.of(bringing(planted, b"__Host-toolgate_connect=mine")) == "mine"


def test_two_of_them_are_none() -> None:
    assert LOCAL.of(bringing(b"toolgate_connect=mine; toolgate_connect=planted")) is None
    assert LOCAL.of(bringing(b"toolgate_connect=mine", b"toolgate_connect=planted")) is None


@pytest.mark.parametrize("value", [b"", b"x" * 101])
def test_what_we_did_not_make_is_no_browser(value: bytes) -> None:
    assert LOCAL.of(bringing(b"toolgate_connect=" + value)) is None
