"""Notion's own client, for Node."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_DATABASE: Final = {"id": "d1", "title": [], "data_sources": [{"id": "s1", "name": "Tasks"}]}
_SOURCE: Final = {
    "id": "s1",
    "properties": {
        "Name": {"type": "title"},
        "Status": {"type": "status", "status": {"options": [{"name": "Done"}]}},
        "Tags": {"type": "multi_select"},
        "Due": {"type": "date"},
        "Cost": {"type": "number"},
    },
}

OFFICIAL = Official(
    integration="notion",
    package="@notionhq/client",
    credentials=Credentials("internal_token", {"secret_text": "secret_key"}),
    calls={
        "find_page": Call({"title": "Launch", "exact_match": False, "limit": 10}),
        "search": Call({"query": "Launch", "kind": "data_source", "limit": 20, "cursor": "c1"}),
        "get_page": Call({"page_id": "p1"}),
        "getPageOrBlockChildren": Call({"parentId": "p1", "markdown": False}),
        "createPage": Call({"pageId": "p1", "title": "Launch", "content": "# Plan"}),
        "append_to_page": Call({"pageId": "p1", "content": "More"}),
        "replace_in_page": Call({"page_id": "p1", "old_text": "Old", "new_text": "New"}),
        "move_page": Call({"page_id": "p1", "new_parent_id": "p2"}),
        "trash_page": Call({"page_id": "p1"}),
        "delete_block": Call({"block_id": "b1"}),
        "retrieve_database": Call({"database_id": "d1"}, answers=(_DATABASE, _SOURCE)),
        "query_database": Call(
            {
                "database_id": "d1",
                "filter": {"property": "Status", "status": {"equals": "Done"}},
                "sorts": [{"property": "Due", "direction": "ascending"}],
                "limit": 50,
            },
            answers=(_DATABASE, {}),
        ),
        "notion-find-database-item": Call(
            {"database_id": "d1", "filterDatabaseFields": {"Name": "Launch", "Tags": "web"}},
            answers=(_DATABASE, _SOURCE, {}),
        ),
        "create_database_item": Call(
            {
                "database_id": "d1",
                "databaseFields": {
                    "Name": "Launch",
                    "Status": "Done",
                    "Tags": ["web", "urgent"],
                    "Due": "2026-11-21",
                    "Cost": 12.5,
                },
                "content": "# Plan",
            },
            answers=(_DATABASE, _SOURCE, {}),
        ),
        "update_database_item": Call(
            {"database_id": "d1", "database_item_id": "p1", "databaseFields": {"Status": "Done", "Due": None}},
            answers=(_DATABASE, _SOURCE, {}),
        ),
        "archive_database_item": Call({"database_id": "d1", "database_item_id": "p1"}),
        "restore_database_item": Call({"database_id": "d1", "archived_item_id": "p1"}),
        "create_database": Call({"page_id": "p1", "title": "Tasks", "properties": {"Name": {"title": {}}}}),
        "add_comment": Call({"page_id": "p1", "comment_text": "Well done"}),
        "reply_to_comment": Call({"discussion_id": "c1", "comment_text": "Thanks"}),
        "get_page_comments": Call({"page_id": "p1"}),
        "list_users": Call({}),
        "get_user": Call({"user_id": "u1"}),
    },
)
