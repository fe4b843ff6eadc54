"""Figma's published description of its API."""

from pathlib import Path
from typing import Final

from integrations.ports import Credentials
from tests.integrations.catalog.openapi_call import ByDocument

_FILE: Final = {"fileKey": "abc"}
_TEAM: Final = {"teamId": "123", "page_size": 10, "after": "20", "before": "5"}
_COMMENT: Final = {**_FILE, "commentId": "c1"}
_TREE: Final = {**_FILE, "version": "1", "depth": 2, "geometry": "paths", "plugin_data": "shared"}
_HOOK: Final = {"event_type": "FILE_COMMENT", "endpoint": "https://example.com/hook", "passcode": "secret"}
_NEW_RESOURCE: Final = {"name": "Button", "url": "https://example.com", "file_key": "abc", "node_id": "1:2"}

DOCUMENT = ByDocument(
    integration="figma",
    package="@figma/rest-api-spec",
    path=Path("openapi", "openapi.yaml"),
    credentials=Credentials("personal_access_token", {"secret_text": "figd_1"}),
    auth_method="oauth",
    calls={
        "get_me": ("getMe", {}),
        "list_team_projects": ("getTeamProjects", {"teamId": "123"}),
        "list_project_files": ("getProjectFiles", {"projectId": "5", "branch_data": True}),
        "get_file_metadata": ("getFileMeta", _FILE),
        "get_file": ("getFile", {**_TREE, "ids": "1:2,1:3", "branch_data": True}),
        "get_file_nodes": ("getFileNodes", {**_TREE, "ids": "1:2,1:3"}),
        "list_versions": ("getFileVersions", {**_FILE, "page_size": 10, "after": "20", "before": "5"}),
        "render_images": (
            "getImages",
            {
                **_FILE,
                "ids": "1:2",
                "scale": 2.0,
                "format": "svg",
                "svg_outline_text": True,
                "svg_include_id": False,
                "svg_include_node_id": True,
            },
        ),
        "list_image_fills": ("getImageFills", _FILE),
        "list_comments": ("getComments", {**_FILE, "as_md": True}),
        "post_comment": (
            "postComment",
            {**_FILE, "message": "Nice", "clientMeta": {"x": 1.5, "y": 2}, "commentId": "c0"},
        ),
        "delete_comment": ("deleteComment", _COMMENT),
        "list_comment_reactions": ("getCommentReactions", {**_COMMENT, "cursor": "next"}),
        "add_comment_reaction": ("postCommentReaction", {**_COMMENT, "emoji": ":heart:"}),
        "delete_comment_reaction": ("deleteCommentReaction", {**_COMMENT, "emoji": ":heart:"}),
        "get_component": ("getComponent", {"key": "k1"}),
        "list_team_components": ("getTeamComponents", _TEAM),
        "list_file_components": ("getFileComponents", _FILE),
        "get_component_set": ("getComponentSet", {"key": "k1"}),
        "list_team_component_sets": ("getTeamComponentSets", _TEAM),
        "list_file_component_sets": ("getFileComponentSets", _FILE),
        "get_style": ("getStyle", {"key": "k1"}),
        "list_team_styles": ("getTeamStyles", _TEAM),
        "list_file_styles": ("getFileStyles", _FILE),
        "get_local_variables": ("getLocalVariables", _FILE),
        "get_published_variables": ("getPublishedVariables", _FILE),
        "update_variables": (
            "postVariables",
            {**_FILE, "payload": {"variableCollections": [{"action": "CREATE", "id": "c1", "name": "Colors"}]}},
        ),
        "list_dev_resources": ("getDevResources", {**_FILE, "node_ids": "1:2,1:3"}),
        "create_dev_resources": ("postDevResources", {"devResources": [_NEW_RESOURCE]}),
        "update_dev_resources": ("putDevResources", {"devResources": [{"id": "1", "name": "Button"}]}),
        "delete_dev_resource": ("deleteDevResource", {**_FILE, "devResourceId": "1"}),
        "list_webhooks": ("getWebhooks", {"context": "team", "context_id": "123", "cursor": "next"}),
        "get_webhook": ("getWebhook", {"webhookId": "9"}),
        "create_webhook": (
            "postWebhook",
            {**_HOOK, "context": "file", "context_id": "abc", "status": "PAUSED", "description": "Comments"},
        ),
        # Without update_webhook: the document requires a team_id there that it declares nowhere.
        "delete_webhook": ("deleteWebhook", {"webhookId": "9"}),
        "list_webhook_requests": ("getWebhookRequests", {"webhookId": "9"}),
    },
)
