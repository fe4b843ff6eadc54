import re
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations import template
from integrations.failures import InvalidInput
from integrations.notation import MISSING

BASE = "https://api.example.com/v1/tenant/"

ATTACKS = {
    "../../admin": "..%2F..%2Fadmin",
    "..%2f..%2fadmin": "..%252f..%252fadmin",
    "%2e%2e%2f": "%252e%252e%252f",
    "%2e%2e": "%252e%252e",
    "a?x=1": "a%3Fx%3D1",
    "a#b": "a%23b",
    "a;b": "a%3Bb",
    "a/b": "a%2Fb",
    "a\\b": "a%5Cb",
    "//evil.example": "%2F%2Fevil.example",
    "https://evil.example/": "https%3A%2F%2Fevil.example%2F",
    "@evil.example": "%40evil.example",
    "a b": "a%20b",
    "a&b=c": "a%26b%3Dc",
    "{other}": "%7Bother%7D",
    "ü": "%C3%BC",
    "...": "...",
}


@pytest.mark.parametrize(("value", "encoded"), ATTACKS.items())
def test_a_path_value_is_one_encoded_segment_whatever_it_holds(value: str, encoded: str):
    assert template.path("items/{id}/parts", {"id": value}) == f"items/{encoded}/parts"


@pytest.mark.parametrize("value", ["", ".", "..", "a\x00b", "a\r\nHost: evil", "a\tb", "\x7f", "\ud800", None, [], {}])
def test_a_path_value_that_could_mean_something_else_is_refused_by_name(value: object):
    with pytest.raises(InvalidInput) as caught:
        template.path("items/{id}", {"id": value})
    assert caught.value.path == "/id"


@pytest.mark.parametrize("path", ["../{a}", "x/../{a}", "./{a}", "x/.."])
def test_a_template_that_climbs_is_refused(path: str):
    with pytest.raises(InvalidInput, match="lead out of its base address"):
        template.path(path, {"a": "b"})


@pytest.mark.parametrize(
    ("value", "segments", "path"),
    [
        ("acme/site", 2, "repos/acme/site/issues"),
        ("docs/a b/ü.md", "any", "repos/docs/a%20b/%C3%BC.md/issues"),
        ("one", "any", "repos/one/issues"),
    ],
)
def test_a_value_may_be_several_segments_where_the_manifest_says_so(value: str, segments: template.Segments, path: str):
    assert template.path("repos/{r}/issues", {"r": value}, {"r": segments}) == path


@pytest.mark.parametrize(
    ("value", "segments"),
    [
        ("acme", 2),
        ("a/b/c", 2),
        ("a/..", 2),
        ("../b", 2),
        ("a//b", "any"),
        ("/etc", "any"),
        ("a/", 2),
        ("a/./b", "any"),
    ],
)
def test_the_number_of_segments_is_exact_and_none_is_empty_or_dots(value: str, segments: template.Segments):
    with pytest.raises(InvalidInput):
        template.path("repos/{r}", {"r": value}, {"r": segments})


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(), min_size=3))
def test_no_values_ever_lead_out_of_the_base_address(values: dict[str, str]):
    try:
        url = template.below(BASE, template.path("x/{a}/{b}.{c}", values))
    except InvalidInput:
        return
    split = urlsplit(url)
    segments = split.path.removeprefix("/v1/tenant/").split("/")
    assert (split.scheme, split.netloc, split.query, split.fragment) == ("https", "api.example.com", "", "")
    assert split.path.startswith("/v1/tenant/x/")
    assert len(segments) == 3
    assert not {".", ".."} & {*segments}
    assert unquote(segments[1]) == values["a"]
    assert re.fullmatch(r"[\x21-\x7e]*", url)


@given(st.text(), st.sampled_from([2, "any"]))
def test_no_many_segmented_value_leads_out_of_the_base_address(value: str, segments: template.Segments):
    try:
        url = template.below(BASE, template.path("x/{a}", {"a": value}, {"a": segments}))
    except InvalidInput:
        return
    pieces = urlsplit(url).path.removeprefix("/v1/tenant/x/").split("/")
    assert "/".join(map(unquote, pieces)) == value
    assert not {"", ".", ".."} & {*pieces}


@pytest.mark.parametrize(
    ("relative", "url"),
    [
        ("", "https://api.example.com/graphql"),
        ("a/b", "https://api.example.com/graphql/a/b"),
    ],
)
def test_an_empty_path_is_the_base_address_itself(relative: str, url: str):
    assert template.below("https://api.example.com/graphql", relative) == url


@pytest.mark.parametrize("relative", ["a?b=c", "a#b", "a\\b"])
def test_a_relative_address_with_a_query_or_a_fragment_is_refused(relative: str):
    with pytest.raises(InvalidInput, match="another address"):
        template.below(BASE, relative)


