"""Acme, the provider simulator: an OAuth2 server and a small notes API on loopback, with switches for trouble.

Knows nothing of the gateway and is never part of a served one: the demo, the tests and rehearsals run it.
"""

from gateway.acme.app import BASE_URL, MANIFEST, Acme
from gateway.acme.chaos import Chaos, Counters, Faults
from gateway.acme.grants import TokenAnswer
from gateway.acme.people import ALICE, BOB, Person
from gateway.acme.server import RunningAcme, run_acme

__all__ = [
    "ALICE",
    "BASE_URL",
    "BOB",
    "MANIFEST",
    "Acme",
    "Chaos",
    "Counters",
    "Faults",
    "Person",
    "RunningAcme",
    "TokenAnswer",
    "run_acme",
]
