"""Microsoft's own client for Python, for mail."""

from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.email_address import EmailAddress
from msgraph.generated.models.importance import Importance
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.message import Message
from msgraph.generated.models.recipient import Recipient
from msgraph.generated.users.item.messages.item.forward.forward_post_request_body import ForwardPostRequestBody
from msgraph.generated.users.item.messages.item.move.move_post_request_body import MovePostRequestBody
from msgraph.generated.users.item.messages.item.reply.reply_post_request_body import ReplyPostRequestBody
from msgraph.generated.users.item.send_mail.send_mail_post_request_body import SendMailPostRequestBody

from tests.integrations.catalog.microsoft_client import (
    asks,
    having,
    of_graph,
)

BRIEF = ["id", "subject", "from", "toRecipients", "receivedDateTime", "isRead", "hasAttachments", "bodyPreview"]
WHOLE = ["id", "subject", "from", "toRecipients", "ccRecipients", "receivedDateTime", "isRead", "importance", "body"]


def to(*addresses: str) -> list[Recipient]:
    return [Recipient(email_address=EmailAddress(address=each)) for each in addresses]


MESSAGE = Message(
    subject="Hi",
    body=ItemBody(content_type=BodyType.Html, content="<p>Hello</p>"),
    to_recipients=to("ada@example.com", "bob@example.com"),
)

OFFICIAL = of_graph(
    "microsoft-outlook",
    {
        "list_messages": asks(
            {"folderId": "f1", "top": 5, "skip": 10, "filter": "isRead eq false"},
            lambda client: (listed := client.me.mail_folders.by_mail_folder_id("f1").messages).get(
                having(listed, top=5, skip=10, filter="isRead eq false", select=[*BRIEF, "webLink"])
            ),
            answers=({"value": []},),
        ),
        "search_messages": asks(
            {"query": "from:ada plan", "top": 5},
            lambda client: client.me.messages.get(
                having(client.me.messages, search='"from:ada plan"', top=5, select=[*BRIEF, "webLink"])
            ),
            answers=({"value": []},),
        ),
        "get_message": asks(
            {"messageId": "m1"},
            lambda client: (message := client.me.messages.by_message_id("m1")).get(
                having(message, prefer='outlook.body-content-type="text"', select=[*WHOLE, "webLink"])
            ),
        ),
        "list_attachments": asks(
            {"messageId": "m1"},
            lambda client: (listed := client.me.messages.by_message_id("m1").attachments).get(
                having(listed, select=["id", "name", "contentType", "size", "isInline"])
            ),
            answers=({"value": []},),
        ),
        "list_folders": asks(
            {},
            lambda client: client.me.mail_folders.get(having(client.me.mail_folders, top=100)),
            answers=({"value": []},),
        ),
        "send_email": asks(
            {
                "to": "ada@example.com, bob@example.com",
                "subject": "Hi",
                "body": "<p>Hello</p>",
                "contentType": "HTML",
                "cc": "cy@example.com",
                "bcc": "dee@example.com",
                "importance": "high",
            },
            lambda client: client.me.send_mail.post(
                SendMailPostRequestBody(
                    message=Message(
                        subject=MESSAGE.subject,
                        body=MESSAGE.body,
                        to_recipients=MESSAGE.to_recipients,
                        cc_recipients=to("cy@example.com"),
                        bcc_recipients=to("dee@example.com"),
                        importance=Importance.High,
                    ),
                    save_to_sent_items=True,
                )
            ),
            only_theirs=("SaveToSentItems",),  # it is kept there unless somebody says otherwise
        ),
        "create_draft": asks(
            {
                "to": "ada@example.com, bob@example.com",
                "subject": "Hi",
                "body": "<p>Hello</p>",
                "contentType": "HTML",
            },
            lambda client: client.me.messages.post(MESSAGE),
        ),
        "reply_to_email": asks(
            {"messageId": "m1", "comment": "Yes"},
            lambda client: client.me.messages.by_message_id("m1").reply.post(ReplyPostRequestBody(comment="Yes")),
        ),
        "forward_email": asks(
            {"messageId": "m1", "to": "ada@example.com", "comment": "See below"},
            lambda client: client.me.messages.by_message_id("m1").forward.post(
                ForwardPostRequestBody(comment="See below", to_recipients=to("ada@example.com"))
            ),
        ),
        "move_message": asks(
            {"messageId": "m1", "destinationId": "archive"},
            lambda client: client.me.messages.by_message_id("m1").move.post(
                MovePostRequestBody(destination_id="archive")
            ),
        ),
        "mark_as_read": asks(
            {"messageId": "m1", "isRead": True},
            lambda client: client.me.messages.by_message_id("m1").patch(Message(is_read=True)),
        ),
    },
)
