"""Google Drive beside Google's own client."""

from dataclasses import replace

from googleapiclient.http import MediaInMemoryUpload

from tests.integrations.catalog.google_client import CREDENTIALS, PACKAGE, Google, address_of, asks
from tests.integrations.catalog.official_call import Official

FILE = "id,name,mimeType,parents,size,modifiedTime,owners(displayName,emailAddress),webViewLink,trashed"
PERMISSION = "id,type,role,emailAddress,domain,displayName,expirationTime"
COMMENT = "id,author(displayName),content,quotedFileContent,createdTime,modifiedTime,resolved"
REPLY = "id,author(displayName),content,action,createdTime"
APPS = "application/vnd.google-apps."
EVERYWHERE = {"supportsAllDrives": True, "includeItemsFromAllDrives": True}

OFFICIAL = Official(
    integration="google-drive",
    package=PACKAGE,
    address=address_of("drive", "v3"),
    credentials=CREDENTIALS,
    connect=Google,
    calls={
        "list_files": asks(
            {"folderId": "it's", "orderBy": "folder,name", "fields": "id,name", "pageSize": 25.0, "pageToken": "p2"},
            lambda google: google.drive.files().list(
                q="'it\\'s' in parents and trashed = false",
                orderBy="folder,name",
                pageSize=25,
                pageToken="p2",
                fields="nextPageToken,files(id,name)",
                **EVERYWHERE,
            ),
        ),
        "search_files": asks(
            {"query": "name contains 'report'", "orderBy": "modifiedTime desc", "pageSize": 10, "pageToken": "p2"},
            lambda google: google.drive.files().list(
                q="name contains 'report'",
                orderBy="modifiedTime desc",
                pageSize=10,
                pageToken="p2",
                fields=f"nextPageToken,files({FILE})",
                **EVERYWHERE,
            ),
        ),
        "get_file": asks(
            {"fileId": "f1", "fields": "id,md5Checksum"},
            lambda google: google.drive.files().get(fileId="f1", fields="id,md5Checksum", supportsAllDrives=True),
        ),
        "list_shared_drives": asks(
            {"pageSize": 25, "pageToken": "p2"},
            lambda google: google.drive.drives().list(
                pageSize=25, pageToken="p2", fields="nextPageToken,drives(id,name,createdTime)"
            ),
        ),
        "get_storage_quota": asks(
            {}, lambda google: google.drive.about().get(fields="user(displayName,emailAddress),storageQuota")
        ),
        "read_file": asks(
            {"fileId": "f1"},
            lambda google: google.drive.files().get(fileId="f1", fields="id,name,mimeType", supportsAllDrives=True),
            lambda google: google.drive.files().export(fileId="f1", mimeType="text/markdown"),
            answers=({"id": "f1", "name": "Plan", "mimeType": f"{APPS}document"}, {}),
        ),
        "download_file": replace(
            asks({"fileId": "f1"}, lambda google: google.drive.files().get_media(fileId="f1", supportsAllDrives=True)),
            only_theirs=(),  # here `alt` is what makes the answer the file itself
        ),
        "export_file": asks(
            {"fileId": "f1", "mimeType": "application/pdf"},
            lambda google: google.drive.files().export(fileId="f1", mimeType="application/pdf"),
        ),
        "upload_file": asks(
            {
                "name": "Plan",
                "content": "# Plan\n\nFrom Zoë\n",
                "mimeType": "text/markdown",
                "convertTo": "document",
                "folderId": "d1",
            },
            lambda google: google.drive.files().create(
                body={"name": "Plan", "mimeType": f"{APPS}document", "parents": ["d1"]},
                media_body=MediaInMemoryUpload("# Plan\n\nFrom Zoë\n".encode(), mimetype="text/markdown"),
                supportsAllDrives=True,
                fields=FILE,
            ),
        ),
        "update_file_content": asks(
            {"fileId": "f1", "content": "AP8=", "encoding": "base64", "mimeType": "image/png"},
            lambda google: google.drive.files().update(
                fileId="f1",
                media_body=MediaInMemoryUpload(b"\x00\xff", mimetype="image/png"),
                supportsAllDrives=True,
                fields=FILE,
            ),
        ),
        "create_folder": asks(
            {"name": "Trips", "parentFolderId": "d1"},
            lambda google: google.drive.files().create(
                body={"name": "Trips", "mimeType": f"{APPS}folder", "parents": ["d1"]},
                supportsAllDrives=True,
                fields=FILE,
            ),
        ),
        "copy_file": asks(
            {"fileId": "f1", "name": "Copy", "folderId": "d1"},
            lambda google: google.drive.files().copy(
                fileId="f1", body={"name": "Copy", "parents": ["d1"]}, supportsAllDrives=True, fields=FILE
            ),
        ),
        "update_file": asks(
            {"fileId": "f1", "name": "Plan B", "description": "Better", "starred": True},
            lambda google: google.drive.files().update(
                fileId="f1",
                body={"name": "Plan B", "description": "Better", "starred": True},
                supportsAllDrives=True,
                fields=FILE,
            ),
        ),
        "move_file": asks(
            {"fileId": "f1", "folderId": "d2"},
            lambda google: google.drive.files().get(fileId="f1", fields="parents", supportsAllDrives=True),
            lambda google: google.drive.files().update(
                fileId="f1", addParents="d2", removeParents="d1", supportsAllDrives=True, fields=FILE
            ),
            answers=({"parents": ["d1"]}, {}),
        ),
        "trash_file": asks(
            {"fileId": "f1"},
            lambda google: google.drive.files().update(
                fileId="f1", body={"trashed": True}, supportsAllDrives=True, fields=FILE
            ),
        ),
        "untrash_file": asks(
            {"fileId": "f1"},
            lambda google: google.drive.files().update(
                fileId="f1", body={"trashed": False}, supportsAllDrives=True, fields=FILE
            ),
        ),
        "delete_file": asks(
            {"fileId": "f1"}, lambda google: google.drive.files().delete(fileId="f1", supportsAllDrives=True)
        ),
        "list_permissions": asks(
            {"fileId": "f1", "pageSize": 25, "pageToken": "p2"},
            lambda google: google.drive.permissions().list(
                fileId="f1",
                pageSize=25,
                pageToken="p2",
                supportsAllDrives=True,
                fields=f"nextPageToken,permissions({PERMISSION})",
            ),
        ),
        "share_file": asks(
            {
                "fileId": "f1",
                "email": "ada@example.com",
                "role": "writer",
                "type": "user",
                "sendNotification": True,
                "message": "Have a look",
            },
            lambda google: google.drive.permissions().create(
                fileId="f1",
                body={"type": "user", "role": "writer", "emailAddress": "ada@example.com"},
                sendNotificationEmail=True,
                emailMessage="Have a look",
                supportsAllDrives=True,
                fields=PERMISSION,
            ),
        ),
        "share_file_by_link": asks(
            {"fileId": "f1", "role": "reader", "type": "domain", "domain": "example.com"},
            lambda google: google.drive.permissions().create(
                fileId="f1",
                body={"type": "domain", "role": "reader", "domain": "example.com"},
                supportsAllDrives=True,
                fields=PERMISSION,
            ),
        ),
        "remove_permission": asks(
            {"fileId": "f1", "permissionId": "p1"},
            lambda google: google.drive.permissions().delete(fileId="f1", permissionId="p1", supportsAllDrives=True),
        ),
        "list_comments": asks(
            {"fileId": "f1", "pageSize": 25, "pageToken": "p2"},
            lambda google: google.drive.comments().list(
                fileId="f1",
                pageSize=25,
                pageToken="p2",
                fields=f"nextPageToken,comments({COMMENT},replies({REPLY}))",
            ),
        ),
        "create_comment": asks(
            {"fileId": "f1", "content": "Nice"},
            lambda google: google.drive.comments().create(fileId="f1", body={"content": "Nice"}, fields=COMMENT),
        ),
        "reply_to_comment": asks(
            {"fileId": "f1", "commentId": "c1", "content": "Done", "action": "resolve"},
            lambda google: google.drive.replies().create(
                fileId="f1", commentId="c1", body={"content": "Done", "action": "resolve"}, fields=REPLY
            ),
        ),
        "list_revisions": asks(
            {"fileId": "f1", "pageSize": 25, "pageToken": "p2"},
            lambda google: google.drive.revisions().list(
                fileId="f1",
                pageSize=25,
                pageToken="p2",
                fields="nextPageToken,revisions(id,modifiedTime,size,lastModifyingUser(displayName,emailAddress))",
            ),
        ),
    },
)
