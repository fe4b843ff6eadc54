"""What every repository shares: the tenant's boundary, pages, insertion and removal."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, and_, delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from storage.constraints import translate
from storage.records import Record
from storage.scope import TenantScope
from storage.topics import Topic, topics_below

Row = TypeVar("Row", bound=Record)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of rows, oldest first unless it is said otherwise, and how many there are in all."""

    rows: Sequence[Row]
    total: int


class Rows(Generic[Row]):
    """Rows of one table inside a transaction. `changed` is called with each topic that the transaction touches."""

    record: ClassVar[type[Any]]

    def __init__(self, session: AsyncSession, changed: Callable[[Topic], None]) -> None:
        self._session = session
        self._changed = changed

    async def insert(self, row: Row) -> Row:
        """Add a row. Raises `AlreadyExists`, `ReferenceMissing` at once; the transaction is then lost."""
        await self.insert_many([row])
        return row

    async def insert_many(self, rows: Sequence[Row]) -> None:
        """Add rows, all or none, in few statements. Raises `AlreadyExists`, `ReferenceMissing` at once."""
        self._session.add_all(rows)
        await self._flush()
        for row in rows:
            self._touch(row)

    async def update(self, row: Row, **values: Any) -> Row:
        """Set columns of a row that this transaction has read. Raises `AlreadyExists`, `ReferenceMissing`."""
        if row not in self._session:
            raise ValueError("a row of another transaction can't be changed in this one")
        for name, value in values.items():
            setattr(row, name, value)
        await self._flush()
        self._touch(row)
        return row

    async def delete(self, row: Row) -> None:
        """Remove a row; the database takes along what hangs below it, and the topics of all that are published."""
        self._touch(row)
        for topic in await topics_below(self._session, row):
            self._changed(topic)
        await self._session.execute(delete(self.record).where(self.record.id == row.id))

    def _touch(self, row: Row) -> None:
        """Say which topics a change of this row concerns."""

    async def _flush(self) -> None:
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise translate(error) from error


class Repository(Rows[Row]):
    """Rows that belong to a tenant."""

    workspace_column: ClassVar[Literal["id", "workspace_id"] | None] = "workspace_id"
    """The column that a scope of workspaces is held against; None where rows belong to the organization alone."""

    async def get(self, scope: TenantScope, row_id: str) -> Row | None:
        """Return the row, or None where there is none within the scope."""
        return await self._one(scope, self.record.id == row_id)

    def _boundary(self, scope: TenantScope) -> ColumnElement[bool]:
        within: ColumnElement[bool] = self.record.organization_id == scope.organization_id
        if scope.workspace_ids is None or self.workspace_column is None:
            return within
        return and_(within, getattr(self.record, self.workspace_column).in_(scope.workspace_ids))

    async def _one(self, scope: TenantScope, *conditions: ColumnElement[bool]) -> Row | None:
        return await self._session.scalar(select(self.record).where(self._boundary(scope), *conditions).limit(1))

    async def _all(self, scope: TenantScope, *conditions: ColumnElement[bool], order: Any = None) -> list[Row]:
        ordering = self._oldest_first() if order is None else order
        found = await self._session.scalars(
            select(self.record).where(self._boundary(scope), *conditions).order_by(*ordering)
        )
        return list(found)

    async def _page(
        self, scope: TenantScope, *conditions: ColumnElement[bool], limit: int, offset: int, order: Any = None
    ) -> Page[Row]:
        ordering = self._oldest_first() if order is None else order
        within = and_(self._boundary(scope), *conditions)
        total = await self._session.scalar(select(func.count()).select_from(self.record).where(within))
        rows = await self._session.scalars(
            select(self.record).where(within).order_by(*ordering).limit(limit).offset(offset)
        )
        return Page(rows=list(rows), total=total or 0)

    def _oldest_first(self) -> tuple[Any, ...]:
        return self.record.created_at, self.record.id
