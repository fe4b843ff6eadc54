"""Microsoft's own client for Python, for teams and chats."""

from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.channel import Channel
from msgraph.generated.models.channel_membership_type import ChannelMembershipType
from msgraph.generated.models.chat_message import ChatMessage
from msgraph.generated.models.item_body import ItemBody

from tests.integrations.catalog.microsoft_client import (
    asks,
    having,
    of_graph,
)

MESSAGE = ChatMessage(body=ItemBody(content_type=BodyType.Html, content="<p>Hello</p>"))
CHANNEL = {"teamId": "t1", "channelId": "19:c1@thread.tacv2"}
SAID = {"message": "<p>Hello</p>", "contentType": "html"}

OFFICIAL = of_graph(
    "microsoft-teams",
    {
        "list_teams": asks({}, lambda client: client.me.joined_teams.get(), answers=({"value": []},)),
        "list_channels": asks(
            {"teamId": "t1"}, lambda client: client.teams.by_team_id("t1").channels.get(), answers=({"value": []},)
        ),
        "list_members": asks(
            {"teamId": "t1"}, lambda client: client.teams.by_team_id("t1").members.get(), answers=({"value": []},)
        ),
        "create_channel": asks(
            {"teamId": "t1", "displayName": "Plans", "description": "What is next", "membershipType": "private"},
            lambda client: client.teams.by_team_id("t1").channels.post(
                Channel(
                    display_name="Plans",
                    description="What is next",
                    membership_type=ChannelMembershipType.Private,
                )
            ),
        ),
        "list_channel_messages": asks(
            {**CHANNEL, "top": 5},
            lambda client: (
                listed := client.teams.by_team_id("t1").channels.by_channel_id(CHANNEL["channelId"]).messages
            ).get(having(listed, top=5)),
            answers=({"value": []},),
        ),
        "send_channel_message": asks(
            {**CHANNEL, **SAID},
            lambda client: (
                client.teams.by_team_id("t1").channels.by_channel_id(CHANNEL["channelId"]).messages.post(MESSAGE)
            ),
        ),
        "list_chats": asks(
            {"top": 5}, lambda client: client.me.chats.get(having(client.me.chats, top=5)), answers=({"value": []},)
        ),
        "list_chat_messages": asks(
            {"chatId": "19:x@thread.v2", "top": 5},
            lambda client: (listed := client.chats.by_chat_id("19:x@thread.v2").messages).get(having(listed, top=5)),
            answers=({"value": []},),
        ),
        "send_chat_message": asks(
            {"chatId": "19:x@thread.v2", **SAID},
            lambda client: client.chats.by_chat_id("19:x@thread.v2").messages.post(MESSAGE),
        ),
    },
)
