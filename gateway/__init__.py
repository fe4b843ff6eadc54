"""The product: REST API, MCP endpoints, connect pages, and the rules behind them.

Leaves what third parties can do to `integrations`, and rows to `storage`.
"""

__version__ = "0.1.0"
