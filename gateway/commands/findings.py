"""What `doctor` finds, and how it is told."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check ended; only `FAILED` makes the exit code 1."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was seen, and the one thing to do about it where something is wrong."""

    check: str
    state: State
    seen: str
    fix: str | None = None

    def __str__(self) -> str:
        line = f"{self.state:<7}  {self.check}: {self.seen}"
        return f"{line}\n         fix: {self.fix}" if self.fix else line


def ok(check: str, seen: str) -> Finding:
    """Return the finding of a check that is content."""
    return Finding(check, State.OK, seen)


def warning(check: str, seen: str, *, fix: str) -> Finding:
    """Return the finding of something that works and won't for everybody, or not for ever."""
    return Finding(check, State.WARNING, seen, fix)


def failed(check: str, seen: str, *, fix: str) -> Finding:
    """Return the finding of something that does not work."""
    return Finding(check, State.FAILED, seen, fix)


def skipped(check: str, reason: str) -> Finding:
    """Return the finding of a check that could not be made."""
    return Finding(check, State.SKIPPED, reason)


def as_text(findings: Iterable[Finding]) -> str:
    """Return the findings for a person."""
    return "\n".join(str(finding) for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """Return `{"healthy": …, "findings": [{"check", "state", "seen", "fix"}]}`."""
    return json.dumps({"healthy": is_healthy(findings), "findings": [asdict(each) for each in findings]}, indent=2)


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing failed."""
    return all(finding.state is not State.FAILED for finding in findings)
