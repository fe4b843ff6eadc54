"""Claims about what prompts and resources of remote servers are called here."""

from typing import Any

import pytest

from gateway.mcp.remote_names import RemoteNames

DOCS = RemoteNames("my-docs", "Docs", is_bare=False)
BARE = RemoteNames("my-docs", "Docs", is_bare=True)


def test_a_prompt_is_called_by_alias_and_name_and_found_by_it() -> None:
    assert DOCS.outer_item({"name": "sum-up", "title": "Sum up"}) == {"name": "my_docs__sum-up", "title": "Sum up"}
    assert DOCS.inner_name("my_docs__sum-up") == "sum-up"
    assert DOCS.inner_name("other__sum-up") is None
    assert BARE.outer_item({"name": "sum-up"}) == {"name": "sum-up"}
    assert BARE.inner_name("sum-up") == "sum-up"


def test_a_resource_keeps_its_name_and_gets_the_alias_into_its_scheme() -> None:
    item = {"name": "page", "uri": "notion://pages/1?a=b#c"}

    assert DOCS.outer_item(item) == {"name": "page", "uri": "my-docs+notion://pages/1?a=b#c"}
    assert DOCS.inner_uri("my-docs+notion://pages/1?a=b#c") == "notion://pages/1?a=b#c"
    assert DOCS.outer_item({"name": "t", "uriTemplate": "a://{id}"})["uriTemplate"] == "my-docs+a://{id}"
    assert DOCS.inner_uri("docs+notion://pages/1") is None


@pytest.mark.parametrize(("one", "other"), [("a", "a-b"), ("a-b", "ab"), ("1st", "x-1st"), ("a_b", "a-b-c")])
def test_two_aliases_never_share_a_scheme(one: str, other: str) -> None:
    first, second = (RemoteNames(alias, alias, is_bare=False) for alias in (one, other))

    assert second.inner_uri(f"{first.scheme}u://x") is None
    assert first.inner_uri(f"{second.scheme}u://x") is None


@pytest.mark.parametrize("alias", ["docs", "my_docs", "1password", "a-b-c"])
def test_a_scheme_is_one_by_the_rfc(alias: str) -> None:
    scheme = RemoteNames(alias, alias, is_bare=False).scheme + "https"

    assert scheme[0].isalpha()
    assert all(each.isalnum() or each in "+-." for each in scheme)


def test_addresses_in_results_can_be_read_here() -> None:
    link = {"type": "resource_link", "uri": "a://1", "name": "one"}
    embedded = {"type": "resource", "resource": {"uri": "a://2", "text": "two"}}
    told = DOCS.outer_result(
        {
            "content": [link, embedded, {"type": "text", "text": "a://3"}],
            "contents": [{"uri": "a://4", "text": "four"}],
            "messages": [{"role": "user", "content": embedded}],
        }
    )

    assert told["content"][0]["uri"] == "my-docs+a://1"
    assert told["content"][1]["resource"] == {"uri": "my-docs+a://2", "text": "two"}
    assert told["content"][2]["text"] == "a://3"
    assert told["contents"][0]["uri"] == "my-docs+a://4"
    assert told["messages"][0]["content"]["resource"]["uri"] == "my-docs+a://2"
    assert BARE.outer_result({"content": [link]}) == {"content": [link]}


@pytest.mark.parametrize(
    "odd",
    [
        {"content": "text"},
        {"content": [None, 5, "x", {"type": "resource"}, {"type": "resource", "resource": 5}]},
        {"contents": [None, {"uri": 5}]},
        {"messages": [None, {"content": None}, {"content": [1]}]},
    ],
)
def test_odd_answers_stay_as_they_are(odd: dict[str, Any]) -> None:
    assert DOCS.outer_result(odd).keys() == odd.keys()
