import asyncio
import time

import pytest

from integrations.accounts import ProviderAccount, identify, verify
from integrations.failures import CredentialsRejected, InvalidInput, NotFound, PermissionMissing, RateLimited
from integrations.options import lookup_options
from integrations.ports import Credentials
from tests.integrations.catalog.accounts import CATALOG, Account, connect
from tests.integrations.catalog.emulated.slack import STEPS
from tests.integrations.catalog.scenario import play
from tests.parts.emulators import Emulators
from tests.parts.strict_guard import Fault

NOT_EMULATED = {
    "search_messages": "the emulator has no search.messages",
    "list_usergroups": "the emulator has no user groups",
    "create_usergroup": "the emulator has no user groups",
    "update_usergroup": "the emulator has no user groups",
    "update_usergroup_users": "the emulator has no user groups",
    "enable_usergroup": "the emulator has no user groups",
    "disable_usergroup": "the emulator has no user groups",
    "list_canvases": "the emulator has no canvases",
    "find_canvas_sections": "the emulator has no canvases",
    "create_canvas": "the emulator has no canvases",
    "create_channel_canvas": "the emulator has no canvases",
    "edit_canvas": "the emulator has no canvases",
    "delete_canvas": "the emulator has no canvases",
}


@pytest.fixture
async def alice(fresh_emulators: Emulators) -> Account:
    return await connect(fresh_emulators, "slack", "alice")


async def test_the_actions_do_what_they_say(alice: Account):
    await play(alice, STEPS, in_an_hour=int(time.time()) + 3600)


def test_every_action_is_run_or_is_known_not_to_be_emulated():
    assert {step.action for step in STEPS} | NOT_EMULATED.keys() == CATALOG.get("slack").actions.keys()


async def test_a_message_is_written_by_the_person_whose_account_it_is(fresh_emulators: Emulators):
    channel = await fresh_emulators.slack_channel_id("general")
    for person in ("alice", "bob"):
        account = await connect(fresh_emulators, "slack", person)
        await account.run("send_channel_message", channel=channel, text=f"I am {person}")
    bot = await connect(fresh_emulators, "slack", "bob", auth_method="bot")
    await bot.run("send_channel_message", channel=channel, text="I am nobody")
    written = [(message.author, message.text) for message in await fresh_emulators.slack_messages("general")]
    assert written[-3:] == [("alice", "I am alice"), ("bob", "I am bob"), ("toolgate", "I am nobody")]


async def test_the_account_is_named_after_the_person_or_the_team(fresh_emulators: Emulators):
    app_scopes = {"scope": "chat:write", "user_scope": "chat:write"}
    answer = await fresh_emulators.issue_token("slack", "alice", ask=app_scopes)
    alice = await connect(fresh_emulators, "slack", "alice")
    person = Credentials("user", {"access_token": answer["authed_user"]["access_token"]})
    bot = Credentials("bot", {"access_token": answer["access_token"]})
    who = await identify(alice.integration, person, alice.ports, token_answer=answer)
    assert who == ProviderAccount(answer["authed_user"]["id"], "alice")
    team = await identify(alice.integration, bot, alice.ports, token_answer=answer)
    assert team == ProviderAccount(answer["bot_user_id"], "Acme")
    assert await verify(alice.integration, bot, alice.ports)


async def test_channels_and_users_can_be_looked_up_by_part_of_their_name(alice: Account):
    for name, search, label in (("list_channels", "GEN", "general"), ("list_users", "bob", "Bob Roe")):
        lookup = alice.integration.option_lookup(name)
        found = await lookup_options(lookup, {}, credentials=alice.credentials, ports=alice.ports, search=search)
        assert [option.label for option in found] == [label]
        assert str(found[0].value)[0] in "CU"


async def test_a_revoked_token_asks_for_a_new_connection(fresh_emulators: Emulators, alice: Account):
    fresh_emulators.revoke(alice.token)
    with pytest.raises(CredentialsRejected, match="token_revoked"):
        await alice.run("list_channels")


async def test_a_missing_scope_is_named(fresh_emulators: Emulators, alice: Account):
    answer = await fresh_emulators.issue_token("slack", "bob", ask={"scope": "", "user_scope": "channels:read"})
    narrow = Credentials("user", {"access_token": answer["authed_user"]["access_token"]})
    with pytest.raises(PermissionMissing) as caught:
        await Account(alice.integration, narrow, alice.ports).run("list_users")
    assert caught.value.needed == ("users:read",)


async def test_a_rate_limit_says_when_to_come_back(fresh_emulators: Emulators, alice: Account):
    fresh_emulators.inject("slack", Fault(status=429, retry_after_seconds=30, path="/api/chat.postMessage"))
    with pytest.raises(RateLimited) as caught:
        await alice.run("send_channel_message", channel="C1", text="hi")
    assert caught.value.retry_after == 30


@pytest.mark.parametrize(
    ("action", "arguments", "failure"),
    [
        ("send_channel_message", {"channel": "C000000000", "text": "hi"}, NotFound),
        ("find_user_by_email", {"email": "nobody@example.com"}, NotFound),
        ("find_user_by_handle", {"handle": "nobody"}, NotFound),
        ("create_channel", {"name": "general"}, InvalidInput),
        ("upload_file", {"channels": "C1", "filename": "x"}, InvalidInput),
    ],
)
async def test_failures_are_told_apart(
    alice: Account, action: str, arguments: dict[str, str], failure: type[Exception]
):
    with pytest.raises(failure):
        await alice.run(action, **arguments)


async def test_a_message_that_is_not_there_is_not_found(fresh_emulators: Emulators, alice: Account):
    channel = await fresh_emulators.slack_channel_id("general")
    await alice.run("send_channel_message", channel=channel, text="newer")
    with pytest.raises(NotFound, match=r"1000000000\.000001"):
        await alice.run("get_message", channel=channel, timestamp="1000000000.000001")


async def test_two_people_can_write_at_once_without_mixing_accounts(fresh_emulators: Emulators):
    channel = await fresh_emulators.slack_channel_id("random")
    people = [await connect(fresh_emulators, "slack", person) for person in ("alice", "bob")]
    await asyncio.gather(
        *(people[number % 2].run("send_channel_message", channel=channel, text=f"{number}") for number in range(20))
    )
    written = await fresh_emulators.slack_messages("random")
    assert {(int(message.text) % 2, message.author) for message in written} == {(0, "alice"), (1, "bob")}
    assert len(written) == 20
