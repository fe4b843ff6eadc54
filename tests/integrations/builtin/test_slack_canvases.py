from typing import Any

import pytest

from integrations.catalog import Catalog
from integrations.failures import InvalidInput
from integrations.testing import RecordedHttp, credentials, json_response, ports, sent_json


async def edited(**arguments: Any) -> Any:
    http = RecordedHttp([json_response({"ok": True})])
    action = Catalog().get("slack").actions["edit_canvas"]
    await action.run({"canvas_id": "F1", **arguments}, credentials("user", access_token="xoxp"), ports(http))
    return sent_json(http.request)["changes"]


async def test_a_change_holds_what_its_operation_needs_and_no_more():
    assert await edited(operation="rename", title="Plan", markdown="ignored") == [
        {"operation": "rename", "title_content": {"type": "markdown", "markdown": "Plan"}}
    ]
    assert await edited(operation="delete", section_id="s1", markdown="ignored") == [
        {"operation": "delete", "section_id": "s1"}
    ]
    assert await edited(operation="replace", markdown="New") == [
        {"operation": "replace", "document_content": {"type": "markdown", "markdown": "New"}}
    ]


@pytest.mark.parametrize(
    ("operation", "missing"),
    [("rename", "title"), ("delete", "section_id"), ("insert_after", "section_id"), ("insert_at_end", "markdown")],
)
async def test_a_change_that_lacks_something_is_refused_before_slack_is_asked(operation: str, missing: str):
    with pytest.raises(InvalidInput, match=missing) as caught:
        await edited(operation=operation)
    assert caught.value.path == f"/{missing}"
