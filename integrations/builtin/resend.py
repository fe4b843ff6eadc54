"""What the resend manifest can't say: a sender's name that may hold commas and quotes, and content of either kind."""

from email.utils import formataddr

from integrations.action import ActionCall
from integrations.ports import Json

_AS_GIVEN = ("to", "cc", "bcc", "reply_to", "subject")


async def send_email(call: ActionCall) -> Json:
    """Send one mail."""
    given = call.arguments
    mail = {name: given[name] for name in _AS_GIVEN if given.get(name) is not None}
    mail["from"] = formataddr((given["from_name"], given["from"]))
    mail[given["content_type"]] = given["content"]
    sent = await call.api.post("emails", json=mail)
    return {"id": sent["id"]}
