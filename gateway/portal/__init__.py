"""The hosted connect pages: where an end user connects an account.

Leaves who the person is to `web`, and what a connection is to `connections`.
"""
