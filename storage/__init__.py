"""Rows in, rows out: SQLModel records, repositories that take the tenant scope with every call, migrations.

Knows no rule, no gateway and no integration; secrets reach it hashed or sealed.
"""
