"""Calendar and Drive at the stand-in for Google, as far as that knows them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from integrations.failures import CredentialsRejected, NotFound
from tests.integrations.catalog.accounts import CATALOG, Account, connect
from tests.integrations.catalog.emulated import google_calendar, google_drive
from tests.integrations.catalog.scenario import Step, play
from tests.parts.emulators import Emulators


@pytest.fixture
async def alice(fresh_emulators: Emulators) -> Account:
    return await connect(fresh_emulators, "google", "alice")


@pytest.mark.parametrize(
    ("name", "steps"), [("google-calendar", google_calendar.STEPS), ("google-drive", google_drive.STEPS)]
)
async def test_the_actions_do_what_they_say(alice: Account, name: str, steps: Sequence[Step]):
    await play(replace(alice, integration=CATALOG.get(name)), steps)


async def test_what_is_not_there_is_told_as_such(alice: Account):
    drive = replace(alice, integration=CATALOG.get("google-drive"))
    with pytest.raises(NotFound):
        await drive.run("get_file", fileId="no-such-file")


async def test_a_token_that_was_taken_back_asks_for_a_new_connection(fresh_emulators: Emulators, alice: Account):
    calendar = replace(alice, integration=CATALOG.get("google-calendar"))
    fresh_emulators.revoke(alice.token)
    with pytest.raises(CredentialsRejected):
        await calendar.run("list_calendars")
