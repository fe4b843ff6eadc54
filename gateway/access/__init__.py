"""Doors for programs: API keys, MCP servers with their manual tools, and the tokens that open these.

Leaves who owns them to `tenancy`, whose account a call uses to `connections`, and the protocols to the faces.
"""
