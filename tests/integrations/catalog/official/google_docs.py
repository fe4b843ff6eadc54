"""Google Docs beside Google's own client; making and listing documents is Drive's."""

from typing import Any

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Call, Official

DOC = {"documentId": "d1"}
DOCUMENT = "application/vnd.google-apps.document"
FILES = "nextPageToken,files(id,name,modifiedTime,owners(displayName,emailAddress),webViewLink)"
READ = "documentId,title,revisionId,tabs(tabProperties(tabId,title),documentTab(body),childTabs)"
RANGE = {"startIndex": 3, "endIndex": 9, "tabId": "t2"}
ANSWER = {"documentId": "d1", "tabs": [{"tabProperties": {"tabId": "t1"}}, {"tabProperties": {"tabId": "t2"}}]}


def changes(arguments: dict[str, Any], request: dict[str, Any]) -> Call:
    """An action that is one request of a batch update."""
    return asks(
        DOC | arguments,
        lambda google: google.docs.documents().batchUpdate(**DOC, body={"requests": [request]}),
        answers=({"documentId": "d1", "replies": [{"replaceAllText": {"occurrencesChanged": 1}}]},),
    )


OFFICIAL = Official(
    integration="google-docs",
    package=PACKAGE,
    address=address_of("docs", "v1"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "list_documents": asks(
            {"query": "Bob's plan", "pageSize": 25.0, "pageToken": "p2"},
            lambda google: google.drive.files().list(
                q=f"mimeType = '{DOCUMENT}' and trashed = false and fullText contains 'Bob\\'s plan'",
                pageSize=25,
                pageToken="p2",
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
                fields=FILES,
            ),
            address=address_of("drive", "v3"),
        ),
        "get_document": asks(
            DOC | {"tabId": "t2", "format": "paragraphs"},
            lambda google: google.docs.documents().get(**DOC, includeTabsContent=True, fields=READ),
            answers=(ANSWER,),
        ),
        "create_document": asks(
            {"title": "Plan", "folderId": "f1"},
            lambda google: google.drive.files().create(
                body={"name": "Plan", "mimeType": DOCUMENT, "parents": ["f1"]},
                supportsAllDrives=True,
                fields="id,name,webViewLink",
            ),
            address=address_of("drive", "v3"),
        ),
        "insert_text": changes(
            {"text": "Hello\n", "index": 12.0}, {"insertText": {"location": {"index": 12}, "text": "Hello\n"}}
        ),
        "replace_text": changes(
            {"findText": "{{name}}", "replaceText": "Ada", "matchCase": True},
            {
                "replaceAllText": {
                    "containsText": {"text": "{{name}}", "matchCase": True},
                    "replaceText": "Ada",
                }
            },
        ),
        "delete_content": changes(RANGE, {"deleteContentRange": {"range": RANGE}}),
        "format_text": changes(
            RANGE | {"bold": True, "italic": False, "link": "https://example.com/"},
            {
                "updateTextStyle": {
                    "range": RANGE,
                    "textStyle": {"bold": True, "italic": False, "link": {"url": "https://example.com/"}},
                    "fields": "bold,italic,link",
                }
            },
        ),
        "set_paragraph_style": changes(
            RANGE | {"style": "HEADING_2"},
            {
                "updateParagraphStyle": {
                    "range": RANGE,
                    "paragraphStyle": {"namedStyleType": "HEADING_2"},
                    "fields": "namedStyleType",
                }
            },
        ),
        "insert_table": changes(
            {"rows": 2, "columns": 3.0, "tabId": "t2"},
            {"insertTable": {"endOfSegmentLocation": {"tabId": "t2"}, "rows": 2, "columns": 3}},
        ),
        "insert_image": changes(
            {"uri": "https://example.com/plan.png"},
            {"insertInlineImage": {"endOfSegmentLocation": {}, "uri": "https://example.com/plan.png"}},
        ),
        "batch_update": changes(
            {"requests": [{"insertPageBreak": {"endOfSegmentLocation": {}}}]},
            {"insertPageBreak": {"endOfSegmentLocation": {}}},
        ),
    },
)
