"""What the google-sheets manifest can't say: rows by number, sheets by title, and which rows hold something."""

from collections.abc import Sequence
from typing import Final

from integrations.action import ActionCall
from integrations.builtin.google_drive import quoted
from integrations.builtin.google_sheets_cells import (
    column_index,
    described,
    first_of,
    in_sheet,
    matches,
    rows_of,
    sheet_of,
    spreadsheet_of,
    whole,
)
from integrations.failures import NotFound
from integrations.ports import Json

SPREADSHEET: Final = "spreadsheets/{spreadsheet}"
VALUES: Final = "spreadsheets/{spreadsheet}/values/{range}"
SHEETS: Final = "sheets(properties(sheetId,title,index,sheetType,hidden,gridProperties(rowCount,columnCount)))"
ABOUT: Final = f"spreadsheetId,spreadsheetUrl,properties(title,locale,timeZone),{SHEETS}"
UPDATED: Final = "updatedRange,updatedRows,updatedColumns,updatedCells"
FILES: Final = "nextPageToken,files(id,name,modifiedTime,owners(displayName,emailAddress),webViewLink)"
MIME_TYPE: Final = "application/vnd.google-apps.spreadsheet"


async def list_spreadsheets(call: ActionCall) -> Json:
    """The spreadsheets of the account, what changed last first. The address is Drive's."""
    arguments = call.arguments
    wanted = [f"mimeType = '{MIME_TYPE}'", "trashed = false"]
    if "query" in arguments:
        wanted.append(f"name contains {quoted(arguments['query'])}")
    query = {name: arguments[name] for name in ("pageSize", "pageToken") if name in arguments}
    if arguments.get("includeSharedDrives", True):
        query |= {"supportsAllDrives": True, "includeItemsFromAllDrives": True}
    ordered = {"q": " and ".join(wanted), "orderBy": "modifiedTime desc", "fields": FILES}
    return await call.api.get("files", query=query | ordered)


async def create_spreadsheet(call: ActionCall) -> Json:
    """Make a spreadsheet, with sheets of these titles."""
    titles = [title.strip() for title in call.arguments.get("sheetTitles", "").split(",") if title.strip()]
    body: dict[str, Json] = {"properties": {"title": call.arguments["title"]}}
    if titles:
        body["sheets"] = [{"properties": {"title": title}} for title in titles]
    return await call.api.post("spreadsheets", query={"fields": ABOUT}, json=body)


async def get_spreadsheet(call: ActionCall) -> Json:
    """A spreadsheet's title and sheets."""
    return await _about(call, ABOUT)


async def list_sheets(call: ActionCall) -> Json:
    """The sheets of a spreadsheet."""
    return {"sheets": await _sheets(call)}


async def get_sheet(call: ActionCall) -> Json:
    """One sheet's id, place and size."""
    return await _sheet(call)


async def read_range(call: ActionCall) -> Json:
    """The values of a range."""
    names = ("majorDimension", "valueRenderOption")
    asked = {name: call.arguments[name] for name in names if name in call.arguments}
    found = await call.api.get(VALUES, _cells(call), query=asked)
    values, omitted = first_of(found.get("values", []))
    return found | {"values": values} | ({"omittedRows": omitted} if omitted else {})


async def write_range(call: ActionCall) -> Json:
    """Put values into a range."""
    return await _write(call, call.arguments["range"], call.arguments["values"])


async def clear_range(call: ActionCall) -> Json:
    """Empty a range."""
    return await call.api.post(f"{VALUES}:clear", _cells(call), json={})


async def append_row(call: ActionCall) -> Json:
    """Add a row below the last one."""
    return await _append(call, [call.arguments["values"]])


async def append_rows(call: ActionCall) -> Json:
    """Add rows below the last one."""
    return await _append(call, call.arguments["values"])


async def get_row(call: ActionCall) -> Json:
    """One row."""
    number = int(call.arguments["rowNumber"])
    rows, header = await _rows(call, number, 1)
    return described(number, rows[0] if rows else [], header)


async def list_rows(call: ActionCall) -> Json:
    """Rows from one on; those that are empty at the end are not told."""
    first = int(call.arguments.get("startRow", 1))
    rows, header = await _rows(call, first, int(call.arguments.get("rowCount", 100)))
    told, omitted = first_of(rows)
    more = {"nextRow": first + len(told)} if omitted else {}
    return {"rows": [described(number, row, header) for number, row in enumerate(told, start=first)]} | more


async def find_rows(call: ActionCall) -> Json:
    """The rows that hold something in a column."""
    arguments = call.arguments
    first = int(arguments.get("startRow", 1))
    rows, header = await _rows(call, first, int(arguments.get("maxRows", 1000)))
    column, found = column_index(arguments["column"], header), list[Json]()
    mode, case_sensitive = arguments.get("matchMode", "exact"), bool(arguments.get("caseSensitive", False))
    for number, row in enumerate(rows, start=first):
        cell = row[column] if column < len(row) else ""
        if matches(cell, arguments["searchValue"], mode=mode, case_sensitive=case_sensitive):
            found.append(described(number, row, header))
    limit = int(arguments.get("limit", 20))
    return {"rows": found[:limit], "found": len(found), "searchedRows": len(rows)}


async def update_row(call: ActionCall) -> Json:
    """Put values into a row, from its first cell on."""
    return await _write(call, f"A{int(call.arguments['rowNumber'])}", [call.arguments["values"]])


