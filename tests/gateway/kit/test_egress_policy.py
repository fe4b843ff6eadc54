import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.egress_policy import EgressPolicy
from integrations.ports import HttpRefused

OPEN = EgressPolicy()
SLACK = EgressPolicy(
    url_map={
        "https://slack.com/api/": "http://127.0.0.1:4601/api/",
        "https://slack.com/api/files": "http://127.0.0.1:4602/uploads",
        "https://slack.com/oauth/v2/authorize": "http://127.0.0.1:4601/oauth/v2/authorize",
        "https://gitlab.com": "https://git.corp.example/gitlab",
    }
)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("https://slack.com/api/chat.postMessage", "http://127.0.0.1:4601/api/chat.postMessage"),
        ("https://slack.com/api/", "http://127.0.0.1:4601/api/"),
        ("https://slack.com/api/a?b=c", "http://127.0.0.1:4601/api/a?b=c"),
        ("HTTPS://SLACK.com:443/api/a", "http://127.0.0.1:4601/api/a"),
        ("https://slack.com./api/a", "http://127.0.0.1:4601/api/a"),
        ("https://slack.com/%61pi/a", "http://127.0.0.1:4601/api/a"),
        ("https://slack.com/api/%2e/a", None),
        ("https://slack.com/x/../api/a", None),
        ("https://slack.com/api/files", "http://127.0.0.1:4602/uploads"),
        ("https://slack.com/api/files/1", "http://127.0.0.1:4602/uploads/1"),
        ("https://slack.com/api/files?a", "http://127.0.0.1:4602/uploads?a"),
        ("https://slack.com/api/files.list", "http://127.0.0.1:4601/api/files.list"),
        ("https://slack.com/oauth/v2/authorize?client_id=1", "http://127.0.0.1:4601/oauth/v2/authorize?client_id=1"),
        ("https://gitlab.com", "https://git.corp.example/gitlab/"),
        ("https://gitlab.com/api/v4", "https://git.corp.example/gitlab/api/v4"),
        ("https://gitlab.com?x", "https://git.corp.example/gitlab/?x"),
        ("https://slack.com/api", "https://slack.com/api"),
        ("https://slack.com/apiX", "https://slack.com/apiX"),
        ("https://slack.com/API/a", "https://slack.com/API/a"),
        ("https://slack.com.evil.example/api/a", "https://slack.com.evil.example/api/a"),
        ("https://evil.example/https://slack.com/api/a", "https://evil.example/https://slack.com/api/a"),
        ("https://gitlab.community/", "https://gitlab.community/"),
        ("http://slack.com/api/a", None),
        ("https://slack.com:8443/api/a", None),
        ("https://slack.com@evil.example/api/a", None),
    ],
)
def test_the_map_moves_whole_path_segments_of_exactly_its_origin(asked: str, sent: str | None) -> None:
    if sent is None:
        with pytest.raises(HttpRefused):
            SLACK.target(asked)
    else:
        assert SLACK.target(asked).url == sent


@given(st.text(max_size=30))
def test_the_map_touches_nothing_outside_of_its_prefixes(text: str) -> None:
    for asked in (f"https://slack.com{text}", f"https://{text}slack.com/api/", f"https://slack.com/api{text}"):
        try:
            target = SLACK.target(asked)
        except HttpRefused:
            continue
        is_mapped = target.origin.host == "127.0.0.1"
        plain = EgressPolicy().target(asked).url
        assert is_mapped == plain.startswith(("https://slack.com/api/", "https://slack.com/oauth/v2/authorize"))
        if not is_mapped:
            assert target.url == plain


@pytest.mark.parametrize(
    ("prefix", "target", "sent"),
    [
        ("https://a.example/x/", "http://b.example/y", "http://b.example/y/z"),
        ("https://a.example/x", "http://b.example/y/", "http://b.example/y/z"),
        ("https://a.example/x", "http://b.example", "http://b.example/z"),
        ("https://a.example", "http://b.example/x", "http://b.example/x/x/z"),
    ],
)
def test_a_missing_or_extra_slash_in_the_map_is_harmless(prefix: str, target: str, sent: str) -> None:
    assert EgressPolicy(url_map={prefix: target}).target("https://a.example/x/z").url == sent


def test_a_map_target_is_allowed_for_its_host_and_port_alone() -> None:
    assert SLACK.target("http://127.0.0.1:4601/anything").is_direct
    for url in ("http://127.0.0.1:4603/", "http://127.0.0.2:4601/", "http://localhost:4601/"):
        with pytest.raises(HttpRefused):
            SLACK.target(url)


