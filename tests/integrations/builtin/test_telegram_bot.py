"""Each kind of media has a method of its own; the bot's token stands in the address and nowhere else."""

import pytest

from integrations.catalog import Catalog
from integrations.failures import ActionFailed
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json

TELEGRAM = Catalog().get("telegram-bot")
BOT = credentials("bot_token", secret_text="123:abc")


async def test_a_picture_is_sent_by_its_address():
    http = RecordedHttp([json_response({"ok": True, "result": {"message_id": 5}})])
    arguments = {"chat_id": "42", "media_type": "photo", "media": "https://example.com/a.png", "caption": "A"}
    result = await TELEGRAM.actions["send_media"].run(arguments, BOT, ports(http))
    assert http.request.url.endswith("/sendPhoto")
    assert sent_json(http.request) == {"chat_id": "42", "photo": "https://example.com/a.png", "caption": "A"}
    assert result.output["message_id"] == 5


async def test_a_failure_tells_what_telegram_said_and_no_token():
    http = RecordedHttp([json_response({"ok": False, "error_code": 400, "description": "chat not found"}, 400)])
    with pytest.raises(ActionFailed) as failed:
        await TELEGRAM.actions["get_bot_info"].run({}, BOT, ports(http))
    assert "chat not found" in failed.value.message
    assert "abc" not in failed.value.message
    assert "Authorization" not in http.request.headers
