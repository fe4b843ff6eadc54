import pytest

from gateway.kit.egress_headers import request_headers
from integrations.ports import HttpRefused


def test_names_become_lower_case_and_defaults_fill_the_gaps() -> None:
    headers = request_headers(
        {"X-A": "1", "User-Agent": "me"}, defaults={"user-agent": "us", "accept-encoding": "gzip"}
    )
    assert headers == {"x-a": "1", "user-agent": "me", "accept-encoding": "gzip"}


def test_the_accepted_encoding_is_ours() -> None:
    assert request_headers({"Accept-Encoding": "br"}, defaults={"accept-encoding": "gzip"})["accept-encoding"] == "gzip"


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\x00b", "a\x7f", "\x0b", "\ud800"])
def test_control_characters_in_a_value_are_refused_and_not_quoted(value: str) -> None:
    with pytest.raises(HttpRefused) as caught:
        request_headers({"X-A": f"canary{value}"}, defaults={})
    assert "canary" not in caught.value.message


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "a\x00", "ä", "a(b)"])
def test_a_malformed_name_is_refused(name: str) -> None:
    with pytest.raises(HttpRefused):
        request_headers({name: "x"}, defaults={})


@pytest.mark.parametrize(
    "name",
    ["Host", "Content-Length", "Transfer-Encoding", "CONNECTION", "Upgrade", "TE", "Expect", "Proxy-Authorization"],
)
def test_a_header_that_frames_or_routes_the_request_is_not_the_callers(name: str) -> None:
    with pytest.raises(HttpRefused, match=name.lower()):
        request_headers({name: "x"}, defaults={})


def test_the_same_header_twice_is_refused() -> None:
    with pytest.raises(HttpRefused, match="twice"):
        request_headers({"Authorization": "a", "authorization": "b"}, defaults={})


def test_tabs_and_text_beyond_ascii_are_allowed_in_values() -> None:
    assert request_headers({"x-a": "ü\tb"}, defaults={}) == {"x-a": "ü\tb"}
