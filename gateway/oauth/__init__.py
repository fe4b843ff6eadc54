"""The MCP authorization server's face: discovery, registration, authorization, tokens.

Leaves who a person is to `web`, whether they may to `tenancy`, and what a grant is to `access`.
"""
