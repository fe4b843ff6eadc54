"""Airtable's own client, for Node. It knows records; bases, tables and comments are not in it."""

from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

_TABLE: Final = {"base": "app1", "table": "Tasks & more"}
_FILES: Final = {"id": "rec1", "fields": {"Files": [{"id": "att1", "url": "https://files.example/1"}]}}

_NOTHING: Final = {"records": []}

OFFICIAL = Official(
    integration="airtable",
    package="airtable",
    credentials=Credentials("personal_access_token", {"secret_text": "pat1"}),
    calls={
        "list_records": Call(
            {
                **_TABLE,
                "view": "Open",
                "filter_by_formula": '{Status} = "Done"',
                "max_records": 50,
                "sort": [{"field": "Due", "direction": "asc"}],
                "fields": ["Name", "Due"],
            },
            answers=(_NOTHING,),
        ),
        "find_record": Call(
            {
                **_TABLE,
                "filter_by_formula": '{Email} = "ada@example.com"',
                "max_records": 10,
                "sort": [{"field": "Name"}],
            },
            answers=(_NOTHING,),
        ),
        "get_record": Call({**_TABLE, "record_id": "rec1"}),
        "create_record": Call({**_TABLE, "fields": {"Name": "Ada"}, "typecast": True}),
        "create_records": Call(
            {**_TABLE, "records": [{"fields": {"Name": "Ada"}}, {"fields": {"Name": "Bob"}}]}, answers=(_NOTHING,)
        ),
        "update_record": Call({**_TABLE, "record_id": "rec1", "fields": {"Status": "Done"}}),
        "update_records": Call(
            {**_TABLE, "records": [{"id": "rec1", "fields": {"Status": "Done"}}]}, answers=(_NOTHING,)
        ),
        "delete_record": Call({**_TABLE, "record_id": "rec1"}),
        "delete_records": Call({**_TABLE, "record_ids": ["rec1", "rec2"]}, answers=(_NOTHING,)),
        "upload_attachment": Call(
            {**_TABLE, "record_id": "rec1", "field_name": "Files", "url": "https://example.com/plan.pdf"},
            answers=(_FILES,),
        ),
    },
)