def test_the_browser_is_sent_to_the_mapped_address_too() -> None:
    assert SLACK.mapped("https://slack.com/oauth/v2/authorize?a=b") == "http://127.0.0.1:4601/oauth/v2/authorize?a=b"
    assert SLACK.mapped("http://other.example/x") == "http://other.example/x"


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://127.0.0.1./",
        "https://\uff11\uff12\uff17.0.0.1/",
        "https://0/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1]/",
        "https://[fec0::1]/",
        "https://[fd00:ec2::254]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.100.100.200/",
        "https://10.0.0.1/",
        "https://255.255.255.255/",
        "http://example.com/",
        "https://example.com:22/",
        "https://example.com:80/",
        "http://8.8.8.8/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "https://user:pass@example.com/",
        "example.com",
    ],
)
def test_by_default_only_https_to_public_hosts_goes_out(url: str) -> None:
    with pytest.raises(HttpRefused):
        OPEN.target(url)


@pytest.mark.parametrize("url", ["https://example.com/", "https://8.8.8.8/", "https://[2606:4700:4700::1111]/x"])
def test_public_https_goes_out(url: str) -> None:
    assert OPEN.target(url).url == url


def test_a_listed_name_may_use_any_port_and_plain_http() -> None:
    policy = EgressPolicy(allowed_hosts=("git.corp.example",))
    assert policy.target("http://GIT.corp.example:8080/x").origin.port == 8080
    policy.check_addresses("git.corp.example", 8080, ["10.0.0.1"])
    with pytest.raises(HttpRefused):
        policy.target("http://other.corp.example:8080/")
    with pytest.raises(HttpRefused):
        policy.target("http://sub.git.corp.example/")


def test_a_name_inside_a_listed_network_is_found_when_it_resolves() -> None:
    policy = EgressPolicy(allowed_hosts=("10.1.0.0/16",))
    assert policy.target("http://10.1.2.3:8080/").is_direct
    policy.target("http://git.corp.example:8080/")
    policy.check_addresses("git.corp.example", 8080, ["10.1.2.3"])
    for addresses in (["10.2.0.1"], ["10.1.2.3", "10.2.0.1"], ["8.8.8.8"], ["::ffff:10.2.0.1"]):
        with pytest.raises(HttpRefused):
            policy.check_addresses("git.corp.example", 8080, addresses)
    with pytest.raises(HttpRefused):
        policy.target("http://git.corp.example:443/")


def test_every_address_of_a_name_has_to_be_public() -> None:
    OPEN.check_addresses("api.example", 443, ["8.8.8.8", "2606:4700::1"])
    for addresses in (["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["8.8.8.8", "::1"], ["64:ff9b::7f00:1"]):
        with pytest.raises(HttpRefused):
            OPEN.check_addresses("api.example", 443, addresses)


def test_a_listed_nat64_prefix_opens_only_the_public_addresses_behind_it() -> None:
    policy = EgressPolicy(allowed_hosts=("64:ff9b::/96",))
    policy.check_addresses("api.example", 443, ["64:ff9b::808:808"])
    with pytest.raises(HttpRefused):
        policy.check_addresses("api.example", 443, ["64:ff9b::7f00:1"])


def test_with_a_proxy_only_what_is_listed_is_reached_directly() -> None:
    policy = EgressPolicy(
        allowed_hosts=("git.corp.example", "10.0.0.0/8"),
        url_map={"https://slack.com/api/": "http://127.0.0.1:4601/api/"},
        proxy="http://proxy.corp.example:3128",
    )
    assert not policy.target("https://api.example/").is_direct
    for url in ("http://git.corp.example/", "http://10.1.2.3/", "https://slack.com/api/x"):
        assert policy.target(url).is_direct
    for url in ("https://127.0.0.1/", "http://api.example/", "http://proxy.corp.example:3128/"):
        with pytest.raises(HttpRefused):
            policy.target(url)


@pytest.mark.parametrize(
    "entry", ["", "10.0.0.1/8", "http://a.example", "a.example:80", "a.example/x", "*", "127.1", "a b", "300.1.1.1"]
)
def test_a_malformed_entry_is_refused_and_quoted(entry: str) -> None:
    with pytest.raises(ValueError, match="TOOLGATE_EGRESS_ALLOW") as caught:
        EgressPolicy(allowed_hosts=(entry,))
    assert repr(entry) in str(caught.value)


@pytest.mark.parametrize(
    "url_map",
    [
        {"slack.com": "http://127.0.0.1/"},
        {"https://slack.com/": "127.0.0.1:4601"},
        {"https://slack.com/?a": "http://127.0.0.1/"},
        {"https://slack.com/": "http://user:pw@127.0.0.1/"},
        {"https://slack.com/": "http://127.0.0.1:1/", "https://SLACK.com": "http://127.0.0.1:2/"},
    ],
)
def test_a_malformed_map_is_refused(url_map: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"mapped|prefix"):
        EgressPolicy(url_map=url_map)


def test_a_malformed_proxy_is_refused_without_quoting_its_password() -> None:
    with pytest.raises(ValueError, match="TOOLGATE_EGRESS_PROXY") as caught:
        EgressPolicy(proxy="user:canary@proxy.example:3128")
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(EgressPolicy(proxy="http://user:canary@proxy.example:3128"))
