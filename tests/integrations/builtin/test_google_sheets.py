import pytest

from integrations.builtin.google_sheets_cells import column_index, in_sheet, matches, rows_of, spreadsheet_of
from integrations.failures import InvalidInput, NotFound
from integrations.testing import sent_json
from tests.integrations.builtin.google import answers, run

PEOPLE = [["Ada", "London"], ["Bob"], ["ADA", "Paris", "x"]]
HEADER = ["Name", "City"]
BOOK = {"spreadsheetId": "s1"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"spreadsheetId": "s1"}, "s1"),
        ({"spreadsheet_dropdown": "s2"}, "s2"),
        ({"spreadsheetId": "https://docs.google.com/spreadsheets/d/a-B_1/edit?gid=0#gid=0"}, "a-B_1"),
    ],
)
def test_a_spreadsheet_is_named_by_its_id_or_address(given: dict[str, str], found: str):
    assert spreadsheet_of(given) == found


@pytest.mark.parametrize("given", [{}, {"spreadsheetId": ""}])
def test_without_a_spreadsheet_nothing_can_be_done(given: dict[str, str]):
    with pytest.raises(InvalidInput) as caught:
        spreadsheet_of(given)
    assert caught.value.path == "/spreadsheetId"


def test_cells_are_written_as_google_reads_them():
    assert in_sheet("A1:B2", "It's May") == "'It''s May'!A1:B2"
    assert in_sheet("June!A1", "May") == "June!A1"
    assert rows_of(2, 10, None) == "2:11"


@pytest.mark.parametrize(("column", "index"), [("A", 0), ("z", 25), ("AA", 26), ("BC", 54), ("0", 0), ("7", 7)])
def test_a_column_is_named_by_letters_or_number(column: str, index: int):
    assert column_index(column, None) == index


def test_a_column_is_named_by_its_header_first():
    assert column_index("City", HEADER) == 1
    assert column_index("A", ["B", "A"]) == 1
    with pytest.raises(InvalidInput):
        column_index("City", None)


@pytest.mark.parametrize(
    ("mode", "case_sensitive", "found"),
    [("exact", False, True), ("exact", True, False), ("contains", False, True), ("starts_with", True, False)],
)
def test_a_cell_matches_as_it_was_asked(mode: str, case_sensitive: bool, found: bool):
    assert matches("Ada", "ada", mode=mode, case_sensitive=case_sensitive) is found


async def test_rows_are_found_with_their_numbers_and_names():
    http = answers({"valueRanges": [{"values": PEOPLE}, {"values": [HEADER]}]})
    asked = {"column": "Name", "searchValue": "ada", "startRow": 2, "headerRow": 1}
    assert await run("google-sheets.find_rows", http, **BOOK, **asked) == {
        "rows": [
            {"rowNumber": 2, "record": {"Name": "Ada", "City": "London"}},
            {"rowNumber": 4, "record": {"Name": "ADA", "City": "Paris", "column 3": "x"}},
        ],
        "found": 2,
        "searchedRows": 3,
    }


async def test_no_more_rows_than_were_wanted_but_all_are_counted():
    http = answers({"valueRanges": [{"values": PEOPLE}]})
    found = await run(
        "google-sheets.find_rows", http, **BOOK, column="A", searchValue="a", matchMode="contains", limit=1
    )
    assert ([row["rowNumber"] for row in found["rows"]], found["found"]) == ([1], 2)


async def test_a_sheet_of_novels_comes_in_parts():
    novels = [["x" * 60_000]] * 3
    found = await run("google-sheets.read_range", answers({"range": "A1:A3", "values": novels}), **BOOK, range="A1:A3")
    assert (len(found["values"]), found["omittedRows"]) == (1, 2)
    listed = await run("google-sheets.list_rows", answers({"valueRanges": [{"values": novels}]}), **BOOK, startRow=5)
    assert ([row["rowNumber"] for row in listed["rows"]], listed["nextRow"]) == ([5], 6)


async def test_a_row_shorter_than_its_header_has_empty_cells():
    http = answers({"valueRanges": [{"values": [["Bob"]]}, {"values": [HEADER]}]})
    found = await run("google-sheets.get_row", http, **BOOK, rowNumber=3, headerRow=1)
    assert found == {"rowNumber": 3, "record": {"Name": "Bob", "City": ""}}


async def test_no_cell_is_lost_where_two_columns_have_one_name():
    http = answers({"valueRanges": [{"values": [["a", "b", "c"]]}, {"values": [["Name", "Name", ""]]}]})
    found = await run("google-sheets.get_row", http, **BOOK, rowNumber=2, headerRow=1)
    assert found["record"] == {"Name": "a", "column 2": "b", "column 3": "c"}


async def test_a_sheet_that_is_not_there_is_told_with_those_that_are():
    http = answers({"sheets": [{"properties": {"sheetId": 1, "title": "May"}}]})
    with pytest.raises(NotFound, match="there are May"):
        await run("google-sheets.delete_row", http, **BOOK, sheetName="June", rowNumber=2, confirmDelete=True)
    assert len(http.requests) == 1


async def test_the_first_sheet_is_the_first_that_people_see():
    hidden = {"properties": {"sheetId": 1, "title": "Raw", "hidden": True}}
    http = answers({"sheets": [hidden, {"properties": {"sheetId": 2, "title": "May"}}]}, {})
    await run("google-sheets.delete_row", http, **BOOK, rowNumber=1, confirmDelete=True)
    assert sent_json(http.requests[1])["requests"][0]["deleteDimension"]["range"]["sheetId"] == 2
