"""Whose things they are: organizations, their workspaces and the end users in these.

Leaves API keys and MCP servers to `access`, accounts to `connections`, and removals that reach further to `workspaces`.
"""
