"""What tells whether a key ring belongs to this database."""

from sqlalchemy import LargeBinary
from sqlmodel import Field

from storage.records.base import Record


class KeyRingCanary(Record, table=True):
    """A known text, sealed: a key ring that can't open it belongs to another database."""

    table = "key_ring_canary"

    sealed: bytes = Field(sa_type=LargeBinary, repr=False)
