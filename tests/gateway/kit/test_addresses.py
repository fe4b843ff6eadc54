from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.addresses import is_public, literal_address, parse_network, translated, unmapped

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001::200e",
    "2001:200::1",
    "::ffff:8.8.8.8",
]

CLOSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff::7f00:1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2606:4700::1%eth0",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_anybody_can_have_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", CLOSED)
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_private(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert unmapped(address).is_global
        assert not unmapped(address).is_multicast


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_like_the_one_inside(address: IPv4Address) -> None:
    assert is_public(f"::ffff:{address}") == is_public(address)


@given(st.ip_addresses(v=4))
def test_no_other_ipv6_spelling_of_an_ipv4_address_is_public(address: IPv4Address) -> None:
    high, low = divmod(int(address), 0x1_0000)
    for text in (f"::{address}", f"64:ff9b::{address}", f"64:ff9b:1::{address}", f"2002:{high:x}:{low:x}::1"):
        assert not is_public(text)


def test_nat64_shows_the_address_behind_it() -> None:
    assert translated(ip_address("64:ff9b::7f00:1")) == IPv4Address("127.0.0.1")
    assert translated(ip_address("2606:4700::1")) is None


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "127.0.0.01", "1.2.3.4.5"]
)
def test_a_spelling_only_some_libraries_read_as_an_address_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"permitted|[Oo]ctet"):
        literal_address(host)


@pytest.mark.parametrize("host", ["example.com", "127.0.0.1.example.com", "localhost", "a-1", "0x7f.example"])
def test_a_name_is_no_literal_address(host: str) -> None:
    assert literal_address(host) is None


def test_literal_addresses_are_read() -> None:
    assert literal_address("8.8.8.8") == IPv4Address("8.8.8.8")
    assert literal_address("::1") == IPv6Address("::1")


def test_networks_and_single_addresses_are_networks_and_names_are_not() -> None:
    assert str(parse_network("10.0.0.0/8")) == "10.0.0.0/8"
    assert str(parse_network("10.0.0.1")) == "10.0.0.1/32"
    assert str(parse_network("[::1]")) == "::1/128"
    assert parse_network("git.example.com") is None
    with pytest.raises(ValueError, match="host bits"):
        parse_network("10.0.0.1/8")
