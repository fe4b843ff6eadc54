"""The MCP endpoint `/mcp/srv_{id}` in every protocol era: bearer check, sessions, tool lists, live updates, wire forms.

Leaves what a tool is and how it runs to `tools`, and whose account it uses to `connections`.
"""
