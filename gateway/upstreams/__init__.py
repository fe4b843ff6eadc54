"""Owns the way to remote MCP servers: sessions in every protocol era, and which of their tools are approved.

Leaves whose account is used to `connections`, and the caller's own side of a call to `mcp`.
"""
