"""How much memory this process has held at its most."""

import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_megabytes() -> float:
    """Return the largest resident size of this process so far.

    Linux's `getrusage` would answer for a child with its parent's size at the start, which pytest makes a large one.
    """
    if _STATUS.exists():
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest / 1024**2 if sys.platform == "darwin" else largest / 1024
