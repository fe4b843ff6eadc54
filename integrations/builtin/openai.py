"""What the openai manifest can't say: conversations put together, answers taken apart, files both ways."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Final

import orjson

from integrations.action import ActionCall, ActionResult, Attachment
from integrations.builtin.mail_files import MEDIA_TYPES, given_file
from integrations.failures import ActionFailed
from integrations.form_data import FormFile, form_data
from integrations.ports import Json

MAX_SOUND: Final = 20 * 1024 * 1024


async def chat_completion(call: ActionCall) -> Json:
    """Continue a conversation."""
    system = call.arguments.get("system_message")
    return await _complete(call, [*_said("system", system), *call.arguments["messages"]])


async def ask_json(call: ActionCall) -> Json:
    """Ask for one JSON object. The models want to hear the word JSON where they may say nothing else."""
    told = ["Answer with one JSON object and nothing else."]
    if call.arguments.get("schema"):
        told.append(f"It has to look like this: {orjson.dumps(call.arguments['schema']).decode()}")
    if call.arguments.get("instructions"):
        told.append(call.arguments["instructions"])
    messages = [*_said("system", "\n".join(told)), *_said("user", call.arguments["prompt"])]
    answer = await _complete(call, messages, response_format={"type": "json_object"})
    try:
        written = orjson.loads(answer["content"] or "")
    except orjson.JSONDecodeError as error:
        why = "it ran out of tokens" if answer["finish_reason"] == "length" else "it wrote something else"
        raise ActionFailed(f"The model's answer is not JSON: {why}. Ask again, or with more max_tokens.") from error
    return {"json": written, "model": answer["model"], "usage": answer["usage"]}


async def create_response(call: ActionCall) -> Json:
    """Answer an input, with the web if that is wanted."""
    names = ("model", "input", "instructions", "previous_response_id", "max_output_tokens")
    asked = {name: call.arguments[name] for name in names if call.arguments.get(name) is not None}
    if call.arguments["web_search"]:
        asked["tools"] = [{"type": "web_search"}]
    answer = await call.api.post("responses", json=asked)
    return {
        "id": answer.get("id"),
        "status": answer.get("status"),
        "text": "".join(_texts(answer.get("output", []))),
        "usage": answer.get("usage"),
    }


async def generate_image(call: ActionCall) -> ActionResult:
    """Make images. They come as base64, in the kind that the answer names."""
    names = ("prompt", "model", "size", "n")
    asked = {name: call.arguments[name] for name in names if call.arguments.get(name) is not None}
    answer = await call.api.post("images/generations", json=asked)
    kind = answer.get("output_format") or "png"
    files = tuple(
        Attachment(f"image-{number}.{kind}", f"image/{kind}", b64decode(image["b64_json"]))
        for number, image in enumerate(answer.get("data", []), start=1)
        if image.get("b64_json")
    )
    names_and_sizes = [{"name": file.name, "mime_type": file.mime_type, "size": len(file.content)} for file in files]
    return ActionResult({"images": names_and_sizes, "usage": answer.get("usage")}, files)


async def transcribe_audio(call: ActionCall) -> Json:
    """Fetch a sound file and have it written down."""
    sound = await given_file(call, call.arguments["file_url"], "/file_url", max_bytes=MAX_SOUND)
    fields = {name: call.arguments[name] for name in ("model", "language") if call.arguments.get(name)}
    # OpenAI goes by the name's ending, and refuses a file without one.
    name = sound.name if "." in sound.name else sound.name + (MEDIA_TYPES.guess_extension(sound.media_type) or "")
    body, headers = form_data(fields.items(), [("file", FormFile(name, sound.media_type, sound.content))])
    answer = await call.api.send("POST", "audio/transcriptions", content=body, headers=headers)
    return {"text": answer.json.get("text"), "usage": answer.json.get("usage")}


def _said(role: str, content: str | None) -> list[dict[str, str]]:
    return [{"role": role, "content": content}] if content else []


async def _complete(call: ActionCall, messages: Sequence[Json], **more: Json) -> dict[str, Json]:
    asked: dict[str, Json] = {"model": call.arguments["model"], "messages": messages} | more
    if call.arguments.get("temperature") is not None:
        asked["temperature"] = call.arguments["temperature"]
    if call.arguments.get("max_tokens") is not None:
        # The older name, max_tokens, is refused by reasoning models.
        asked["max_completion_tokens"] = call.arguments["max_tokens"]
    answer = await call.api.post("chat/completions", json=asked)
    nothing: dict[str, Json] = {}
    choice: Mapping[str, Json] = next(iter(answer.get("choices", [])), nothing)
    return {
        "content": choice.get("message", {}).get("content"),
        "finish_reason": choice.get("finish_reason"),
        "model": answer.get("model"),
        "usage": answer.get("usage"),
    }


def _texts(output: Sequence[Mapping[str, Json]]) -> list[str]:
    parts = [part for item in output if item.get("type") == "message" for part in item.get("content", [])]
    return [part["text"] for part in parts if part.get("type") == "output_text"]
