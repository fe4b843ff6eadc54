"""What third parties can do: the manifest format, the engine that runs it, the catalogue.

Knows no gateway and no storage: what it needs from outside are the small protocols of `ports`.
"""
