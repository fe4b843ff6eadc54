"""Box's own client, for Node."""

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

LIST = ({"entries": [], "total_count": 0},)

OFFICIAL = Official(
    integration="box",
    package="box-node-sdk",
    credentials=Credentials("oauth", {"access_token": "t0ken"}),
    calls={
        "search": Call({"query": "offer", "limit": 20.0, "offset": 20.0, "type": "file"}, answers=LIST),
        "list_folder_items": Call(
            {"folderId": "1", "limit": 20.0, "offset": 20.0, "fields": "name,size"}, answers=LIST
        ),
        "get_file_info": Call({"fileId": "2", "fields": "name,size"}),
        "get_folder_info": Call({"folderId": "1"}),
        "get_metadata_instances": Call({"fileId": "2"}, answers=LIST),
        "get_current_user": Call({}),
        "upload_text_file": Call(
            {"fileName": "grüße.txt", "parentFolderId": "1", "content": "Grüße", "contentType": "text/markdown"},
            address="https://upload.box.com",
        ),
        "create_folder": Call({"name": "New", "parentId": "1"}),
        "copy_file": Call({"fileId": "2", "parentFolderId": "1", "name": "copy.txt"}),
        "copy_folder": Call({"folderId": "3", "parentFolderId": "1"}),
        "update_file_info": Call({"itemId": "2", "payload": {"name": "new.txt", "parent": {"id": "1"}}}),
        "update_folder_info": Call({"itemId": "3", "payload": {"description": "Plans"}}),
        "create_shared_link": Call({"fileId": "2", "access": "company"}, answers=({"shared_link": {}},)),
        "delete_file": Call({"itemId": "2"}),
        "delete_folder": Call({"itemId": "3", "payload": {"recursive": True}}),
        "create_comment": Call({"fileId": "2", "message": "Fine"}),
        "list_file_comments": Call({"fileId": "2"}, answers=LIST),
        "create_task": Call(
            {"fileId": "2", "action": "complete", "message": "Please", "dueAt": "2026-11-30T12:00:00+00:00"}
        ),
        "create_collaboration": Call(
            {
                "itemId": "3",
                "itemType": "folder",
                "accessibleBy": {"type": "user", "login": "ada@example.com"},
                "role": "viewer",
                "notify": False,
            }
        ),
        "list_collaborations": Call(
            {"itemId": "2", "itemType": "file", "limit": 20.0, "marker": "m1"}, answers=({"entries": []},)
        ),
        "create_webhook": Call(
            {
                "targetId": "3",
                "targetType": "folder",
                "address": "https://example.com/box",
                "triggers": ["FILE.UPLOADED"],
            }
        ),
        "list_webhooks": Call({"limit": 20.0, "marker": "m1"}, answers=({"entries": []},)),
        "delete_webhook": Call({"webhookId": "4"}),
    },
)
