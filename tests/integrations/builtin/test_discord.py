"""A channel is changed in the server that was named, and nobody is mentioned by accident."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput, NotFound
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

DISCORD = Catalog().get("discord")
BOT = credentials("bot_token", secret_text="bot1")


async def test_a_message_can_mention_people_and_roles_but_not_everyone():
    http = RecordedHttp([json_response({"id": "9"})])
    arguments = {"guild_id": "1", "channel_id": "2", "content": "@everyone", "file_urls": ["https://example.com/a.pdf"]}
    await DISCORD.actions["send_channel_message"].run(arguments, BOT, ports(http))
    assert sent_json(http.request) == {
        "allowed_mentions": {"parse": ["users", "roles"]},
        "content": "@everyone\nhttps://example.com/a.pdf",
    }
    assert http.request.headers["Authorization"] == "Bot bot1"


async def test_an_empty_message_is_refused():
    http = RecordedHttp()
    with pytest.raises(InvalidInput):
        await DISCORD.actions["send_channel_message"].run({"guild_id": "1", "channel_id": "2"}, BOT, ports(http))
    assert http.requests == []


@pytest.mark.parametrize("action", ["delete_channel", "rename_channel"])
async def test_a_channel_of_another_server_is_left_alone(action: str):
    http = RecordedHttp([json_response({"id": "2", "guild_id": "7"})])
    named = {"name": "x"} if action == "rename_channel" else {}
    with pytest.raises(NotFound):
        await DISCORD.actions[action].run({"guild_id": "1", "channel_id": "2", **named}, BOT, ports(http))
    assert [request.method for request in http.requests] == ["GET"]


async def test_channels_are_found_by_part_of_their_name_or_by_all_of_it():
    channels = [{"id": "1", "name": "launch"}, {"id": "2", "name": "launch-party"}]
    for exact, expected in ((False, ["1", "2"]), (True, ["1"])):
        http = RecordedHttp([json_response(channels)])
        arguments = {"guild_id": "1", "name": "#Launch", "exact_match": exact}
        found = await DISCORD.actions["find_channel"].run(arguments, BOT, ports(http))
        assert [each["id"] for each in found.output] == expected
