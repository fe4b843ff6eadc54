"""What the sendgrid manifest can't say: a mail that is text, HTML or both, and addresses with commas between them."""

from collections.abc import Mapping

from integrations.action import ActionCall
from integrations.failures import InvalidInput, NotFound
from integrations.ports import Json


async def send_email(call: ActionCall) -> Json:
    """Send a mail. SendGrid wants plain text before HTML."""
    given = call.arguments
    kinds = {"text/plain": given.get("text"), "text/html": given.get("html")}
    content = [{"type": kind, "value": value} for kind, value in kinds.items() if value]
    if not content:
        raise InvalidInput("a mail needs text or html")
    mail = _mail(given) | {"subject": given["subject"], "content": content}
    if given.get("replyToEmail"):
        mail["reply_to"] = {"email": given["replyToEmail"]}
    if given.get("categories"):
        mail["categories"] = given["categories"]
    return await _sent(call, mail)


async def send_dynamic_template(call: ActionCall) -> Json:
    """Send a mail whose subject and content stand in a template."""
    mail = _mail(call.arguments) | {"template_id": call.arguments["templateId"]}
    if call.arguments.get("dynamicTemplateData"):
        mail["personalizations"][0]["dynamic_template_data"] = call.arguments["dynamicTemplateData"]
    return await _sent(call, mail)


async def search_contacts_by_email(call: ActionCall) -> Json:
    """The contacts with these addresses; SendGrid answers 404 where there is none at all."""
    emails = [email.strip() for email in call.arguments["emails"].split(",") if email.strip()]
    try:
        found = await call.api.post("marketing/contacts/search/emails", json={"emails": emails})
    except NotFound:
        return {"contacts": [], "unknown": emails}
    answers: Mapping[str, Json] = found.get("result", {})
    contacts = [answer["contact"] for answer in answers.values() if "contact" in answer]
    return {"contacts": contacts, "unknown": [email for email, answer in answers.items() if "contact" not in answer]}


def _mail(given: Mapping[str, Json]) -> dict[str, Json]:
    mail: dict[str, Json] = {
        "from": _person(given["fromEmail"], given.get("fromName")),
        "personalizations": [{"to": [_person(given["toEmail"], given.get("toName"))]}],
    }
    return mail | ({"custom_args": given["customArgs"]} if given.get("customArgs") else {})


def _person(email: str, name: str | None) -> dict[str, str]:
    return {"email": email, "name": name} if name else {"email": email}


async def _sent(call: ActionCall, mail: Mapping[str, Json]) -> Json:
    answer = await call.api.send("POST", "mail/send", json=mail)
    return {"accepted": True, "message_id": answer.headers.get("x-message-id")}
