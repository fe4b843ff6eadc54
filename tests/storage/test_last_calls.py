"""What programs did last, written for many grants at once."""

from datetime import timedelta

from storage.database import Database
from storage.oauth import LastCall
from storage.topics import Topic
from tests.storage.tenant import NOW, a_grant, plant

CALL = LastCall(NOW, "mail__send", "Send a mail", "Mail", call_failed=False)
LATER = LastCall(NOW + timedelta(seconds=5), "mail__find", "Find mails", "Mail", call_failed=True)


async def test_each_grant_keeps_its_own_last_call_and_no_cache_hears_of_it(
    database: Database, published: list[Topic]
) -> None:
    async with database.write() as tx:
        tenant = await plant(tx)
        first, second, third = [
            await tx.oauth_grants.insert(a_grant(tenant.server, end_user_id=tenant.end_user.id)) for _ in range(3)
        ]
    published.clear()
    for calls in ({first.id: LATER, second.id: LATER, "gone": CALL}, {first.id: CALL}):
        async with database.write() as tx:
            await tx.oauth_grants.note_calls(calls)
    async with database.read() as tx:
        rows = [await tx.oauth_grants.find(each.id) for each in (first, second, third)]
    assert [row and LastCall.of(row) for row in rows] == [CALL, LATER, None]
    assert published == []
