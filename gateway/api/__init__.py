"""REST `/api/v1` for product backends: one route table, handlers beside their models, one way in and out.

Leaves every rule to the rooms below; here is only what HTTP says and what JSON looks like.
"""
