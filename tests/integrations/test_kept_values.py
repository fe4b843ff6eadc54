"""One of several things that a token opens is chosen by what was entered, and never by chance."""

from typing import Any

import pytest

from integrations.auth_methods import OAuth2
from integrations.checking import check_manifest
from integrations.failures import CredentialsRejected
from integrations.kept_values import NotOne, fetch_kept, the_one
from integrations.loading import load, parse
from integrations.manifest import Manifest
from integrations.ports import Credentials
from integrations.testing import RecordedHttp, json_response, ports
from integrations.yaml_source import read_yaml

HARBOR = """
name: harbor
title: Harbor
auth:
  - key: main
    type: oauth2
    authorize: {url: "https://id.harbor.example/authorize"}
    token: {url: "https://id.harbor.example/token"}
    inputs: {site: {title: Site, pattern: "[a-z]+", optional: true}}
    keep_from_request:
      base_url: https://id.harbor.example/
      request: {get: sites}
      items: /sites
      where: {/url: "https://{site}.harbor.example", /may: read}
      label: /url
      values: {site_id: /id}
    base_url: https://api.harbor.example/{site_id}/
    account: {request: {get: me}, id: /id, label: /id}
api: {base_url: "https://api.harbor.example/"}
"""


def site(name: str, *, may: Any = ("read", "write"), **changed: Any) -> dict[str, Any]:
    may = list(may) if isinstance(may, tuple) else may
    return {"id": f"{name}-1", "url": f"https://{name}.harbor.example", "may": may, **changed}


def manifest(text: str = HARBOR) -> Manifest:
    return load(text, "harbor.yaml")


def chosen(candidates: list[Any], **entered: str) -> Any:
    method = manifest().auth[0]
    assert isinstance(method, OAuth2)
    assert method.keep_from_request is not None
    return the_one(method, method.keep_from_request, candidates, entered)


@pytest.mark.parametrize(
    ("candidates", "entered"),
    [
        ([site("north")], {}),
        ([site("north"), site("south")], {"site": "north"}),
        ([site("north"), site("south", may=("bill",))], {}),
        ([site("north"), site("south", may="bill")], {}),
        ([site("north", may="read")], {}),
        ([site("north"), site("north", avatar="other")], {}),
        ([site("north"), site("south", id=None), site("west", id=["x"]), "east", None], {}),
    ],
)
def test_the_one_that_fits_is_kept(candidates: list[Any], entered: dict[str, str]) -> None:
    assert chosen(candidates, **entered) == {"site_id": "north-1"}


@pytest.mark.parametrize(
    ("candidates", "entered", "message"),
    [
        (
            [site("north"), site("south")],
            {},
            "there are several that could be meant (https://north.harbor.example, https://south.harbor.example), "
            "so please enter which one: Site",
        ),
        (
            [site("north"), site("south", may=("bill",))],
            {"site": "south"},
            "what was entered is none of those that it opens (https://north.harbor.example)",
        ),
        ([], {"site": "north"}, "there is nothing that could be used with it"),
        ([site("north", may=("bill",))], {}, "there is nothing that could be used with it"),
    ],
)
def test_none_and_several_are_told_as_a_sentence(candidates: list[Any], entered: dict[str, str], message: str) -> None:
    with pytest.raises(NotOne) as refused:
        chosen(candidates, **entered)
    assert refused.value.message == message


def test_a_long_list_of_odd_names_is_told_in_bounds_and_on_one_line() -> None:
    with pytest.raises(NotOne) as refused:
        chosen([site(f"s{number}", url=f"\u202e\n{number}" + "x" * 1000) for number in range(100)])
    assert refused.value.message.isprintable()
    assert len(refused.value.message) < 600


async def test_it_is_asked_with_the_new_token_at_its_own_address() -> None:
    http = RecordedHttp([json_response({"sites": [site("north")]})])
    kept = await fetch_kept(manifest(), Credentials("main", {"access_token": "token"}), ports(http))
    assert kept == {"site_id": "north-1"}
    assert http.request.url == "https://id.harbor.example/sites"
    assert http.request.headers["Authorization"] == "Bearer token"


async def test_what_the_connection_has_is_not_asked_for() -> None:
    values = {"access_token": "token", "site_id": "south-1"}
    assert await fetch_kept(manifest(), Credentials("main", values), ports(RecordedHttp())) == {}


@pytest.mark.parametrize("answer", [{}, {"sites": None}, {"sites": {"id": "north-1"}}, "sites", None])
async def test_an_answer_without_a_list_holds_nothing(answer: Any) -> None:
    with pytest.raises(NotOne, match="nothing that could be used"):
        await fetch_kept(
            manifest(), Credentials("main", {"access_token": "token"}), ports(RecordedHttp([json_response(answer)]))
        )


async def test_a_refused_token_is_told_as_that() -> None:
    http = RecordedHttp([json_response({}, 401)])
    with pytest.raises(CredentialsRejected):
        await fetch_kept(manifest(), Credentials("main", {"access_token": "token"}), ports(http))


async def test_without_a_list_the_answer_itself_is_meant() -> None:
    text = HARBOR.replace("      items: /sites\n", "").replace(
        '      where: {/url: "https://{site}.harbor.example", /may: read}\n', ""
    )
    http = RecordedHttp([json_response({"id": "north-1"})])
    kept = await fetch_kept(manifest(text), Credentials("main", {"access_token": "token"}), ports(http))
    assert kept == {"site_id": "north-1"}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("https://{site}.harbor.example", "{other}", "nothing fills {other}"),
        ("{get: sites}", '{get: "sites/{site_id}"}', "nothing fills {site_id}"),
        ("      items: /sites\n", "", "`items` must say where it stands"),
        ("base_url: https://id.harbor.example/\n", "base_url: http://id.harbor.example/\n", "must be https"),
        ("https://api.harbor.example/{site_id}/", "https://{site_id}.harbor.example/", "`api.hosts` must say"),
        (
            "      base_url: https://id.harbor.example/\n",
            "",
            "needs a `base_url` of its own",
        ),
    ],
)
def test_the_checker_names_what_cannot_work(before: str, after: str, message: str) -> None:
    assert before in HARBOR
    source = read_yaml(HARBOR.replace(before, after, 1), "harbor.yaml")
    assert any(message in str(problem) for problem in check_manifest(source, parse(source)))


def test_the_checker_has_nothing_against_what_can() -> None:
    source = read_yaml(HARBOR, "harbor.yaml")
    assert check_manifest(source, parse(source)) == []
