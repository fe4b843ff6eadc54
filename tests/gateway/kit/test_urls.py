import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit.urls import normal_url


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://slack.com", "https://slack.com/"),
        ("HTTPS://Slack.COM:443/api/x", "https://slack.com/api/x"),
        ("http://slack.com:80/", "http://slack.com/"),
        ("https://slack.com:8443/", "https://slack.com:8443/"),
        ("https://slack.com./api", "https://slack.com/api"),
        ("https://slack.com?q=1", "https://slack.com/?q=1"),
        ("https://slack.com/a#secret", "https://slack.com/a"),
        ("https://slack.com/%61pi/%2E%7e", "https://slack.com/api/.~"),
        ("https://slack.com/a%2Fb%3Bc?d=%2C%2B+", "https://slack.com/a%2Fb%3Bc?d=%2C%2B+"),
        ("https://slack.com/a b?q=ü", "https://slack.com/a%20b?q=%C3%BC"),
        ("https://slack.com/?q=a/../b", "https://slack.com/?q=a/../b"),
        ("https://slack.com/.well-known/x", "https://slack.com/.well-known/x"),
        ("https://slack.com/...", "https://slack.com/..."),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://[0:0::0001]/", "http://[::1]/"),
        ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"),
    ],
)
def test_spellings_of_one_place_become_one(written: str, normal: str) -> None:
    url = normal_url(written)
    assert str(url) == normal
    assert normal_url(str(url)) == url


@pytest.mark.parametrize(
    "written",
    [
        "",
        "/path",
        "//slack.com/",
        "slack.com",
        "ftp://slack.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https:/slack.com/",
        "https:///slack.com/",
        "https://user@slack.com/",
        "https://user:secret@slack.com/",
        "https://slack.com@evil.example/",
        "https://slack.com\\@evil.example/",
        "https://slack.com:0/",
        "https://slack.com:99999/",
        "https://slack.com:x/",
        "https://sla%63k.com/",
        "https://sla ck.com/",
        "https://slack..com/",
        "https://.slack.com/",
        "https://" + "a" * 64 + ".com/",
        "https://" + "a." * 130 + "com/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://slack.com/a\r\nHost: evil",
        "https://slack.com/\x00",
        "https://slack.com/\ud800",
        "https://slack.com/../x",
        "https://slack.com/a/%2e%2E/x",
        "https://slack.com/a/.",
        "https://slack.com/a/..?q",
        " https://slack.com/",
    ],
)
def test_what_is_no_url_to_ask_for_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="the URL"):
        normal_url(written)


@given(st.text(min_size=1))
def test_any_text_either_has_one_normal_form_or_is_refused(text: str) -> None:
    for written in (text, f"https://{text}", f"https://slack.com/{text}"):
        try:
            url = normal_url(written)
        except ValueError:
            continue
        assert str(url).isascii()
        assert normal_url(str(url)) == url


@given(st.text(min_size=1))
def test_what_follows_the_host_never_changes_the_host(text: str) -> None:
    try:
        url = normal_url(f"https://slack.com/{text}")
    except ValueError:
        return
    assert url.origin == ("https", "slack.com", 443)
