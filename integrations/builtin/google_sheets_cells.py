"""Cells of Google Sheets as values: A1 notation, columns by letter, rows as records, and which rows match."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from integrations.failures import InvalidInput
from integrations.ports import Json

Row = Sequence[Json]

MAX_CHARACTERS: Final = 100_000
"""How much of a sheet's text one answer holds: more helps no reader, and a model least."""

SPREADSHEET_URL: Final = re.compile(r"/spreadsheets/d/([A-Za-z0-9_-]+)")


def spreadsheet_of(arguments: Mapping[str, Json]) -> str:
    """The id of the spreadsheet that is meant, also where its address was given. Raises InvalidInput without any."""
    given = arguments.get("spreadsheetId") or arguments.get("spreadsheet_dropdown")
    if not given:
        raise InvalidInput("spreadsheetId is missing: list_spreadsheets tells it.", path="/spreadsheetId")
    address = SPREADSHEET_URL.search(given)
    return address[1] if address else given


def sheet_of(arguments: Mapping[str, Json]) -> str | None:
    """The title of the sheet that is meant; None is the first one."""
    return arguments.get("sheetName") or arguments.get("sheet_dropdown") or None


def in_sheet(cells: str, sheet: str | None) -> str:
    """`cells` in A1 notation, in `sheet` unless they name one themselves."""
    if sheet is None or "!" in cells:
        return cells
    return f"{whole(sheet)}!{cells}"


def whole(sheet: str) -> str:
    """All cells of a sheet in A1 notation."""
    return "'" + sheet.replace("'", "''") + "'"


def rows_of(first: int, count: int, sheet: str | None) -> str:
    """Whole rows in A1 notation."""
    return in_sheet(f"{first}:{first + count - 1}", sheet)


def column_index(column: str, header: Row | None) -> int:
    """The place of a column from 0: by its letters, its number from 0, or what stands in the header row."""
    if header is not None and column in header:
        return header.index(column)
    if re.fullmatch(r"[0-9]{1,5}", column):
        return int(column)
    if not re.fullmatch(r"[A-Za-z]{1,3}", column):
        raise InvalidInput("column must be letters such as B, a number from 0, or a name of headerRow.", path="/column")
    index = 0
    for letter in column.upper():
        index = index * 26 + ord(letter) - ord("A") + 1
    return index - 1


def described(number: int, values: Row, header: Row | None) -> dict[str, Json]:
    """One row: its number, and its values, by the names of the header row where there is one."""
    if header is None:
        return {"rowNumber": number, "values": values}
    width = max(len(header), len(values))
    names, padded = _names(header, width), [*values, *[""] * (width - len(values))]
    return {"rowNumber": number, "record": dict(zip(names, padded, strict=True))}


def _names(header: Row, width: int) -> list[str]:
    """A name for each of `width` columns; one without, or with that of an earlier one, is called by its number."""
    names: list[str] = []
    for index in range(width):
        name = str(header[index]) if index < len(header) else ""
        names.append(name if name and name not in names else f"column {index + 1}")
    return names


def first_of(rows: Sequence[Row]) -> tuple[Sequence[Row], int]:
    """The first rows, as many as one answer holds (one at least), and how many are left out."""
    left = MAX_CHARACTERS
    for index, row in enumerate(rows):
        left -= sum(len(str(cell)) for cell in row)
        if left < 0 and index > 0:
            return rows[:index], len(rows) - index
    return rows, 0


def matches(cell: Json, wanted: str, *, mode: str, case_sensitive: bool) -> bool:
    """Whether a cell holds what is looked for."""
    text = str(cell)
    if not case_sensitive:
        text, wanted = text.casefold(), wanted.casefold()
    match mode:
        case "contains":
            return wanted in text
        case "starts_with":
            return text.startswith(wanted)
        case _:
            return text == wanted
