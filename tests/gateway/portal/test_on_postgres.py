"""The same journey on PostgreSQL, where what one process begins another may finish at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.gateway.portal.shop import Shop, open_shop


@pytest.fixture
async def shop(tmp_path: Path, new_postgres_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, database_url=SecretStr(await new_postgres_database())) as opened:
        yield opened


async def test_five_callbacks_at_once_connect_one_account_and_it_can_be_replaced_and_removed(shop: Shop) -> None:
    person = await shop.browser()
    callback = await person.callback(await person.begin(await shop.link()))
    pages = await asyncio.gather(*(person.open(callback) for _ in range(5)))
    assert sorted(page.status for page in pages) == [200, 409, 409, 409, 409]
    assert len(await shop.connections()) == 1
    question = await person.connect(await shop.link(), "bob")
    done = await person.send(question.form(f"{person.at}/connect/replace"), decision="replace")
    assert "bob@acme.example" in done.text
    await person.send(done.form(f"{person.at}/connect/disconnect"))
    assert await shop.connections() == []


async def test_a_session_that_two_people_finish_at_once_completes_once_with_one_account(shop: Shop) -> None:
    session = await shop.session()
    people = [await shop.browser() for _ in range(3)]
    callbacks = [await each.callback(await each.begin(session["connectUrl"])) for each in people]
    await asyncio.gather(*(each.open(callback) for each, callback in zip(people, callbacks, strict=True)))
    assert (await shop.poll(session))["status"] == "COMPLETED"
    assert len(await shop.connections("carol")) == 1
