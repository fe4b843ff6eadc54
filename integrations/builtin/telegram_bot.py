"""What the telegram-bot manifest can't say: each kind of media has a method and a parameter of its own."""

from typing import Final

from integrations.action import ActionCall
from integrations.ports import Json

_OPTIONAL: Final = ("caption", "message_thread_id", "parse_mode", "reply_markup")


async def send_media(call: ActionCall) -> Json:
    """Send one picture, film, sound or file by its address or by the id that Telegram gave it."""
    given = call.arguments
    kind = given["media_type"]
    message = {"chat_id": given["chat_id"], kind: given["media"]}
    message |= {name: given[name] for name in _OPTIONAL if name in given}
    sent = (await call.api.post(f"send{kind.capitalize()}", json=message))["result"]
    return {"message_id": sent["message_id"], "chat": sent.get("chat"), "date": sent.get("date"), kind: sent.get(kind)}
