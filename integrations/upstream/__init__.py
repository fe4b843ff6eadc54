"""Owns what can be said of a remote MCP server without asking it: its tools as actions, and what a definition may hold.

Leaves connections to it, and who approves its tools, to the gateway.
"""
