"""Typeform's own client, for Node."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_FORM: Final = {"formId": "f1"}
_FIELDS: Final = [{"title": "Your name?", "type": "short_text"}]

OFFICIAL = Official(
    integration="typeform",
    package="@typeform/api-client",
    credentials=Credentials("personal_token", {"secret_text": "tfp_1"}),
    calls={
        "list_forms": Call({"page": 2, "pageSize": 20.0, "search": "party", "workspaceId": "w1"}),
        "get_form": Call(_FORM),
        "create_form": Call(
            {"title": "Party", "fields": _FIELDS, "workspaceHref": "https://api.typeform.com/workspaces/w1"}
        ),
        "update_form": Call({**_FORM, "title": "Party", "fields": _FIELDS}),
        "delete_form": Call(_FORM),
        "get_form_summary": Call(_FORM),
        "get_responses": Call(
            {
                **_FORM,
                "pageSize": 25,
                "since": "2026-11-01T00:00:00",
                "until": "2026-11-21T00:00:00",
                "before": "t0",
                "completed": True,
                "sort": "submitted_at,asc",
                "query": "Ada",
            }
        ),
        "get_response": Call({**_FORM, "responseToken": "t1"}),
        "delete_responses": Call({**_FORM, "responseTokens": "t1,t2"}),
        "list_workspaces": Call({"page": 1, "pageSize": 20, "search": "team"}),
        "create_workspace": Call({"name": "Team"}),
        "list_webhooks": Call(_FORM),
        "set_webhook": Call({**_FORM, "tag": "crm", "url": "https://example.com/hook", "enabled": True, "secret": "s"}),
        "delete_webhook": Call({**_FORM, "tag": "crm"}),
    },
)
