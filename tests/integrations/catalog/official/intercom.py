"""Intercom's own client, for Node."""

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

FOUND = {"data": [{"id": "c1"}]}
TITLE = {"_default_title_": "Broken"}
LEAD = {"name": "Ada", "email": "ada@example.com", "phone": "+15550100", "unsubscribe": True}

OFFICIAL = Official(
    integration="intercom",
    package="intercom-client",
    credentials=Credentials("access_token", {"secret_text": "t0ken", "host": "api.intercom.io"}),
    calls={
        "find-conversation": Call(
            {
                "searchField": "source.body",
                "matchType": "~",
                "searchTerm": "offer",
                "status": "open",
                "updateAfter": "2026-11-01T00:00:00Z",
                "updateBefore": "1796083200",
            }
        ),
        "get-conversation": Call({"conversationId": "7"}),
        "create-conversation": Call({"contactType": "user", "contactId": "c1", "body": "Hello"}),
        "replyToConversation": Call({"from": "5", "conversationId": "7", "body": "Hi"}),
        "addNoteToConversation": Call({"from": "5", "conversationId": "7", "body": "Known"}),
        "close_conversation": Call({"from": "5", "conversationId": "7", "body": "Bye"}),
        "send_message": Call(
            {
                "message_type": "email",
                "email_required_fields": {"subject": "News", "template": "plain"},
                "from": "5",
                "to": "c1",
                "body": "Hello",
                "create_conversation_without_contact_reply": True,
            }
        ),
        "find-user": Call({"searchField": "email", "searchValue": "ada@example.com"}),
        "find-lead": Call({"searchField": "name", "searchValue": "Ada"}),
        "create-user": Call(
            {
                "email": "ada@example.com",
                "createdAt": "2026-11-01T00:00:00Z",
                "userId": "u1",
                "name": "Ada",
                "customAttributes": {"plan": "pro"},
            }
        ),
        "create-or-update-user": Call({"email": "ada@example.com", "name": "Ada"}, answers=(FOUND, {"id": "c1"})),
        "create-or-update-lead": Call({"leadId": "l1", **LEAD}),
        "add-note-to-user": Call({"email": "ada@example.com", "body": "Known"}, answers=(FOUND, {"id": "n1"})),
        "find-company": Call({"searchField": "name", "searchValue": "Acme"}),
        "list-all-tags": Call({}, answers=({"data": []},)),
        "add-or-remove-tag-on-contact": Call({"contactId": "c1", "tagId": "t1"}),
        "add-or-remove-tag-on-conversation": Call(
            {"conversationId": "7", "tagId": "t1", "untag": True}, answers=({"id": "5"}, {})
        ),
        "add-or-remove-tag-on-company": Call({"companyId": "k1", "tagName": "VIP", "untag": True}),
        "create-ticket": Call({"ticketTypeId": "1", "contactId": "c1", "companyId": "k1", "ticketProperties": TITLE}),
        "update-ticket": Call(
            {
                "ticketTypeId": "1",
                "ticketId": "2",
                "ticketProperties": TITLE,
                "isOpen": True,
                "state": "3",
                "snoozedTill": "1796083200",
                "assignedAdminId": "5",
            }
        ),
        "search_articles": Call({"phrase": "refund"}, answers=({"data": {"articles": []}},)),
        "create-article": Call(
            {
                "title": "Refunds",
                "description": "How",
                "body": "<p>So</p>",
                "authorId": "5",
                "state": "draft",
                "collectionId": "9",
            }
        ),
    },
)
