"""What every table has, and the kinds of columns that several share."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, ForeignKey, MetaData, Text
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime, json_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Record(SQLModel):
    """What every table has: an id of our own making, and when the row was made."""

    metadata = MetaData(naming_convention=NAMING)
    table: ClassVar[str]

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805  # pyright: ignore[reportIncompatibleVariableOverride]
        """Name the table as the class says; SQLAlchemy hands over the class, SQLModel types this as a plain name."""
        return cls.table

    id: str = Field(primary_key=True, max_length=36)
    created_at: datetime = Field(sa_type=UtcDateTime)


def references(target: str, *, on_delete: str, optional: bool = False, index: bool = True) -> Any:
    """A foreign key column to `target` (table.column)."""
    return Field(
        default=None if optional else ...,
        sa_column=Column(Text, ForeignKey(target, ondelete=on_delete), nullable=optional, index=index),
    )


def json_field(*, optional: bool = True) -> Any:
    """A JSON column, in which None is SQL's NULL."""
    return Field(default=None if optional else ..., sa_column=Column(json_column(), nullable=optional))
