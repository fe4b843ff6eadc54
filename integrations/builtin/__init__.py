"""The Python behind the built-in integrations: state, files, HTTP, hashes, dates and JSON.

Leaves inputs, titles and hints to their manifests in `catalog/`, where state lives to the `State` port.
"""
