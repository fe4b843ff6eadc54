"""The Python behind the manifests of `catalog/`: the built-in integrations, and what a provider's manifest can't say.

Leaves inputs, titles, hints and plain requests to the manifests, sending to the engine, keeping to the `State` port.
"""
