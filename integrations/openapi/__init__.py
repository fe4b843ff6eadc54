"""Owns how an OpenAPI document (3.0, 3.1) becomes a manifest: what is taken over, under which names, what is left out.

Leaves fetching and keeping documents to the gateway, and running what comes of them to the engine.
"""
