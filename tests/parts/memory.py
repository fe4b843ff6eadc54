"""How much memory a process has held at its most."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_megabytes() -> float:
    """Return the largest resident size of this process so far.

    Linux's `getrusage` would answer for a child with its parent's size at the start, which pytest makes a large one.
    """
    if _STATUS.exists():
        return _kilobytes(_STATUS, "VmHWM") / 1024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / 1024**2 if sys.platform == "darwin" else largest / 1024


class Watched:
    """The memory of another process of ours; Linux alone tells it."""

    def __init__(self, process_id: int) -> None:
        self._folder = Path("/proc", str(process_id))
        self._before = 0.0

    def begin(self) -> None:
        """Take the present size as the one to compare with."""
        # 5: "reset the peak resident set size" (proc(5), clear_refs).
        (self._folder / "clear_refs").write_text("5")
        self._before = self._megabytes("VmRSS")

    def grown_by_megabytes(self) -> float:
        """Return how much larger the process has been since, at its most."""
        return self.peak_megabytes() - self._before

    def peak_megabytes(self) -> float:
        """Return its largest size since `begin`, or since its start."""
        return self._megabytes("VmHWM")

    def _megabytes(self, what: str) -> float:
        return _kilobytes(self._folder / "status", what) / 1024


def _kilobytes(status: Path, what: str) -> int:
    line = next(line for line in status.read_text().splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1])
