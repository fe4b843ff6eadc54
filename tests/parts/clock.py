"""A clock that a test moves."""

from datetime import datetime, timedelta

from gateway.kit.clock import system_clock


class Time:
    """The present, and what a test lets pass."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.passed
