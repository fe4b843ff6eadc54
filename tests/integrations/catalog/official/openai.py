"""OpenAI's own client for Python."""

from base64 import b64encode
from typing import Any

import openai

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

SOUND = b"ID3 not much of a sound"
HELLO = {"role": "user", "content": "Grüße"}


def connect(address: str) -> Any:
    """The client, which is given the address with the version of the API in it."""
    return openai.OpenAI(api_key="sk-key", base_url=f"{address}/v1", max_retries=0)


OFFICIAL = Official(
    integration="openai",
    package="openai",
    address=str(openai.OpenAI(api_key="sk-key").base_url).removesuffix("/v1/"),
    credentials=Credentials("api_key", {"secret_text": "sk-key"}),
    connect=connect,
    calls={
        "chat_completion": Call(
            {
                "model": "gpt-5-mini",
                "system_message": "Be brief.",
                "messages": [HELLO],
                "temperature": 0.5,
                "max_tokens": 64.0,
            },
            lambda client: client.chat.completions.create(
                model="gpt-5-mini",
                messages=[{"role": "system", "content": "Be brief."}, HELLO],
                temperature=0.5,
                max_completion_tokens=64,
            ),
        ),
        "ask_json": Call(
            {"model": "gpt-5-mini", "prompt": "Capitals of Europe", "schema": {"capitals": ["Rome"]}},
            lambda client: client.chat.completions.create(
                model="gpt-5-mini",
                messages=[
                    {
                        "role": "system",
                        "content": "Answer with one JSON object and nothing else.\n"
                        'It has to look like this: {"capitals":["Rome"]}',
                    },
                    {"role": "user", "content": "Capitals of Europe"},
                ],
                response_format={"type": "json_object"},
            ),
            ({"choices": [{"message": {"content": '{"capitals": []}'}, "finish_reason": "stop"}]},),
        ),
        "create_response": Call(
            {"model": "gpt-5-mini", "input": "News?", "previous_response_id": "resp_1", "web_search": True},
            lambda client: client.responses.create(
                model="gpt-5-mini", input="News?", previous_response_id="resp_1", tools=[{"type": "web_search"}]
            ),
        ),
        "create_embedding": Call(
            {"model": "text-embedding-3-small", "input": "Tea"},
            lambda client: client.embeddings.create(
                model="text-embedding-3-small", input="Tea", encoding_format="float"
            ),
        ),
        "moderate_text": Call(
            {"input": "Tea"}, lambda client: client.moderations.create(input="Tea", model="omni-moderation-latest")
        ),
        "generate_image": Call(
            {"prompt": "A cup of tea", "model": "gpt-image-2", "size": "1024x1024", "n": 2.0},
            lambda client: client.images.generate(prompt="A cup of tea", model="gpt-image-2", size="1024x1024", n=2),
        ),
        "text_to_speech": Call(
            {"input": "Tea is ready", "voice": "alloy", "response_format": "wav"},
            lambda client: client.audio.speech.create(
                input="Tea is ready", model="gpt-4o-mini-tts", voice="alloy", response_format="wav"
            ),
        ),
        "transcribe_audio": Call(
            {"file_url": f"data:audio/mpeg;base64,{b64encode(SOUND).decode()}", "language": "en"},
            lambda client: client.audio.transcriptions.create(
                file=("attachment.mp3", SOUND, "audio/mpeg"), model="gpt-transcribe", language="en"
            ),
        ),
        "list_models": Call({}, lambda client: client.models.list()),
        "get_model": Call({"model": "gpt-5-mini"}, lambda client: client.models.retrieve("gpt-5-mini")),
    },
)