async def clear_row(call: ActionCall) -> Json:
    """Empty a row."""
    where = {"spreadsheet": _id(call), "range": _row(call)}
    return await call.api.post(f"{VALUES}:clear", where, json={})


async def delete_row(call: ActionCall) -> Json:
    """Take a row out; those below move up."""
    number = int(call.arguments["rowNumber"])
    place = {"sheetId": (await _sheet(call))["sheetId"], "dimension": "ROWS"}
    cut = {"deleteDimension": {"range": place | {"startIndex": number - 1, "endIndex": number}}}
    await _change(call, cut)
    return {"deletedRow": number}


async def add_sheet(call: ActionCall) -> Json:
    """Make a sheet in a spreadsheet."""
    answer = await _change(call, {"addSheet": {"properties": {"title": call.arguments["title"]}}})
    return answer["replies"][0]["addSheet"]["properties"]


async def rename_sheet(call: ActionCall) -> Json:
    """Give a sheet another title."""
    named = {"sheetId": (await _sheet(call))["sheetId"], "title": call.arguments["title"]}
    await _change(call, {"updateSheetProperties": {"properties": named, "fields": "title"}})
    return named


async def delete_sheet(call: ActionCall) -> Json:
    """Take a sheet out of a spreadsheet."""
    found = {"sheetId": (await _sheet(call))["sheetId"]}
    await _change(call, {"deleteSheet": found})
    return found


async def copy_sheet(call: ActionCall) -> Json:
    """Copy a sheet into the same spreadsheet or another one."""
    where = {"spreadsheet": _id(call), "sheet": (await _sheet(call))["sheetId"]}
    target = call.arguments.get("destinationSpreadsheetId", where["spreadsheet"])
    body = {"destinationSpreadsheetId": spreadsheet_of({"spreadsheetId": target})}
    return await call.api.post(f"{SPREADSHEET}/sheets/{{sheet}}:copyTo", where, json=body)


def _id(call: ActionCall) -> str:
    return spreadsheet_of(call.arguments)


def _row(call: ActionCall) -> str:
    return rows_of(int(call.arguments["rowNumber"]), 1, sheet_of(call.arguments))


def _cells(call: ActionCall) -> dict[str, str]:
    return {"spreadsheet": _id(call), "range": in_sheet(call.arguments["range"], sheet_of(call.arguments))}


async def _rows(call: ActionCall, first: int, count: int) -> tuple[list[list[Json]], list[Json] | None]:
    """`count` rows from `first` on without empty ones at the end, and the header row if it was asked for."""
    sheet = sheet_of(call.arguments)
    ranges = [rows_of(first, count, sheet)]
    if "headerRow" in call.arguments:
        ranges.append(rows_of(int(call.arguments["headerRow"]), 1, sheet))
    query = {"ranges": ranges, "fields": "valueRanges(values)"}
    answer = await call.api.get(f"{SPREADSHEET}/values:batchGet", {"spreadsheet": _id(call)}, query=query)
    found: list[list[list[Json]]] = [each.get("values", []) for each in answer["valueRanges"]]
    header = next(iter(found[1]), list[Json]()) if len(found) > 1 else None
    return found[0], header


async def _write(call: ActionCall, cells: str, values: Json) -> Json:
    where = {"spreadsheet": _id(call), "range": in_sheet(cells, sheet_of(call.arguments))}
    query = {"valueInputOption": _input_option(call), "fields": UPDATED}
    return (await call.api.send("PUT", VALUES, where, query=query, json={"values": values})).json


async def _append(call: ActionCall, rows: Sequence[Json]) -> Json:
    sheet = sheet_of(call.arguments)
    where = {"spreadsheet": _id(call), "range": whole(sheet) if sheet else "A1"}
    query = {
        "valueInputOption": _input_option(call),
        "insertDataOption": "INSERT_ROWS",
        "fields": f"tableRange,updates({UPDATED})",
    }
    return await call.api.post(f"{VALUES}:append", where, query=query, json={"values": rows})


def _input_option(call: ActionCall) -> str:
    return call.arguments.get("valueInputOption", "USER_ENTERED")


async def _about(call: ActionCall, fields: str) -> Json:
    return await call.api.get(SPREADSHEET, {"spreadsheet": _id(call)}, query={"fields": fields})


async def _sheets(call: ActionCall) -> list[dict[str, Json]]:
    return [sheet["properties"] for sheet in (await _about(call, SHEETS)).get("sheets", [])]


async def _sheet(call: ActionCall) -> dict[str, Json]:
    """The sheet that is meant by its title or id, or the first. Raises NotFound with the titles that there are."""
    wanted, sheets = sheet_of(call.arguments), await _sheets(call)
    if wanted is None:  # A1 notation without a sheet means the first that is not hidden, too
        return next((sheet for sheet in sheets if not sheet.get("hidden")), sheets[0])
    for key in ("title", "sheetId"):
        for sheet in sheets:
            if str(sheet[key]) == wanted:
                return sheet
    titles = ", ".join(sheet["title"] for sheet in sheets)
    raise NotFound(f"There is no sheet {wanted!r}; there are {titles}.")


async def _change(call: ActionCall, request: Json) -> Json:
    body = {"requests": [request]}
    return await call.api.post(f"{SPREADSHEET}:batchUpdate", {"spreadsheet": _id(call)}, json=body)
