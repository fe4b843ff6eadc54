"""Small parts without a room of their own: clock, ids, tokens, cipher, caches, strict JSON, outgoing HTTP, logs.

Knows nothing of the product: no tenant, no tool, no endpoint.
"""
