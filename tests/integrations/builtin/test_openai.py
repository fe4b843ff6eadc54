from base64 import b64encode
from typing import Any

import pytest

from integrations.action import ActionResult
from integrations.catalog import Catalog
from integrations.failures import ActionFailed, PermissionMissing
from integrations.ports import HttpResponse, Json
from integrations.testing import RecordedHttp, credentials, json_response, ports

KEY = credentials("api_key", secret_text="sk-key")


async def run(name: str, reply: HttpResponse, **arguments: Any) -> ActionResult:
    return await Catalog().get("openai").actions[name].run(arguments, KEY, ports(RecordedHttp([reply])))


def answered(content: str | None, finish_reason: str = "stop") -> HttpResponse:
    choice: Json = {"message": {"role": "assistant", "content": content}, "finish_reason": finish_reason}
    return json_response({"model": "gpt-5-mini", "choices": [choice], "usage": {"total_tokens": 9}})


async def test_an_answer_in_json_is_handed_on_as_json():
    result = await run("ask_json", answered('{"capitals": ["Rome"]}'), model="gpt-5-mini", prompt="Capitals?")
    assert result.output["json"] == {"capitals": ["Rome"]}


@pytest.mark.parametrize(
    ("reply", "why"), [(answered('{"capi', "length"), "ran out of tokens"), (answered(None), "something else")]
)
async def test_an_answer_that_is_no_json_is_a_failure_that_says_why(reply: HttpResponse, why: str):
    with pytest.raises(ActionFailed, match=why):
        await run("ask_json", reply, model="gpt-5-mini", prompt="Capitals?")


async def test_images_come_back_as_files_of_the_kind_that_they_are():
    image = {"b64_json": b64encode(b"WEBP").decode()}
    reply = json_response({"data": [image, image], "output_format": "webp"})
    result = await run("generate_image", reply, prompt="Tea", n=2)
    assert [(file.name, file.mime_type, file.content) for file in result.attachments] == [
        ("image-1.webp", "image/webp", b"WEBP"),
        ("image-2.webp", "image/webp", b"WEBP"),
    ]


async def test_of_a_response_the_text_is_told_and_not_the_reasoning():
    output = [
        {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "Rome"}, {"type": "refusal", "refusal": "x"}]},
    ]
    reply = json_response({"id": "resp_1", "status": "completed", "output": output})
    result = await run("create_response", reply, model="gpt-5-mini", input="Capital?")
    assert (result.output["id"], result.output["text"]) == ("resp_1", "Rome")


async def test_credit_that_is_used_up_is_nothing_that_waiting_helps():
    refused = json_response({"error": {"code": "insufficient_quota", "message": "You exceeded your quota."}}, 429)
    with pytest.raises(PermissionMissing, match="quota"):
        await run("chat_completion", refused, model="gpt-5-mini", messages=[{"role": "user", "content": "Hi"}])
