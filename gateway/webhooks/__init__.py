"""Webhooks: where product backends want to be told of events, and telling them: signed, at least once, with replay.

What is told, and when, is `gateway.events`' and the rules' that announce.
"""
