"""What the microsoft-outlook manifest can't say: recipients, which are objects there and a line of text here."""

from collections.abc import Mapping

from integrations.action import ActionCall
from integrations.failures import InvalidInput
from integrations.ports import Json


async def send_email(call: ActionCall) -> Json:
    """Send one mail."""
    given = call.arguments
    message = _message(given)
    for name in ("cc", "bcc"):
        if given.get(name):
            message[f"{name}Recipients"] = _recipients(given[name], name)
    if "importance" in given:
        message["importance"] = given["importance"]
    await call.api.post("me/sendMail", json={"message": message})
    return {"sent": True}


async def create_draft(call: ActionCall) -> Json:
    """Write a mail into the drafts."""
    made = await call.api.post("me/messages", json=_message(call.arguments))
    return {name: made.get(name) for name in ("id", "subject", "webLink")}


async def forward_email(call: ActionCall) -> Json:
    """Send a mail on."""
    given = call.arguments
    forwarded: dict[str, Json] = {"toRecipients": _recipients(given["to"], "to")}
    forwarded |= {"comment": given["comment"]} if given.get("comment") else {}
    await call.api.post("me/messages/{messageId}/forward", given, json=forwarded)
    return {"sent": True}


def _message(given: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "subject": given["subject"],
        "body": {"contentType": given.get("contentType", "Text").lower(), "content": given["body"]},
        "toRecipients": _recipients(given["to"], "to"),
    }


def _recipients(line: str, name: str) -> list[Json]:
    addresses = [address.strip() for address in line.split(",") if address.strip()]
    if not addresses:
        raise InvalidInput("Name at least one e-mail address.", path=f"/{name}")
    return [{"emailAddress": {"address": address}} for address in addresses]
