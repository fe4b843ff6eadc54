"""What a workspace is made of: its integrations, and stories that reach across rooms, such as removing an end user.

Leaves tools and calls to `tools`.
"""
