"""SendGrid's own client for Python, as far as it knows more than its caller.

It knows how a mail is written down. All else it puts together from the names that it is given, and says nothing on
whether SendGrid knows them: those actions are not compared.
"""

from typing import Any

from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Category, CustomArg, From, Mail, ReplyTo, To

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official


def connect(address: str) -> Any:
    """The client, which is told its host."""
    return SendGridAPIClient("SG.key", host=address)


def mail() -> Any:
    """A mail with everything."""
    written = Mail(
        from_email=From("hello@acme.example", "Acme"),
        to_emails=To("ada@example.com", "Ada"),
        subject="Hello",
        plain_text_content="Hi Zoë",
        html_content="<p>Hi</p>",
    )
    written.reply_to = ReplyTo("help@acme.example")
    written.category = [Category("welcome")]
    written.custom_arg = CustomArg("order", "7")
    return written


def from_template() -> Any:
    """A mail made from a template."""
    written = Mail(from_email=From("hello@acme.example"), to_emails=To("ada@example.com"))
    written.template_id = "d-1"
    written.dynamic_template_data = {"name": "Ada", "items": [1, 2]}
    return written


OFFICIAL = Official(
    integration="sendgrid",
    package="sendgrid",
    address=SendGridAPIClient("SG.key").client.host,
    credentials=Credentials("api_key", {"secret_text": "SG.key"}),
    connect=connect,
    calls={
        "send_email": Call(
            {
                "fromEmail": "hello@acme.example",
                "fromName": "Acme",
                "toEmail": "ada@example.com",
                "toName": "Ada",
                "subject": "Hello",
                "text": "Hi Zoë",
                "html": "<p>Hi</p>",
                "replyToEmail": "help@acme.example",
                "categories": ["welcome"],
                "customArgs": {"order": "7"},
            },
            lambda client: client.send(mail()),
        ),
        "send_dynamic_template": Call(
            {
                "fromEmail": "hello@acme.example",
                "toEmail": "ada@example.com",
                "templateId": "d-1",
                "dynamicTemplateData": {"name": "Ada", "items": [1, 2]},
            },
            lambda client: client.send(from_template()),
        ),
    },
)
