"""Third-party accounts: connections, whose a call uses, their credentials, and where to connect.

Leaves what a credential is good for to `integrations`, and who may call to `access`.
"""
