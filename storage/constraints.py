"""From a driver's integrity error to the name of the rule that was broken."""

from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from storage.failures import AlreadyExists, ReferenceMissing, StorageFailure
from storage.records import Record

_SQLITE_UNIQUE = "UNIQUE constraint failed: "
_SQLITE_REFERENCE = "FOREIGN KEY constraint failed"
_POSTGRES_UNIQUE = "23505"
_POSTGRES_REFERENCE = "23503"


def translate(error: IntegrityError) -> StorageFailure | IntegrityError:
    """Return what the error means; an error that no caller can have caused stays as it is."""
    message = str(error.orig)
    code = getattr(error.orig, "sqlstate", None)
    if _SQLITE_UNIQUE in message:
        columns = message.split(_SQLITE_UNIQUE, 1)[1].split(", ")
        return AlreadyExists(_constraint_over(columns))
    if code == _POSTGRES_UNIQUE:
        return AlreadyExists(_postgres_constraint(error))
    if _SQLITE_REFERENCE in message or code == _POSTGRES_REFERENCE:
        return ReferenceMissing("a row that this one refers to is gone")
    return error


def _constraint_over(columns: list[str]) -> str:
    """Find the unique rule or primary key over these columns, given as `table.column`: SQLite tells no names."""
    table = Record.metadata.tables[columns[0].split(".")[0]]
    names = {column.split(".")[1] for column in columns}
    rules = (rule for rule in table.constraints if isinstance(rule, UniqueConstraint | PrimaryKeyConstraint))
    return next((str(rule.name) for rule in rules if set(rule.columns.keys()) == names), f"uq_{table.name}")


def _postgres_constraint(error: IntegrityError) -> str:
    cause = error.orig.__cause__ if error.orig is not None else None
    return str(getattr(cause, "constraint_name", "") or "unknown")
