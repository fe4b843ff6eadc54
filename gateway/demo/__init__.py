"""The demo: a gateway, a provider and an MCP client in one process, and the product's story told with them.

Owns the story and how it is told; leaves serving, rules and the provider to the rooms that the product itself uses.
"""

from gateway.demo.run import demo, run_demo

__all__ = ["demo", "run_demo"]
