import email
from base64 import urlsafe_b64decode
from email.message import EmailMessage
from email.policy import default

import pytest

from integrations.accounts import ProviderAccount, identify
from integrations.failures import CredentialsRejected, InvalidInput, NotFound, RateLimited
from integrations.options import lookup_options
from tests.integrations.catalog.accounts import CATALOG, Account, connect
from tests.integrations.catalog.emulated.gmail import FILE, LETTER, STEPS
from tests.integrations.catalog.scenario import play
from tests.parts.emulators import Emulators
from tests.parts.strict_guard import Fault

NOT_EMULATED = {
    "get_profile": "the emulator has no users.getProfile",
    "get_send_as_alias": "the emulator lists sending addresses, but hands out none by itself",
}


@pytest.fixture
async def alice(fresh_emulators: Emulators) -> Account:
    return await connect(fresh_emulators, "google", "alice")


async def test_the_actions_do_what_they_say(alice: Account):
    await play(alice, STEPS)


def test_every_action_is_run_or_is_known_not_to_be_emulated():
    assert {step.action for step in STEPS} | NOT_EMULATED.keys() == CATALOG.get("gmail").actions.keys()


async def test_a_mail_is_sent_from_the_mailbox_of_the_person_whose_account_it_is(fresh_emulators: Emulators):
    for person in ("alice", "bob"):
        account = await connect(fresh_emulators, "google", person)
        await account.run("send_email", to="carol@example.com", subject=f"From {person}", body="Hello")
    for person in ("alice", "bob"):
        sent = await fresh_emulators.gmail_messages(person, label="SENT")
        assert [(mail.sender, mail.subject) for mail in sent] == [(f"{person}@example.com", f"From {person}")]


async def test_the_account_is_named_by_its_address(alice: Account):
    who = await identify(alice.integration, alice.credentials, alice.ports)
    assert isinstance(who, ProviderAccount)
    assert who.label == "alice@example.com"
    assert who.id != who.label


async def test_a_list_shows_who_wrote_what_in_the_order_of_the_mailbox(alice: Account):
    found = await alice.run("list_messages", maxResults=1)
    (first,) = found["messages"]
    assert (first["from"], first["subject"].split()[-1]) == ("carol@example.com", "alice")
    rest = await alice.run("list_messages", maxResults=10, pageToken=found["nextPageToken"])
    assert first["id"] not in {message["id"] for message in rest["messages"]}
    assert rest["nextPageToken"] is None


async def test_a_reply_is_threaded_by_its_headers(alice: Account):
    original = (await alice.run("list_messages", query="subject:Lunch"))["messages"][0]
    message_id = (await alice.run("get_message", messageId=original["id"]))["message_id"]
    reply = await alice.run("reply_to_email", messageId=original["id"], body="Yes")
    assert reply["threadId"] == original["threadId"]
    written = await source_of(alice, reply["id"])
    assert written["To"] == "carol@example.com"
    assert written["Subject"] == "Re: Lunch for alice"
    assert written["In-Reply-To"] == written["References"] == message_id


async def test_a_forwarded_mail_keeps_its_text_and_its_files(alice: Account):
    sent = await alice.run("send_email", **LETTER, attachments=[FILE])
    forwarded = await alice.run("forward_email", messageId=sent["id"], to="dan@example.com", additionalMessage="FYI")
    written = await source_of(alice, forwarded["id"])
    assert written["Subject"] == "Fwd: Plans"
    body = written.get_body()
    assert body is not None
    text = str(body.get_content()).replace("\r\n", "\n")
    assert text.startswith("FYI\n\n---------- Forwarded message")
    assert text.endswith("See you at noon.\n")
    assert [(file.get_filename(), file.get_content()) for file in written.iter_attachments()] == [
        ("notes.txt", "milk, eggs")
    ]


async def source_of(account: Account, message_id: str) -> EmailMessage:
    """The mail as it was sent."""
    raw = (await account.run("get_message", messageId=message_id, format="raw"))["raw"]
    return email.message_from_bytes(urlsafe_b64decode(raw + "=="), policy=default)


async def test_labels_can_be_looked_up_by_part_of_their_name(alice: Account):
    lookup = alice.integration.option_lookup("list_labels")
    found = await lookup_options(lookup, {}, credentials=alice.credentials, ports=alice.ports, search="star")
    assert [option.value for option in found] == ["STARRED"]


async def test_a_dead_token_asks_for_a_new_connection(fresh_emulators: Emulators, alice: Account):
    fresh_emulators.expire("google", alice.token)
    with pytest.raises(CredentialsRejected, match="invalid authentication credentials"):
        await alice.run("list_labels")
    fresh_emulators.revoke(alice.token)
    with pytest.raises(CredentialsRejected):
        await alice.run("list_messages")


async def test_a_rate_limit_in_the_middle_of_a_list_is_told_as_one(fresh_emulators: Emulators, alice: Account):
    fresh_emulators.inject("google", Fault(status=429, retry_after_seconds=60, path="/gmail/v1/users/me/messages/"))
    with pytest.raises(RateLimited) as caught:
        await alice.run("list_messages")
    assert caught.value.retry_after == 60


@pytest.mark.parametrize(
    ("action", "arguments", "failure"),
    [
        ("get_message", {"messageId": "no-such-message"}, NotFound),
        ("send_email", {**LETTER, "to": "not an address"}, InvalidInput),
        ("send_email", {**LETTER, "subject": "x\r\nBcc: eve@example.com"}, InvalidInput),
        ("send_email", {**LETTER, "attachments": ["/etc/passwd?"]}, InvalidInput),
    ],
)
async def test_failures_are_told_apart(
    alice: Account, action: str, arguments: dict[str, str], failure: type[Exception]
):
    with pytest.raises(failure):
        await alice.run(action, **arguments)


async def test_nothing_is_deleted_for_good_without_a_confirmation(alice: Account):
    schema = alice.integration.actions["delete_message"].input_schema
    assert "confirmPermanentDelete" in schema["required"]
    assert schema["properties"]["confirmPermanentDelete"]["const"] is True
