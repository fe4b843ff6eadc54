"""What the monday manifest can't say: column values that travel as JSON in text, items page by page, files."""

import json
from base64 import b64decode
from binascii import Error
from collections.abc import Mapping
from secrets import token_hex
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.bare_http import send
from integrations.failures import InvalidInput, NotFound
from integrations.ports import HttpRequest, Json

_VALUES: Final = "column_values(ids: $columns) { id text type column { title } }"
_ITEM: Final = f"id name url updated_at group {{ id title }} {_VALUES}"
_BOARD: Final = (
    "query($board: [ID!]) { boards(ids: $board) { id name description url items_count workspace_id "
    "columns { id title type settings_str } groups { id title } } }"
)
_BOARD_ITEMS: Final = (
    "query($board: [ID!], $columns: [String!], $limit: Int!) "
    f"{{ boards(ids: $board) {{ items_page(limit: $limit) {{ cursor items {{ {_ITEM} }} }} }} }}"
)
_MORE_ITEMS: Final = (
    "query($cursor: String!, $columns: [String!], $limit: Int!) "
    f"{{ next_items_page(cursor: $cursor, limit: $limit) {{ cursor items {{ {_ITEM} }} }} }}"
)
_ITEMS_WITH: Final = (
    "query($board: ID!, $where: [ItemsPageByColumnValuesQuery!], $columns: [String!], $limit: Int!) "
    "{ items_page_by_column_values(board_id: $board, columns: $where, limit: $limit) "
    f"{{ cursor items {{ {_ITEM} }} }} }}"
)
_ONE_ITEM: Final = f"query($item: [ID!], $columns: [String!]) {{ items(ids: $item) {{ {_ITEM} }} }}"
_CREATE_ITEM: Final = (
    "mutation($board: ID!, $group: String, $name: String!, $values: JSON, $labels: Boolean) "
    "{ create_item(board_id: $board, group_id: $group, item_name: $name, column_values: $values, "
    "create_labels_if_missing: $labels) { id name url } }"
)
_CREATE_SUBITEM: Final = (
    "mutation($item: ID!, $name: String!, $values: JSON) "
    "{ create_subitem(parent_item_id: $item, item_name: $name, column_values: $values) { id name url } }"
)
_CHANGE_VALUES: Final = (
    "mutation($board: ID!, $item: ID!, $values: JSON!) "
    "{ change_multiple_column_values(board_id: $board, item_id: $item, column_values: $values) { id name url } }"
)
_CREATE_COLUMN: Final = (
    "mutation($board: ID!, $title: String!, $type: ColumnType!) "
    "{ create_column(board_id: $board, title: $title, column_type: $type) { id title type } }"
)
_CREATE_GROUP: Final = (
    "mutation($board: ID!, $name: String!) { create_group(board_id: $board, group_name: $name) { id title } }"
)


async def create_item(call: ActionCall) -> Json:
    """A new item."""
    given = call.arguments
    variables = {
        "board": given["board_id"],
        "group": given.get("group_id"),
        "name": given["item_name"],
        "values": json.dumps(given.get("column_values", {})),
        "labels": given.get("create_labels_if_missing", False),
    }
    return (await _asked(call, _CREATE_ITEM, variables))["create_item"]


async def create_subitem(call: ActionCall) -> Json:
    """A new item below another one."""
    given = call.arguments
    values = json.dumps(given.get("column_values", {}))
    variables = {"item": given["item_id"], "name": given["item_name"], "values": values}
    return (await _asked(call, _CREATE_SUBITEM, variables))["create_subitem"]


async def update_column_values(call: ActionCall) -> Json:
    """Other values in some columns."""
    return await _change(call, call.arguments["column_values"])


async def update_item_name(call: ActionCall) -> Json:
    """Another name; to the API it is a column like others."""
    return await _change(call, {"name": call.arguments["name"]})


async def create_column(call: ActionCall) -> Json:
    """A new column."""
    given = call.arguments
    variables = {"board": given["board_id"], "title": given["column_title"], "type": given["column_type"]}
    return (await _asked(call, _CREATE_COLUMN, variables))["create_column"]


async def create_group(call: ActionCall) -> Json:
    """A new group."""
    variables = {"board": call.arguments["board_id"], "name": call.arguments["group_name"]}
    return (await _asked(call, _CREATE_GROUP, variables))["create_group"]


