from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.client_address import trusted_client_address

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
PROXY = "10.0.0.1"


def address(peer: str, *headers: tuple[str, str]) -> str | None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return trusted_client_address({"client": (peer, 1234), "headers": raw}, TRUSTED)


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("1.1.1.1", "1.1.1.1"),
        (" 1.1.1.1 ", "1.1.1.1"),
        ("9.9.9.9, 1.1.1.1", "1.1.1.1"),
        ("9.9.9.9, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("1.1.1.1:4711", "1.1.1.1"),
        ("2606:4700::1", "2606:4700::1"),
        ("[2606:4700::1]:443", "2606:4700::1"),
        ("[2606:4700:0::1]", "2606:4700::1"),
        ("::ffff:1.1.1.1", "1.1.1.1"),
        ("9.9.9.9, ::ffff:10.0.0.2", "9.9.9.9"),
        ("9.9.9.9, unknown, 10.0.0.2", "10.0.0.2"),
        ("9.9.9.9, 999.1.1.1", PROXY),
        ("9.9.9.9,", PROXY),
        ("", PROXY),
        ("<script>", PROXY),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_of_ours_is_the_client(chain: str, client: str) -> None:
    assert address(PROXY, ("x-forwarded-for", chain)) == client
    assert address("9.8.7.6", ("x-forwarded-for", chain)) == "9.8.7.6"


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("for=1.1.1.1", "1.1.1.1"),
        ("for=1.1.1.1;proto=https;by=10.0.0.1", "1.1.1.1"),
        ('proto=https; For="1.1.1.1:80"', "1.1.1.1"),
        ('for="[2606:4700::1]:4711"', "2606:4700::1"),
        ("for=9.9.9.9, for=1.1.1.1, for=10.0.0.2", "1.1.1.1"),
        ('for=9.9.9.9, for=1.1.1.1;host="a,b"', "1.1.1.1"),
        ("for=9.9.9.9, for=_hidden, for=10.0.0.2", "10.0.0.2"),
        ("for=9.9.9.9, for=unknown", PROXY),
        ("for=9.9.9.9, proto=https", PROXY),
        ('for="9.9.9.9', PROXY),
        ("xfor=9.9.9.9", PROXY),
        ("", PROXY),
    ],
)
def test_forwarded_is_read_the_same_way(line: str, client: str) -> None:
    assert address(PROXY, ("forwarded", line)) == client
    assert address("9.8.7.6", ("forwarded", line)) == "9.8.7.6"


def test_several_header_lines_are_one_chain() -> None:
    assert address(PROXY, ("x-forwarded-for", "9.9.9.9"), ("x-forwarded-for", "1.1.1.1, 10.0.0.2")) == "1.1.1.1"


def test_two_headers_that_disagree_are_both_hearsay() -> None:
    agreeing = (("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "9.9.9.9, 1.1.1.1"))
    assert address(PROXY, *agreeing) == "1.1.1.1"
    assert address(PROXY, ("forwarded", "for=9.9.9.9"), ("x-forwarded-for", "1.1.1.1")) == PROXY


def test_a_connection_without_an_address_has_none() -> None:
    assert trusted_client_address({"client": None, "headers": [(b"x-forwarded-for", b"1.1.1.1")]}, TRUSTED) is None
    assert trusted_client_address({"client": ("", 0), "headers": []}, TRUSTED) is None


@given(prefix=st.text(max_size=30).filter(lambda text: text.isascii()), client=st.ip_addresses(v=4))
def test_nothing_a_client_writes_in_front_changes_who_it_is(prefix: str, client: object) -> None:
    expected = address(PROXY, ("x-forwarded-for", f"{client}"))
    if not f"{client}".startswith("10."):
        assert address(PROXY, ("x-forwarded-for", f"{prefix},{client}")) == expected