@pytest.mark.parametrize(
    ("pattern", "values", "url"),
    [
        ("https://{sub}.example.com/api/", {"sub": "acme"}, "https://acme.example.com/api/"),
        ("https://{host}/api/", {"host": "git.acme.example:8443"}, "https://git.acme.example:8443/api/"),
        ("{base}/services/", {"base": "https://na1.example.com/"}, "https://na1.example.com/services/"),
        ("{base}/services/", {"base": "https://na1.example.com/jira"}, "https://na1.example.com/jira/services/"),
        ("https://api.example.com/{tenant}/", {"tenant": "a/b"}, "https://api.example.com/a%2Fb/"),
    ],
)
def test_an_address_takes_the_values_of_a_connection(pattern: str, values: dict[str, str], url: str):
    assert template.address(pattern, values) == url


@pytest.mark.parametrize(
    ("pattern", "value"),
    [
        ("https://{x}.example.com/", "evil.test/"),
        ("https://{x}.example.com/", "evil.test?"),
        ("https://{x}.example.com/", "evil.test#"),
        ("https://{x}.example.com/", "user:pass@evil.test"),
        ("https://{x}.example.com/", "evil.test:443"),
        ("https://{x}.example.com/", "evil.test\\"),
        ("https://{x}.example.com/", "a..b"),
        ("https://{x}.example.com/", "-a"),
        ("https://{x}.example.com/", "a\nb"),
        ("https://{x}/", ""),
        ("{x}/api", "http://plain.example.com"),
        ("{x}/api", "https://user@evil.test"),
        ("{x}/api", "https://evil.test?x="),
        ("{x}/api", "https://evil.test/../x"),
        ("{x}/api", "https://evil.test/%2e%2e"),
        ("{x}/api", "file:///etc/passwd"),
        ("{x}/api", "//evil.test"),
        ("https://example.com/{x}/", ".."),
    ],
)
def test_a_value_that_would_change_the_host_is_refused(pattern: str, value: str):
    with pytest.raises(InvalidInput):
        template.address(pattern, {"x": value})


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://na1.salesforce.com", True),
        ("https://a.b.SALESFORCE.com", True),
        ("https://salesforce.com.evil.test", False),
        ("https://evilsalesforce.com", False),
    ],
)
def test_a_variable_host_is_held_to_the_listed_ones(url: str, is_allowed: bool):
    try:
        template.address("{url}/x", {"url": url}, ("*.salesforce.com",))
    except InvalidInput:
        assert not is_allowed
    else:
        assert is_allowed


@pytest.mark.parametrize("value", ["a\r\nX-Admin: 1", "a\nb", "a\x00b", "naïve"])
def test_a_header_value_that_could_split_the_header_is_refused(value: str):
    with pytest.raises(InvalidInput):
        template.header("Bearer {t}", {"t": value}, "t")


def test_json_keeps_types_and_leaves_out_what_is_absent():
    filled = template.json_value(
        {
            "title": "{title}",
            "count": "{count}",
            "text": "Re: {title}",
            "gone": "{absent}",
            "nested": {"only": "{absent}"},
            "list": ["{title}", "{absent}"],
            "fixed": [1, True, None, "{{literal}}"],
            "empty": {},
        },
        {"title": "Hi", "count": 3},
    )
    assert filled == {
        "title": "Hi",
        "count": 3,
        "text": "Re: Hi",
        "list": ["Hi"],
        "fixed": [1, True, None, "{literal}"],
        "empty": {},
    }


def test_a_given_null_is_sent_as_null():
    assert template.json_value({"due": "{due}"}, {"due": None}) == {"due": None}
    assert template.json_value("{due}", {}) is MISSING


def test_a_query_repeats_lists_writes_booleans_and_leaves_out_nulls():
    encoded = template.encoded_pairs([("q", "a b&c"), ("label", ["x", "y"]), ("all", True), ("n", 2.0), ("no", None)])
    assert encoded == "q=a%20b%26c&label=x&label=y&all=true&n=2"


def test_what_is_nested_stands_in_brackets():
    items = [{"price": "p1", "tags": ["x", "y"]}, {"price": "p2", "note": None}]
    pairs = template.encoded_pairs([("address", {"city": "Paris"}), ("items", items), ("rows", [[1, 2], [3]])])
    assert parse_qsl(pairs) == [
        ("address[city]", "Paris"),
        ("items[0][price]", "p1"),
        ("items[0][tags]", "x"),
        ("items[0][tags]", "y"),
        ("items[1][price]", "p2"),
        ("rows[0]", "1"),
        ("rows[0]", "2"),
        ("rows[1]", "3"),
    ]


@pytest.mark.parametrize("value", [["\ud800"], {"\ud800": 1}])
def test_what_a_query_cannot_hold_is_refused(value: object):
    with pytest.raises(InvalidInput):
        template.encoded_pairs([("q", value)])
