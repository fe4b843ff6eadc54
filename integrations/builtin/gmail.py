"""What the gmail manifest can't say: mails to write, mails to read, and lists that hold more than ids."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from email.utils import formataddr
from html import escape
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.hash_encode import to_base64
from integrations.builtin.mail_files import mail_files
from integrations.builtin.mail_reading import decoded, files_of, headers_of, plain_words, readable
from integrations.builtin.mail_writing import CONTROL, Mail, MailFile, mime_of, read_addresses
from integrations.failures import InvalidInput
from integrations.ports import Json

AT_ONCE: Final = 5
"""Messages that are fetched at the same time for a list."""

ATTACHMENT: Final = "messages/{message}/attachments/{id}"
LISTED_HEADERS: Final = ["From", "To", "Subject", "Date"]


async def send_email(call: ActionCall) -> Json:
    """Send one mail."""
    return await call.api.post("messages/send", json={"raw": _raw(await _new_mail(call))})


async def reply_to_email(call: ActionCall) -> Json:
    """Answer the sender of a mail (or its recipients, if it was our own), in its thread."""
    original = await _message(call, "metadata")
    headers = headers_of(original)
    is_own = "SENT" in original.get("labelIds", [])
    recipient = headers.get("to") if is_own else headers.get("reply-to") or headers.get("from")
    if not recipient:
        raise InvalidInput("the message has no sender to reply to", path="/messageId")
    message_id = headers.get("message-id")
    mail = Mail(
        to=_readdressed(recipient),
        subject=_prefixed("Re:", plain_words(headers.get("subject", ""))),
        body=call.arguments["body"],
        is_html=call.arguments["isHtml"],
        sender=call.arguments.get("from"),
        in_reply_to=message_id,
        references=" ".join(filter(None, (headers.get("references"), message_id))),
        files=await mail_files(call),
    )
    return await call.api.post("messages/send", json={"raw": _raw(mail), "threadId": original["threadId"]})


async def forward_email(call: ActionCall) -> Json:
    """Send a mail on, with its text quoted below and its files."""
    original = await _message(call, "full")
    mail = Mail(
        to=call.arguments["to"],
        subject=_prefixed("Fwd:", plain_words(headers_of(original).get("subject", ""))),
        body=_forwarded_text(readable(original), call),
        is_html=call.arguments["isHtml"],
        sender=call.arguments.get("from"),
        cc=call.arguments.get("cc"),
        bcc=call.arguments.get("bcc"),
        files=[await _file_of(part, call) for part in files_of(original["payload"])],
    )
    return await call.api.post("messages/send", json={"raw": _raw(mail)})


async def create_draft(call: ActionCall) -> Json:
    """Keep a mail as a draft."""
    return await call.api.post("drafts", json={"message": {"raw": _raw(await _new_mail(call))}})


async def update_draft(call: ActionCall) -> Json:
    """Replace the mail that a draft holds."""
    where = {"draftId": call.arguments["draftId"]}
    message = {"raw": _raw(await _new_mail(call))}
    return (await call.api.send("PUT", "drafts/{draftId}", where, json={"message": message})).json


async def get_draft(call: ActionCall) -> Json:
    """A draft with its mail, to read."""
    kind = call.arguments["format"]
    draft = await call.api.get("drafts/{id}", {"id": call.arguments["draftId"]}, query={"format": kind})
    return {"id": draft["id"], "message": _rendered(draft["message"], kind)}


async def list_messages(call: ActionCall) -> Json:
    """One page of messages, each with its main headers."""
    page = await call.api.get("messages", query=_list_query(call))
    messages = await _summaries(call, [each["id"] for each in page.get("messages", [])])
    return {"messages": messages, "nextPageToken": page.get("nextPageToken")}


async def get_message(call: ActionCall) -> Json:
    """A message, to read."""
    kind = call.arguments["format"]
    return _rendered(await _message(call, kind), kind)


async def get_thread(call: ActionCall) -> Json:
    """A thread with all its messages, to read."""
    kind = call.arguments["format"]
    thread = await call.api.get("threads/{id}", {"id": call.arguments["threadId"]}, query={"format": kind})
    return {"id": thread["id"], "messages": [_rendered(message, kind) for message in thread.get("messages", [])]}


async def get_attachment(call: ActionCall) -> Json:
    """The content of one file of a message, as base64."""
    where = {"message": call.arguments["messageId"], "id": call.arguments["attachmentId"]}
    found = await call.api.get(ATTACHMENT, where)
    content = decoded(found["data"])
    return {"size": len(content), "encoding": "base64", "content": to_base64(content)}


async def update_label(call: ActionCall) -> Json:
    """Replace all fields of a label."""
    where = {"id": call.arguments["labelId"]}
    return (await call.api.send("PUT", "labels/{id}", where, json=call.arguments["body"])).json


async def _new_mail(call: ActionCall) -> Mail:
    arguments = call.arguments
    return Mail(
        to=arguments["to"],
        subject=arguments["subject"],
        body=arguments["body"],
        is_html=arguments["isHtml"],
        sender=arguments.get("from"),
        cc=arguments.get("cc"),
        bcc=arguments.get("bcc"),
        files=await mail_files(call),
    )


def _raw(mail: Mail) -> str:
    return urlsafe_b64encode(mime_of(mail)).decode("ascii")


def _readdressed(header: str) -> str:
    """The addresses of a header, their names decoded only now: a decoded comma would part one person into two."""
    found = read_addresses(header, pointer="/messageId")
    return ", ".join(formataddr((CONTROL.sub(" ", plain_words(name)), spec)) for name, spec in found)


def _prefixed(prefix: str, subject: str) -> str:
    """`subject` as one line with the prefix, once."""
    line = " ".join(CONTROL.sub(" ", subject).split())
    return line if line.lower().startswith(prefix.lower()) else f"{prefix} {line}".strip()


async def _message(call: ActionCall, kind: str) -> Json:
    return await call.api.get("messages/{id}", {"id": call.arguments["messageId"]}, query={"format": kind})


def _rendered(message: Json, kind: str) -> Json:
    return readable(message) if kind in ("full", "metadata") else message


def _list_query(call: ActionCall) -> dict[str, Json]:
    names = {"q": "query", "maxResults": "maxResults", "pageToken": "pageToken", "labelIds": "labelIds"}
    asked = {sent: call.arguments[name] for sent, name in names.items() if name in call.arguments}
    in_trash = not {"SPAM", "TRASH"}.isdisjoint(asked.get("labelIds", ()))
    return asked | ({"includeSpamTrash": True} if in_trash else {})


async def _summaries(call: ActionCall, ids: Sequence[str]) -> list[Json]:
    """The messages with their main headers, a few fetched at a time, in the order of `ids`."""
    places = asyncio.Semaphore(AT_ONCE)

    async def summary(message_id: str) -> Json:
        query = {"format": "metadata", "metadataHeaders": LISTED_HEADERS}
        async with places:
            found = readable(await call.api.get("messages/{id}", {"id": message_id}, query=query))
        return {key: value for key, value in found.items() if key != "attachments"}

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(summary(message_id)) for message_id in ids]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    return [task.result() for task in tasks]


def _forwarded_text(original: Mapping[str, Json], call: ActionCall) -> str:
    """The caller's words, the usual header lines, and the original's text; as HTML if the caller writes HTML."""
    lines = [
        f"{name}: {original[name.lower()]}" for name in ("From", "Date", "Subject", "To") if name.lower() in original
    ]
    quoted = "\n".join(["---------- Forwarded message ---------", *lines, "", original.get("body", "")])
    words = call.arguments.get("additionalMessage", "")
    if call.arguments["isHtml"]:
        return f"{words}<br><br><pre>{escape(quoted, quote=False)}</pre>"
    return f"{words}\n\n{quoted}".lstrip()


async def _file_of(part: Mapping[str, Json], call: ActionCall) -> MailFile:
    """A file of a message. Gmail hands small ones out with the message, others by themselves."""
    data = part["body"].get("data")
    if data is None:
        where = {"message": call.arguments["messageId"], "id": part["body"]["attachmentId"]}
        data = (await call.api.get(ATTACHMENT, where))["data"]
    return MailFile(part["filename"], part.get("mimeType", ""), decoded(data))
