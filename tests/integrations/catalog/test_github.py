from base64 import b64encode

import pytest

from integrations.accounts import ProviderAccount, identify
from integrations.failures import (
    ActionFailed,
    CredentialsRejected,
    InvalidInput,
    NotFound,
    PermissionMissing,
    RateLimited,
)
from integrations.options import lookup_options
from integrations.ports import Credentials
from integrations.running import connected
from tests.integrations.catalog.accounts import CATALOG, Account, connect
from tests.integrations.catalog.emulated.github import NOTES, STEPS
from tests.integrations.catalog.scenario import play
from tests.parts.emulators import Emulators
from tests.parts.strict_guard import Fault

NOT_EMULATED: dict[str, str] = {}


@pytest.fixture
async def alice(fresh_emulators: Emulators) -> Account:
    return await connect(fresh_emulators, "github", "alice")


async def test_the_actions_do_what_they_say(alice: Account):
    await play(alice, STEPS)


def test_every_action_is_run_or_is_known_not_to_be_emulated():
    assert {step.action for step in STEPS} | NOT_EMULATED.keys() == CATALOG.get("github").actions.keys()


async def test_an_issue_is_opened_by_the_person_whose_account_it_is(fresh_emulators: Emulators):
    for person in ("alice", "bob"):
        account = await connect(fresh_emulators, "github", person)
        await account.run("create_issue", repository="acme/shared", title=f"From {person}")
    opened = [(issue.title, issue.author) for issue in await fresh_emulators.github_issues()]
    assert opened == [("From alice", "alice"), ("From bob", "bob")]


async def test_the_account_is_named_by_its_login(alice: Account):
    who = await identify(alice.integration, alice.credentials, alice.ports)
    assert isinstance(who, ProviderAccount)
    assert who.label == "alice"
    assert who.id.isdecimal()


async def test_a_personal_access_token_acts_like_the_oauth_account(alice: Account):
    personal = Credentials("personal_access_token", {"secret_text": alice.token})
    account = Account(alice.integration, personal, alice.ports)
    assert (await account.run("get_authenticated_user"))["login"] == "alice"


async def test_repositories_can_be_looked_up_over_several_pages(alice: Account):
    for number in range(7):
        await alice.run("create_repository", name=f"garden-{number}")
    lookup = alice.integration.option_lookup("list_repos")
    found = await lookup_options(lookup, {}, credentials=alice.credentials, ports=alice.ports, search="GARDEN")
    assert {option.value for option in found} == {f"alice/garden-{number}" for number in range(7)}


async def test_branches_can_be_looked_up_once_the_repository_is_known(alice: Account):
    lookup = alice.integration.option_lookup("list_branches")
    with pytest.raises(InvalidInput) as caught:
        await lookup_options(lookup, {}, credentials=alice.credentials, ports=alice.ports)
    assert caught.value.path == "/repository"
    found = await lookup_options(lookup, NOTES, credentials=alice.credentials, ports=alice.ports)
    assert [option.value for option in found] == ["main"]


async def test_comments_come_page_by_page_through_the_link_header(alice: Account):
    issue = (await alice.run("create_issue", **NOTES, title="Long"))["number"]
    for number in range(5):
        await alice.run("add_comment_to_issue", **NOTES, issue_number=issue, body=str(number))
    bodies: list[str] = []
    more: dict[str, str] = {}
    for _ in range(3):
        page = await alice.run("list_issue_comments", **NOTES, issue_number=issue, max_items=2, **more)
        bodies += [comment["body"] for comment in page["items"]]
        more = {"cursor": page["next_cursor"]} if "next_cursor" in page else {}
    assert bodies == ["0", "1", "2", "3", "4"]
    assert not more


async def test_a_binary_file_comes_as_base64(alice: Account):
    content = bytes(range(256))
    change = {"message": "Add", "content": b64encode(content).decode()}
    where = {"owner": "alice", "name": "alice-notes"}
    connection = connected(alice.integration.manifest, alice.credentials, alice.ports)
    await connection.send("PUT", "repos/{owner}/{name}/contents/picture.bin", where, json=change)
    found = await alice.run("get_file_contents", **NOTES, path="picture.bin")
    assert (found["encoding"], found["content"]) == ("base64", b64encode(content).decode())


async def test_a_revoked_token_asks_for_a_new_connection(fresh_emulators: Emulators, alice: Account):
    fresh_emulators.revoke(alice.token)
    with pytest.raises(CredentialsRejected, match="Bad credentials"):
        await alice.run("get_authenticated_user")


async def test_a_rate_limit_says_when_to_come_back(fresh_emulators: Emulators, alice: Account):
    fresh_emulators.inject("github", Fault(status=429, retry_after_seconds=45, path="/repos/"))
    with pytest.raises(RateLimited, match="secondary rate limit") as caught:
        await alice.run("create_issue", **NOTES, title="Now")
    assert caught.value.retry_after == 45


@pytest.mark.parametrize(
    ("action", "arguments", "failure", "message"),
    [
        ("get_repository", {"repository": "alice/nowhere"}, NotFound, "Not Found"),
        ("get_repository", {"repository": "bob/bob-notes"}, PermissionMissing, "Forbidden"),
        ("get_repository", {"repository": "nothing"}, InvalidInput, "2 parts"),
        ("create_issue", {"repository": "a/b/c", "title": "x"}, InvalidInput, "owner/name"),
        ("get_issue", {**NOTES, "issue_number": 99}, NotFound, "Not Found"),
        ("get_file_contents", {**NOTES, "path": "../../../user"}, InvalidInput, "'..'"),
        ("create_repository", {"name": "alice-notes"}, InvalidInput, "already exists"),
        (
            "create_or_update_file",
            {**NOTES, "path": "README.md", "message": "m", "content": "c", "sha": "0" * 40},
            ActionFailed,
            "README.md",
        ),
    ],
)
async def test_failures_are_told_apart(
    alice: Account, action: str, arguments: dict[str, str], failure: type[Exception], message: str
):
    with pytest.raises(failure, match=message):
        await alice.run(action, **arguments)
