"""Runs inside Alembic: takes over the connection and the listener that `storage.migrating` has put into the config.

There is no alembic.ini and no offline mode. The connection is in a transaction already: all revisions or none.
"""

from alembic import context

from storage.migrating import Run
from storage.records import Record

run: Run = context.config.attributes["run"]
# Batches, because SQLite can alter little: Alembic then makes the table anew and copies it.
context.configure(
    connection=run.connection, target_metadata=Record.metadata, on_version_apply=run.applied, render_as_batch=True
)
context.run_migrations()
