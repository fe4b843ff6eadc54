"""Google Forms beside Google's own client; the list of forms is Drive's."""

from typing import Any

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Call, Official

FORM = {"formId": "f1"}
SETTINGS = {"updateSettings": {"settings": {"quizSettings": {"isQuiz": True}}, "updateMask": "quizSettings.isQuiz"}}


def changes(arguments: dict[str, Any], request: dict[str, Any]) -> Call:
    """An action that is one request of a batch update."""
    return asks(
        FORM | arguments,
        lambda google: google.forms.forms().batchUpdate(**FORM, body={"requests": [request]}),
        answers=({"replies": [{"createItem": {"itemId": "i1", "questionId": ["q1"]}}]},),
    )


OFFICIAL = Official(
    integration="google-forms",
    package=PACKAGE,
    address=address_of("forms", "v1"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "list_forms": asks(
            {"query": "Survey", "pageSize": 25.0, "pageToken": "p2"},
            lambda google: google.drive.files().list(
                q="mimeType = 'application/vnd.google-apps.form' and trashed = false and name contains 'Survey'",
                orderBy="modifiedTime desc",
                pageSize=25,
                pageToken="p2",
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
                fields="nextPageToken,files(id,name,modifiedTime,owners(displayName,emailAddress),webViewLink)",
            ),
            address=address_of("drive", "v3"),
        ),
        "get_form": asks(FORM, lambda google: google.forms.forms().get(**FORM)),
        "create_form": asks(
            {"title": "Survey", "documentTitle": "Survey 2026", "unpublished": True},
            lambda google: google.forms.forms().create(
                unpublished=True,
                fields="formId,info,responderUri,linkedSheetId,publishSettings",
                body={"info": {"title": "Survey", "documentTitle": "Survey 2026"}},
            ),
        ),
        "update_form_info": changes(
            {"title": "Poll", "description": ""},
            {"updateFormInfo": {"info": {"title": "Poll", "description": ""}, "updateMask": "title,description"}},
        ),
        "set_publish_settings": asks(
            FORM | {"isPublished": True, "isAcceptingResponses": False},
            lambda google: google.forms.forms().setPublishSettings(
                **FORM,
                body={
                    "publishSettings": {"publishState": {"isPublished": True, "isAcceptingResponses": False}},
                    "updateMask": "publish_state",
                },
            ),
        ),
        "add_question": changes(
            {
                "title": "Which day?",
                "description": "One only",
                "type": "dropdown",
                "options": ["Monday", "Friday"],
                "required": True,
                "index": 2.0,
            },
            {
                "createItem": {
                    "item": {
                        "title": "Which day?",
                        "description": "One only",
                        "questionItem": {
                            "question": {
                                "required": True,
                                "choiceQuestion": {
                                    "type": "DROP_DOWN",
                                    "options": [{"value": "Monday"}, {"value": "Friday"}],
                                },
                            }
                        },
                    },
                    "location": {"index": 2},
                }
            },
        ),
        "move_item": changes(
            {"index": 0, "newIndex": 3},
            {"moveItem": {"originalLocation": {"index": 0}, "newLocation": {"index": 3}}},
        ),
        "delete_item": changes({"index": 0}, {"deleteItem": {"location": {"index": 0}}}),
        "batch_update": changes({"requests": [SETTINGS]}, SETTINGS),
        "get_responses": asks(
            FORM | {"pageSize": 50.0, "pageToken": "p2", "submittedAfter": "2026-11-01T00:00:00Z"},
            lambda google: (
                google.forms.forms()
                .responses()
                .list(**FORM, pageSize=50, pageToken="p2", filter="timestamp > 2026-11-01T00:00:00Z")
            ),
        ),
        "get_response": asks(
            FORM | {"responseId": "r1"},
            lambda google: google.forms.forms().responses().get(**FORM, responseId="r1"),
        ),
    },
)
