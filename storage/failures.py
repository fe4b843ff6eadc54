"""What storage can refuse. Rules turn these into the product's own failures."""


class StorageFailure(Exception):
    """Something that the database did not let through."""


class AlreadyExists(StorageFailure):
    """A unique rule is in the way; `constraint` is its name, such as `uq_workspaces_organization_id_slug`."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


class ReferenceMissing(StorageFailure):
    """A row that this one points at is gone."""


class DatabaseAway(StorageFailure):
    """The database ended the connection while a transaction ran: whether it was committed is not known."""


class DatabaseInUse(StorageFailure):
    """Another process holds this database; the message says which and what to do."""


class SchemaTooNew(StorageFailure):
    """The database was migrated by a newer release; the message says which revision."""
