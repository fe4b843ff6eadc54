"""monday.com's schema, as its own client carries it."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.graphql_call import BySchema

_BOARD: Final = {"workspace_id": "1", "board_id": "2"}
_ITEM: Final = {"item_id": "3"}
_PAGE: Final = {"limit": 10, "page": 2}
_VALUES: Final = {"column_values": {"status": {"label": "Done"}}}
_CHANGE: Final = "mutation change_multiple_column_values"

SCHEMA = BySchema(
    integration="monday",
    package="@mondaydotcomorg/api",
    types="dist/esm/lib/generated/sdk.d.ts",
    origin="https://api.monday.com",
    credentials=Credentials("api_token", {"secret_text": "token1"}),
    # Without monday_upload_file_to_column: files travel beside the document, of which the schema says nothing.
    calls={
        "monday_get_board_values": (("query boards",), {**_BOARD, "column_ids": ["status"], "limit": 10}),
        "monday_find_items": (
            ("query items_page_by_column_values",),
            {**_BOARD, "column_id": "status", "values": ["Done"], "limit": 10},
        ),
        "monday_get_item_column_values": (("query items",), {**_BOARD, **_ITEM, "column_ids": ["status"]}),
        "monday_create_item": (
            ("mutation create_item",),
            {**_BOARD, "group_id": "g1", "item_name": "Call", **_VALUES, "create_labels_if_missing": True},
        ),
        "monday_create_subitem": (("mutation create_subitem",), {**_ITEM, "item_name": "Call", **_VALUES}),
        "monday_update_column_values_of_item": ((_CHANGE,), {**_BOARD, **_ITEM, **_VALUES}),
        "monday_update_item_name": ((_CHANGE,), {**_BOARD, **_ITEM, "name": "Call again"}),
        "monday_move_item_to_group": (("mutation move_item_to_group",), {**_ITEM, "group_id": "g1"}),
        "monday_archive_item": (("mutation archive_item",), _ITEM),
        "monday_delete_item": (("mutation delete_item",), _ITEM),
        "monday_create_update": (("mutation create_update",), {**_ITEM, "body": "Done"}),
        "monday_get_updates": (("query items",), {**_ITEM, "limit": 10}),
        "monday_list_boards": (("query boards",), {"workspace_id": "1", **_PAGE}),
        "monday_get_board": (("query boards",), _BOARD),
        "monday_create_board": (
            ("mutation create_board",),
            {"workspace_id": "1", "board_name": "Plan", "board_kind": "public", "description": "Ours"},
        ),
        "monday_create_column": (("mutation create_column",), {**_BOARD, "column_title": "Due", "column_type": "date"}),
        "monday_create_group": (("mutation create_group",), {**_BOARD, "group_name": "Next"}),
        "monday_list_workspaces": (("query workspaces",), _PAGE),
        "monday_list_users": (("query users",), {"name": "Ada", **_PAGE}),
        "monday_get_me": (("query me",), {}),
    },
)
