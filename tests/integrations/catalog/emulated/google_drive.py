"""What Google Drive's stand-in is asked, as one story: it knows files and folders, but not their sharing."""

from tests.integrations.catalog.scenario import Step

MARKDOWN = "text/markdown"
STEPS = [
    Step("create_folder", {"name": "Trips"}, {"/mimeType": "application/vnd.google-apps.folder"}, {"trips": "/id"}),
    Step("create_folder", {"name": "2026", "parentFolderId": "$trips"}, {"/parents/0": "$trips"}, {"year": "/id"}),
    Step(
        "upload_file",
        {"name": "plan.md", "content": "# Plan for Zoë", "mimeType": MARKDOWN, "folderId": "$trips"},
        {"/name": "plan.md", "/mimeType": MARKDOWN, "/parents/0": "$trips"},
        {"plan": "/id"},
    ),
    Step("search_files", {"query": f"mimeType = '{MARKDOWN}'"}, {"/files/0/id": "$plan"}),
    Step("get_file", {"fileId": "$plan"}, {"/name": "plan.md"}),
    Step("read_file", {"fileId": "$plan"}, {"/text": "# Plan for Zoë", "/totalCharacters": 14}),
    Step("download_file", {"fileId": "$plan"}, {"": "# Plan for Zoë"}),
    Step("update_file", {"fileId": "$plan", "name": "old.md"}, {"/name": "old.md"}),
    Step("move_file", {"fileId": "$plan", "folderId": "$year"}, {"/parents": ["$year"]}),
    Step("list_files", {"folderId": "$year"}, {"/files/0/id": "$plan"}),
]
