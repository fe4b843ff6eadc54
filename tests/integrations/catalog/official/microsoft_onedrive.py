"""Microsoft's own client for Python, for files."""

from typing import TYPE_CHECKING

from msgraph.generated.drives.item.items.item.create_link.create_link_post_request_body import (
    CreateLinkPostRequestBody,
)
from msgraph.generated.models.drive_item import DriveItem
from msgraph.generated.models.folder import Folder
from msgraph.graph_service_client import GraphServiceClient

from tests.integrations.catalog.microsoft_client import (
    MY_DRIVE,
    asks,
    having,
    of_graph,
)

if TYPE_CHECKING:  # this part of the client warns of itself when it is loaded
    from msgraph.generated.drives.item.items.item.drive_item_item_request_builder import DriveItemItemRequestBuilder


def item(client: GraphServiceClient, named: str) -> "DriveItemItemRequestBuilder":
    """A file or folder by its id, or by `root:/its/path:`."""
    return client.drives.by_drive_id(MY_DRIVE).items.by_drive_item_id(named)


OFFICIAL = of_graph(
    "microsoft-onedrive",
    {
        "list_files": asks(
            {"path": "/Documents/Q1 & Q2", "top": 5},
            lambda client: (listed := item(client, "root:/Documents/Q1 & Q2:").children).get(having(listed, top=5)),
            answers=({"value": []},),
        ),
        "search_files": asks(
            {"query": "Ada's plan", "top": 5},
            lambda client: (found := item(client, "root").search_with_q("Ada''s plan")).get(having(found, top=5)),
            answers=({"value": []},),
        ),
        "get_file": asks({"itemId": "i1"}, lambda client: item(client, "i1").get()),
        "upload_file": asks(
            {"fileName": "a b.csv", "parentPath": "/Documents", "content": "a,b", "contentType": "text/csv"},
            lambda client: item(client, "root:/Documents/a b.csv:").content.put(b"a,b"),
        ),
        "create_folder": asks(
            {"folderName": "Plans", "parentPath": "/Documents"},
            lambda client: item(client, "root:/Documents:").children.post(
                DriveItem(
                    name="Plans",
                    folder=Folder(),
                    additional_data={"@microsoft.graph.conflictBehavior": "rename"},
                )
            ),
        ),
        "share_file": asks(
            {"itemId": "i1", "type": "edit", "scope": "anonymous"},
            lambda client: item(client, "i1").create_link.post(
                CreateLinkPostRequestBody(type="edit", scope="anonymous")
            ),
            only_theirs=("retainInheritedPermissions", "sendNotification"),  # the client says no where nobody asked
        ),
        "delete_file": asks({"itemId": "i1"}, lambda client: item(client, "i1").delete()),
    },
)
