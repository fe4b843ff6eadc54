"""What GitHub's stand-in is asked, as one story."""

from tests.integrations.catalog.scenario import Step

NOTES = {"repository": "alice/alice-notes"}
STEPS = [
    Step("get_authenticated_user", {}, {"/login": "alice"}),
    Step("create_repository", {"name": "rocket", "private": True, "auto_init": True}, {"/full_name": "alice/rocket"}),
    Step("get_repository", NOTES, {"/private": True, "/default_branch": "main"}),
    Step("search_repositories", {"query": "notes", "per_page": 5}, {"/0/full_name": "alice/alice-notes"}),
    Step("fork_repository", {"repository": "acme/shared"}, {"/full_name": "alice/shared"}),
    Step("list_branches", NOTES, {"/0/name": "main"}, {"head": "/0/sha"}),
    Step("create_branch", {**NOTES, "source_branch": "main", "new_branch_name": "feature/moon"}, {"/sha": "$head"}),
    Step(
        "create_or_update_file",
        {**NOTES, "path": "docs/Über uns.md", "message": "Add", "content": "# Wir\n", "branch": "feature/moon"},
        {"/path": "docs/Über uns.md"},
        {"blob": "/sha", "commit": "/commit"},
    ),
    Step(
        "get_file_contents",
        {**NOTES, "path": "docs/Über uns.md", "ref": "feature/moon"},
        {"/content": "# Wir\n", "/encoding": "utf-8", "/sha": "$blob"},
    ),
    Step("get_file_contents", {**NOTES, "path": "docs", "ref": "feature/moon"}, {"/entries/0/name": "Über uns.md"}),
    Step("get_file_contents", {**NOTES, "path": ""}, {"/entries/0/type": "file"}),
    Step("list_commits", {**NOTES, "sha": "feature/moon", "per_page": 1}, {"/0/sha": "$commit", "/0/message": "Add"}),
    Step("create_tag", {**NOTES, "tag": "v1.0.0", "message": "One", "sha": "$commit"}, {"/ref": "refs/tags/v1.0.0"}),
    Step("list_tags", NOTES, {"/0/name": "v1.0.0"}),
    Step(
        "create_issue",
        {**NOTES, "title": "Broken", "body": "Since noon", "labels": "bug, urgent", "assignees": "alice"},
        {"/labels": ["bug", "urgent"], "/assignees": ["alice"], "/author": "alice"},
        {"issue": "/number"},
    ),
    Step("get_issue", {**NOTES, "issue_number": "$issue"}, {"/body": "Since noon"}),
    Step("update_issue", {**NOTES, "issue_number": "$issue", "title": "Mended", "labels": "bug"}, {"/labels": ["bug"]}),
    Step("list_issues", {**NOTES, "labels": "bug", "sort": "created", "per_page": 5}, {"/0/title": "Mended"}),
    Step("add_comment_to_issue", {**NOTES, "issue_number": "$issue", "body": "Thanks"}, {"/author": "alice"}),
    Step("list_issue_comments", {**NOTES, "issue_number": "$issue"}, {"/items/0/body": "Thanks"}),
    Step("search_issues", {"query": "Mended repo:alice/alice-notes"}, {"/0/number": "$issue"}),
    Step("lock_issue", {**NOTES, "issue_number": "$issue", "lock_reason": "resolved"}),
    Step("update_issue", {**NOTES, "issue_number": "$issue", "state": "closed"}, {"/state": "closed"}),
    Step(
        "create_pull_request",
        {**NOTES, "title": "To the moon", "head": "feature/moon", "base": "main"},
        {"/head": "feature/moon", "/draft": False},
        {"pull": "/number"},
    ),
    Step("get_pull_request", {**NOTES, "pull_number": "$pull"}, {"/title": "To the moon", "/merged": False}),
    Step("list_pull_requests", {**NOTES, "state": "open"}, {"/0/number": "$pull"}),
    Step("list_pull_request_files", {**NOTES, "pull_number": "$pull"}, {"/items": []}),  # the emulator diffs nothing
    Step("update_pull_request", {**NOTES, "pull_number": "$pull", "title": "To Mars"}, {"/title": "To Mars"}),
    Step("create_pull_request_review", {**NOTES, "pull_number": "$pull", "event": "COMMENT", "body": "Good"}),
    Step("merge_pull_request", {**NOTES, "pull_number": "$pull", "merge_method": "squash"}, {"/merged": True}),
    Step("delete_branch", {**NOTES, "branch": "feature/moon"}),
]
