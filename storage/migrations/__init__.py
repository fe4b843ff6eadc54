"""Alembic's environment and the revisions, oldest first by file name.

What runs them is `storage.migrating`.
"""
