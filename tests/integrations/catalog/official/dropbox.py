"""Dropbox's own client for Python."""

from typing import Any
from urllib.parse import urlsplit

import dropbox
import requests
from dropbox import files, sharing
from dropbox.session import API_CONTENT_HOST, API_HOST

from integrations.ports import Credentials
from tests.integrations.catalog.official_call import Call, Official

CONTENT = f"https://{API_CONTENT_HOST}"
MOVED = {"from_path": "/a/old.txt", "to_path": "/b/new.txt", "autorename": True}
OF_A_LIST = [
    *("include_media_info", "include_deleted", "include_has_explicit_shared_members", "include_mounted_folders"),
    *("include_non_downloadable_files", "include_restorable_info"),
]
"""The API's own defaults, which the client sends along."""
METADATA = ({"metadata": {}},)


def connect(address: str) -> Any:
    """The client takes no address, but a session."""

    class ToLoopback(requests.Session):
        def post(self, url: Any, *args: Any, **options: Any) -> requests.Response:
            return super().post(address + urlsplit(url).path, *args, **options)

    session = ToLoopback()
    session.trust_env = False
    return dropbox.Dropbox("t0ken", session=session, max_retries_on_error=0, auto_content_hash=False)


OFFICIAL = Official(
    integration="dropbox",
    package="dropbox",
    address=f"https://{API_HOST}",
    credentials=Credentials("oauth", {"access_token": "t0ken"}),
    connect=connect,
    calls={
        "list_dropbox_folder": Call(
            {"path": "/a", "recursive": True, "limit": 20.0},
            lambda client: client.files_list_folder("/a", recursive=True, limit=20),
            only_theirs=OF_A_LIST,
        ),
        "search_dropbox": Call(
            {
                "query": "offer",
                "path": "/a",
                "max_results": 20.0,
                "order_by": "last_modified_time",
                "file_status": "active",
                "filename_only": True,
                "file_extensions": "pdf, docx",
                "file_categories": "document",
                "account_id": "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc",
            },
            lambda client: client.files_search_v2(
                "offer",
                files.SearchOptions(
                    path="/a",
                    max_results=20,
                    order_by=files.SearchOrderBy.last_modified_time,
                    file_status=files.FileStatus.active,
                    filename_only=True,
                    file_extensions=["pdf", "docx"],
                    file_categories=[files.FileCategory.document],
                    account_id="dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc",
                ),
            ),
        ),
        "get_dropbox_metadata": Call(
            {"path": "/a/x.txt"}, lambda client: client.files_get_metadata("/a/x.txt"), only_theirs=OF_A_LIST
        ),
        "list_dropbox_revisions": Call(
            {"path": "/a/x.txt", "limit": 5.0},
            lambda client: client.files_list_revisions("/a/x.txt", limit=5),
            only_theirs=["mode", "include_restorable_info"],
        ),
        "downloadFile": Call(
            {"path": "/a/ä.txt"}, lambda client: client.files_download("/a/ä.txt"), (b"hello",), address=CONTENT
        ),
        "get_dropbox_file_link": Call(
            {"path": "/a/x.txt"}, lambda client: client.files_get_temporary_link("/a/x.txt"), METADATA
        ),
        "create_new_dropbox_text_file": Call(
            {"path": "/a/notes.txt", "text": "Grüße", "autorename": True},
            lambda client: client.files_upload("Grüße".encode(), "/a/notes.txt", autorename=True),
            address=CONTENT,
        ),
        "upload_dropbox_file": Call(
            {"path": "/a/ü.bin", "file": "AAEC", "mute": True, "strict_conflict": True},
            lambda client: client.files_upload(b"\x00\x01\x02", "/a/ü.bin", mute=True, strict_conflict=True),
            address=CONTENT,
        ),
        "create_new_dropbox_folder": Call(
            {"path": "/Homework/math", "autorename": True},
            lambda client: client.files_create_folder_v2("/Homework/math", autorename=True),
            METADATA,
        ),
        "move_dropbox_file": Call(
            MOVED, lambda client: client.files_move_v2(**MOVED), METADATA, only_theirs=["allow_shared_folder"]
        ),
        "move_dropbox_folder": Call(
            MOVED, lambda client: client.files_move_v2(**MOVED), METADATA, only_theirs=["allow_shared_folder"]
        ),
        "copy_dropbox_file": Call(
            MOVED, lambda client: client.files_copy_v2(**MOVED), METADATA, only_theirs=["allow_shared_folder"]
        ),
        "copy_dropbox_folder": Call(
            MOVED | {"allow_ownership_transfer": True},
            lambda client: client.files_copy_v2(**MOVED, allow_ownership_transfer=True),
            METADATA,
            only_theirs=["allow_shared_folder"],
        ),
        "delete_dropbox_file": Call({"path": "/a/x.txt"}, lambda client: client.files_delete_v2("/a/x.txt"), METADATA),
        "delete_dropbox_folder": Call({"path": "/a"}, lambda client: client.files_delete_v2("/a"), METADATA),
        "restore_dropbox_file": Call(
            {"path": "/a/x.txt", "rev": "a1c10ce0dd78"},
            lambda client: client.files_restore("/a/x.txt", "a1c10ce0dd78"),
        ),
        "create_dropbox_shared_link": Call(
            {"path": "/a/x.txt", "audience": "team"},
            lambda client: client.sharing_create_shared_link_with_settings(
                "/a/x.txt", sharing.SharedLinkSettings(audience=sharing.LinkAudience.team)
            ),
        ),
        "list_dropbox_shared_links": Call(
            {"path": "/a/x.txt"},
            lambda client: client.sharing_list_shared_links("/a/x.txt", direct_only=True),
            ({"links": [], "has_more": False},),
        ),
        "get_dropbox_space_usage": Call({}, lambda client: client.users_get_space_usage()),
    },
)
