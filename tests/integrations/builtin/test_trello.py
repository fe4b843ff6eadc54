"""Cards and people of Trello come from one of two places, one of which has to be named."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports

TRELLO = Catalog().get("trello")
TOKEN = credentials("token", api_key="0" * 32, token="t")


@pytest.mark.parametrize(
    ("action", "arguments", "path"),
    [
        ("list_cards", {"boardId": "b"}, "/1/boards/b/cards"),
        ("list_cards", {"boardId": "b", "listId": "l"}, "/1/lists/l/cards"),
        ("list_members", {"boardId": "b", "cardId": "c"}, "/1/cards/c/members"),
        ("list_members", {"boardId": "b"}, "/1/boards/b/members"),
    ],
)
async def test_the_narrower_place_counts(action: str, arguments: dict[str, str], path: str):
    http = RecordedHttp([json_response([])])
    await TRELLO.actions[action].run(arguments, TOKEN, ports(http))
    assert http.request.url.partition("?")[0] == f"https://api.trello.com{path}"
    assert http.request.headers["Authorization"] == f'OAuth oauth_consumer_key="{"0" * 32}", oauth_token="t"'


@pytest.mark.parametrize("action", ["list_cards", "list_members"])
async def test_no_place_is_refused(action: str):
    with pytest.raises(InvalidInput):
        await TRELLO.actions[action].run({}, TOKEN, ports(RecordedHttp()))
