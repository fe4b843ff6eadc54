"""From a workspace's configuration to a tool call: names, the compiled toolset, execution, built-in state.

Leaves whose account is used to `connections`, and how an outcome looks on a wire to the faces.
"""
