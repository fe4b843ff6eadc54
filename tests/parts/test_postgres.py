from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


async def test_each_database_is_new_and_empty(new_postgres_database: Callable[[], Awaitable[str]]) -> None:
    first, second = await new_postgres_database(), await new_postgres_database()

    for url in (first, second):
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE notes (line text)"))
        await engine.dispose()

    assert first != second
