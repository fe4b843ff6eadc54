"""Google Sheets beside Google's own client; the list of spreadsheets is Drive's."""

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Official

SHEETS = "sheets(properties(sheetId,title,index,sheetType,hidden,gridProperties(rowCount,columnCount)))"
ABOUT = f"spreadsheetId,spreadsheetUrl,properties(title,locale,timeZone),{SHEETS}"
UPDATED = "updatedRange,updatedRows,updatedColumns,updatedCells"
APPENDED = f"tableRange,updates({UPDATED})"
ROWS = "valueRanges(values)"
BOOK = {"spreadsheetId": "s1"}
TAB = BOOK | {"sheetName": "It's May"}
THERE = {
    "sheets": [{"properties": {"sheetId": 7, "title": "May"}}, {"properties": {"sheetId": 8, "title": "It's May"}}]
}
MADE = {"replies": [{"addSheet": {"properties": {"sheetId": 9, "title": "June"}}}]}

OFFICIAL = Official(
    integration="google-sheets",
    package=PACKAGE,
    address=address_of("sheets", "v4"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "list_spreadsheets": asks(
            {"query": "Bob's", "pageSize": 25.0, "pageToken": "p2", "includeSharedDrives": True},
            lambda google: google.drive.files().list(
                q="mimeType = 'application/vnd.google-apps.spreadsheet' and trashed = false"
                " and name contains 'Bob\\'s'",
                orderBy="modifiedTime desc",
                pageSize=25,
                pageToken="p2",
                supportsAllDrives=True,
                includeItemsFromAllDrives=True,
                fields="nextPageToken,files(id,name,modifiedTime,owners(displayName,emailAddress),webViewLink)",
            ),
            address=address_of("drive", "v3"),
        ),
        "get_spreadsheet": asks(
            {"spreadsheetId": "https://docs.google.com/spreadsheets/d/s1/edit#gid=0"},
            lambda google: google.sheets.spreadsheets().get(**BOOK, fields=ABOUT),
        ),
        "create_spreadsheet": asks(
            {"title": "Budget", "sheetTitles": "May, June"},
            lambda google: google.sheets.spreadsheets().create(
                body={
                    "properties": {"title": "Budget"},
                    "sheets": [{"properties": {"title": "May"}}, {"properties": {"title": "June"}}],
                },
                fields=ABOUT,
            ),
        ),
        "list_sheets": asks(
            {"spreadsheet_dropdown": "s1"}, lambda google: google.sheets.spreadsheets().get(**BOOK, fields=SHEETS)
        ),
        "get_sheet": asks(
            BOOK | {"sheetName": "8"},
            lambda google: google.sheets.spreadsheets().get(**BOOK, fields=SHEETS),
            answers=(THERE,),
        ),
        "add_sheet": asks(
            BOOK | {"title": "June"},
            lambda google: google.sheets.spreadsheets().batchUpdate(
                **BOOK, body={"requests": [{"addSheet": {"properties": {"title": "June"}}}]}
            ),
            answers=(MADE,),
        ),
        "rename_sheet": asks(
            TAB | {"title": "June"},
            lambda google: google.sheets.spreadsheets().get(**BOOK, fields=SHEETS),
            lambda google: google.sheets.spreadsheets().batchUpdate(
                **BOOK,
                body={
                    "requests": [
                        {
                            "updateSheetProperties": {
                                "properties": {"sheetId": 8, "title": "June"},
                                "fields": "title",
                            }
                        }
                    ]
                },
            ),
            answers=(THERE, {}),
        ),
        "copy_sheet": asks(
            TAB | {"destinationSpreadsheetId": "s2"},
            lambda google: google.sheets.spreadsheets().get(**BOOK, fields=SHEETS),
            lambda google: (
                google.sheets.spreadsheets().sheets().copyTo(**BOOK, sheetId=8, body={"destinationSpreadsheetId": "s2"})
            ),
            answers=(THERE, {}),
        ),
        "delete_sheet": asks(
            TAB,
            lambda google: google.sheets.spreadsheets().get(**BOOK, fields=SHEETS),
            lambda google: google.sheets.spreadsheets().batchUpdate(
                **BOOK, body={"requests": [{"deleteSheet": {"sheetId": 8}}]}
            ),
            answers=(THERE, {}),
        ),
        "list_rows": asks(
            TAB | {"startRow": 2.0, "rowCount": 10.0, "headerRow": 1.0},
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .batchGet(**BOOK, ranges=["'It''s May'!2:11", "'It''s May'!1:1"], fields=ROWS)
            ),
            answers=({"valueRanges": [{"values": [["Ada", 36]]}, {"values": [["Name", "Age"]]}]},),
        ),
        "get_row": asks(
            BOOK | {"rowNumber": 5},
            lambda google: google.sheets.spreadsheets().values().batchGet(**BOOK, ranges=["5:5"], fields=ROWS),
            answers=({"valueRanges": [{}]},),
        ),
        "find_rows": asks(
            BOOK | {"sheet_dropdown": "May", "column": "B", "searchValue": "ada", "maxRows": 50, "startRow": 2},
            lambda google: google.sheets.spreadsheets().values().batchGet(**BOOK, ranges=["'May'!2:51"], fields=ROWS),
            answers=({"valueRanges": [{}]},),
        ),
        "append_row": asks(
            TAB | {"values": ["Ada", 36, True], "valueInputOption": "RAW"},
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .append(
                    **BOOK,
                    range="'It''s May'",
                    valueInputOption="RAW",
                    insertDataOption="INSERT_ROWS",
                    fields=APPENDED,
                    body={"values": [["Ada", 36, True]]},
                )
            ),
        ),
        "append_rows": asks(
            BOOK | {"values": [["Ada"], ["Bob"]]},
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .append(
                    **BOOK,
                    range="A1",
                    valueInputOption="USER_ENTERED",
                    insertDataOption="INSERT_ROWS",
                    fields=APPENDED,
                    body={"values": [["Ada"], ["Bob"]]},
                )
            ),
        ),
        "update_row": asks(
            TAB | {"rowNumber": 5.0, "values": ["Ada", None, "=A1"]},
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .update(
                    **BOOK,
                    range="'It''s May'!A5",
                    valueInputOption="USER_ENTERED",
                    fields=UPDATED,
                    body={"values": [["Ada", None, "=A1"]]},
                )
            ),
        ),
        "clear_row": asks(
            TAB | {"rowNumber": 5},
            lambda google: google.sheets.spreadsheets().values().clear(**BOOK, range="'It''s May'!5:5", body={}),
        ),
        "delete_row": asks(
            BOOK | {"rowNumber": 5, "confirmDelete": True},
            lambda google: google.sheets.spreadsheets().get(**BOOK, fields=SHEETS),
            lambda google: google.sheets.spreadsheets().batchUpdate(
                **BOOK,
                body={
                    "requests": [
                        {
                            "deleteDimension": {
                                "range": {"sheetId": 7, "dimension": "ROWS", "startIndex": 4, "endIndex": 5}
                            }
                        }
                    ]
                },
            ),
            answers=(THERE, {}),
        ),
        "read_range": asks(
            BOOK
            | {
                "sheet_dropdown": "May",
                "range": "A1:D10",
                "majorDimension": "COLUMNS",
                "valueRenderOption": "FORMULA",
            },
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .get(**BOOK, range="'May'!A1:D10", majorDimension="COLUMNS", valueRenderOption="FORMULA")
            ),
        ),
        "read_ranges": asks(
            BOOK | {"ranges": ["A1:B2", "May!C3"], "valueRenderOption": "UNFORMATTED_VALUE"},
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .batchGet(
                    **BOOK,
                    ranges=["A1:B2", "May!C3"],
                    valueRenderOption="UNFORMATTED_VALUE",
                    fields="valueRanges(range,values)",
                )
            ),
        ),
        "write_range": asks(
            BOOK | {"range": "May!A1:B1", "values": [["a", 1.5]]},
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .update(
                    **BOOK,
                    range="May!A1:B1",
                    valueInputOption="USER_ENTERED",
                    fields=UPDATED,
                    body={"values": [["a", 1.5]]},
                )
            ),
        ),
        "write_ranges": asks(
            BOOK | {"data": [{"range": "A1", "values": [["a"]]}], "valueInputOption": "RAW"},
            lambda google: (
                google.sheets.spreadsheets()
                .values()
                .batchUpdate(
                    **BOOK,
                    fields="totalUpdatedCells,totalUpdatedRows,responses(updatedRange)",
                    body={"valueInputOption": "RAW", "data": [{"range": "A1", "values": [["a"]]}]},
                )
            ),
        ),
        "clear_range": asks(
            BOOK | {"range": "A1:B2"},
            lambda google: google.sheets.spreadsheets().values().clear(**BOOK, range="A1:B2", body={}),
        ),
        "batch_update": asks(
            BOOK | {"requests": [{"sortRange": {"range": {"sheetId": 7}, "sortSpecs": [{"dimensionIndex": 0}]}}]},
            lambda google: google.sheets.spreadsheets().batchUpdate(
                **BOOK,
                body={"requests": [{"sortRange": {"range": {"sheetId": 7}, "sortSpecs": [{"dimensionIndex": 0}]}}]},
            ),
        ),
    },
)
