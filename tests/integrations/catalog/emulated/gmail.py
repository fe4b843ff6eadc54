"""What Gmail's stand-in is asked, as one story."""

from base64 import b64encode

from tests.integrations.catalog.scenario import Step

FILE = {"filename": "notes.txt", "mimeType": "text/plain", "content": b64encode(b"milk, eggs").decode()}
LETTER = {"to": "bob@example.com", "subject": "Plans", "body": "See you at noon."}
FOR_GOOD = {"confirmPermanentDelete": True}
STEPS = [
    Step("list_messages", {"query": "subject:Invoices", "maxResults": 5}, keep={"invoice": "/messages/0/id"}),
    Step(
        "get_message",
        {"messageId": "$invoice"},
        {"/subject": "Invoices for alice", "/body": "Dear alice, this is about invoices."},
    ),
    Step("get_message", {"messageId": "$invoice", "format": "minimal"}, {"/id": "$invoice"}),
    Step("send_email", {**LETTER, "cc": "carol@example.com", "attachments": [FILE]}, keep={"sent": "/id"}),
    Step("get_message", {"messageId": "$sent"}, {"/to": "bob@example.com"}, {"file": "/attachments/0/attachmentId"}),
    Step("get_attachment", {"messageId": "$sent", "attachmentId": "$file"}, {"/content": FILE["content"]}),
    Step("reply_to_email", {"messageId": "$invoice", "body": "Paid."}, keep={"reply": "/id", "thread": "/threadId"}),
    Step("get_thread", {"threadId": "$thread"}, {"/messages/0/id": "$invoice", "/messages/1/body": "Paid."}),
    Step("list_threads", {"query": "subject:Invoices"}, {"/threads/0/id": "$thread"}),
    Step("forward_email", {"messageId": "$sent", "to": "dan@example.com", "additionalMessage": "FYI"}),
    Step("list_history", {"startHistoryId": "1", "historyTypes": ["messageAdded"]}),
    Step("create_draft", {**LETTER, "isHtml": True, "body": "<p>Hello</p>"}, keep={"draft": "/id"}),
    Step("list_drafts", {"maxResults": 10}, {"/drafts/0/id": "$draft"}),
    Step("update_draft", {**LETTER, "draftId": "$draft", "subject": "New plans"}, {"/id": "$draft"}),
    Step("get_draft", {"draftId": "$draft"}, {"/message/subject": "New plans"}),
    Step("send_draft", {"draftId": "$draft"}),
    Step("create_draft", LETTER, keep={"draft": "/id"}),
    Step("delete_draft", {"draftId": "$draft", **FOR_GOOD}),
    Step(
        "create_label",
        {"name": "Bills", "textColor": "#ffffff", "backgroundColor": "#4285f4"},
        {"/color/textColor": "#ffffff"},
        {"label": "/id"},
    ),
    Step("list_labels"),
    Step("get_label", {"labelId": "$label"}, {"/name": "Bills"}),
    Step("patch_label", {"labelId": "$label", "messageListVisibility": "hide"}, {"/name": "Bills"}),
    Step("update_label", {"labelId": "$label", "body": {"name": "Paid bills"}}, {"/name": "Paid bills"}),
    Step("modify_labels", {"messageId": "$invoice", "addLabelIds": ["$label"], "removeLabelIds": ["UNREAD"]}),
    Step("list_messages", {"labelIds": ["$label"]}, {"/messages/0/id": "$invoice"}),
    Step("remove_label", {"messageId": "$invoice", "labelIds": ["$label"]}, {"/id": "$invoice"}),
    Step("add_label", {"messageId": "$invoice", "labelIds": ["STARRED"]}, {"/id": "$invoice"}),
    Step("modify_thread_labels", {"threadId": "$thread", "addLabelIds": ["IMPORTANT"]}, {"/id": "$thread"}),
    Step("batch_modify_messages", {"messageIds": ["$invoice", "$sent"], "addLabelIds": ["$label"]}),
    Step("delete_label", {"labelId": "$label", **FOR_GOOD}),
    Step("trash_message", {"messageId": "$invoice"}, {"/id": "$invoice"}),
    Step("list_messages", {"labelIds": ["TRASH"]}, {"/messages/0/id": "$invoice"}),
    Step("untrash_message", {"messageId": "$invoice"}, {"/id": "$invoice"}),
    Step("trash_thread", {"threadId": "$thread"}, {"/id": "$thread"}),
    Step("untrash_thread", {"threadId": "$thread"}, {"/id": "$thread"}),
    Step("delete_message", {"messageId": "$sent", **FOR_GOOD}),
    Step("batch_delete_messages", {"messageIds": ["$reply"], **FOR_GOOD}),
    Step("delete_thread", {"threadId": "$thread", **FOR_GOOD}),
    Step("list_send_as_aliases", {}, {"/sendAs/0/sendAsEmail": "alice@example.com"}),
]
