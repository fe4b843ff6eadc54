"""What Slack's stand-in is asked, as one story."""

from tests.integrations.catalog.scenario import Step

STEPS = [
    Step("list_channels", {"types": "public_channel", "limit": 50}),
    Step("create_channel", {"name": "launch"}, {"/name": "launch"}, {"launch": "/id"}),
    Step("set_channel_topic", {"channel": "$launch", "topic": "Liftoff"}),
    Step("find_user_by_email", {"email": "bob@example.com"}, {"/name": "bob"}, {"bob": "/id"}),
    Step("find_user_by_id", {"user_id": "$bob"}, {"/real_name": "Bob Roe"}),
    Step("find_user_by_handle", {"handle": "@Bob"}, {"/id": "$bob"}),
    Step("list_users", {"limit": 100}, {"/users/0/is_bot": False}),
    Step("invite_user_to_channel", {"channel": "$launch", "user": "$bob"}, {"/id": "$launch"}),
    Step("send_channel_message", {"channel": "$launch", "text": "first", "unfurl_links": False}, keep={"ts": "/ts"}),
    Step("send_channel_message", {"channel": "$launch", "text": "reply", "thread_ts": "$ts"}, keep={"reply": "/ts"}),
    Step("update_message", {"channel": "$launch", "timestamp": "$ts", "text": "second"}, {"/text": "second"}),
    Step("get_message", {"channel": "$launch", "timestamp": "$ts"}, {"/text": "second", "/ts": "$ts"}),
    Step("add_reaction", {"channel": "$launch", "timestamp": "$ts", "emoji_name": "tada"}, {"/ok": True}),
    Step("get_channel_history", {"channel": "$launch", "limit": 10}),
    Step("get_thread_replies", {"channel": "$launch", "thread_ts": "$ts"}, {"/messages/1/text": "reply"}),
    Step("get_message_permalink", {"channel": "$launch", "timestamp": "$ts"}, {"/channel": "$launch"}),
    Step("send_ephemeral_message", {"channel": "$launch", "user": "$bob", "text": "psst"}),
    Step(
        "schedule_message",
        {"channel": "$launch", "text": "later", "post_at": "$in_an_hour"},
        keep={"scheduled": "/scheduled_message_id"},
    ),
    Step("list_scheduled_messages", {"channel": "$launch"}, {"/scheduled_messages/0/id": "$scheduled"}),
    Step("delete_scheduled_message", {"channel": "$launch", "scheduled_message_id": "$scheduled"}, {"/ok": True}),
    Step("send_direct_message", {"user": "$bob", "text": "just you"}, {"/message/text": "just you"}),
    Step(
        "upload_file",
        {"channels": "$launch", "content": "a,b\n1,2\n", "filename": "table.csv", "title": "Table"},
        keep={"file": "/files/0/id"},
    ),
    Step("get_file", {"file_id": "$file"}, {"/name": "table.csv", "/size": 8}),
    Step(
        "add_bookmark",
        {"channel": "$launch", "title": "Plan", "link": "https://example.com/plan"},
        {"/title": "Plan"},
        {"bookmark": "/id"},
    ),
    Step("edit_bookmark", {"channel": "$launch", "bookmark_id": "$bookmark", "title": "Plan B"}, {"/title": "Plan B"}),
    Step("list_bookmarks", {"channel": "$launch"}, {"/bookmarks/0/title": "Plan B"}),
    Step("remove_bookmark", {"channel": "$launch", "bookmark_id": "$bookmark"}, {"/ok": True}),
    Step("update_user_status", {"status_text": "Away", "status_emoji": ":palm_tree:"}, {"/status_text": "Away"}),
    Step("get_user_profile", {}, {"/status_text": "Away"}),
    Step("delete_message", {"channel": "$launch", "timestamp": "$reply"}, {"/ts": "$reply"}),
]