async def get_board_values(call: ActionCall) -> Json:
    """One page of a board's items. A cursor knows its board and ends after an hour."""
    given = call.arguments
    variables = {"columns": given.get("column_ids"), "limit": int(given["limit"])}
    if "cursor" in given:
        answer = await _asked(call, _MORE_ITEMS, variables | {"cursor": given["cursor"]})
        return _page(answer["next_items_page"])
    boards = (await _asked(call, _BOARD_ITEMS, variables | {"board": [given["board_id"]]}))["boards"]
    if not boards:
        raise NotFound(f"There is no board {given['board_id']} that this account can see.")
    return _page(boards[0]["items_page"])


async def get_board(call: ActionCall) -> Json:
    """One board, and what its items are made of."""
    boards = (await _asked(call, _BOARD, {"board": [call.arguments["board_id"]]}))["boards"]
    if not boards:
        raise NotFound(f"There is no board {call.arguments['board_id']} that this account can see.")
    return boards[0]


async def find_items(call: ActionCall) -> Json:
    """Items with one of these values in a column."""
    given = call.arguments
    where = [{"column_id": given["column_id"], "column_values": given["values"]}]
    variables = {"board": given["board_id"], "where": where, "limit": int(given["limit"])}
    return _page((await _asked(call, _ITEMS_WITH, variables))["items_page_by_column_values"])


async def get_item_column_values(call: ActionCall) -> Json:
    """One item with its values."""
    given = call.arguments
    variables = {"item": [given["item_id"]], "columns": given.get("column_ids")}
    items = (await _asked(call, _ONE_ITEM, variables))["items"]
    if not items:
        raise NotFound(f"There is no item {given['item_id']} that this account can see.")
    return _brief(items[0])


async def upload_file(call: ActionCall) -> Json:
    """A file in a column, as multipart/form-data (developer.monday.com/api-reference/reference/assets-1)."""
    given = call.arguments
    place = f"item_id: {given['item_id']}, column_id: {json.dumps(given['file_column_id'])}"
    query = f"mutation($file: File!) {{ add_file_to_column({place}, file: $file) {{ id name url }} }}"
    content_type, body = _multipart(query, name=given["file_name"], content=await _content(call))
    answer = await call.api.send("POST", "file", content=body, headers={"Content-Type": content_type})
    return answer.json["data"]["add_file_to_column"]


async def _asked(call: ActionCall, document: str, variables: Mapping[str, Json]) -> Json:
    return (await call.api.post("", json={"query": document, "variables": variables}))["data"]


async def _change(call: ActionCall, values: Mapping[str, Json]) -> Json:
    given = call.arguments
    variables = {"board": given["board_id"], "item": given["item_id"], "values": json.dumps(values)}
    return (await _asked(call, _CHANGE_VALUES, variables))["change_multiple_column_values"]


def _page(page: Mapping[str, Json]) -> Json:
    return {"items": [_brief(item) for item in page["items"]], "next_cursor": page.get("cursor")}


def _brief(item: Mapping[str, Json]) -> dict[str, Json]:
    columns = [
        {"id": value["id"], "title": value["column"]["title"], "type": value["type"], "text": value["text"]}
        for value in item["column_values"]
    ]
    kept = {name: item.get(name) for name in ("id", "name", "url", "updated_at", "group")}
    return kept | {"columns": columns}


async def _content(call: ActionCall) -> bytes:
    file = str(call.arguments["file"])
    if file.startswith(("http://", "https://")):
        answer = await send(call.http, HttpRequest("GET", file), pointer="/file")
        if answer.status != 200:
            raise InvalidInput(f"file answered with status {answer.status}", path="/file")
        return answer.body
    try:
        return b64decode(file.partition(";base64,")[2] or file, validate=True)
    except (Error, ValueError) as error:
        raise InvalidInput("file is neither an address nor base64.", path="/file") from error


def _multipart(query: str, *, name: str, content: bytes) -> tuple[str, bytes]:
    boundary = token_hex(16)
    safe = name.translate(str.maketrans({'"': "'", "\r": " ", "\n": " ", "\\": "_"}))
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="query"\r\n\r\n{query}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="variables[file]"; filename="{safe}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return f"multipart/form-data; boundary={boundary}", head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
