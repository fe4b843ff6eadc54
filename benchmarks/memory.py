"""How much memory a running process holds."""

import os
import subprocess
import sys
from pathlib import Path


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in the machine's own (RSS), shared pages included."""
    if sys.platform == "linux":
        return _from_proc(Path(f"/proc/{pid}/statm").read_text())
    return _from_ps(subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True))


def _from_proc(statm: str) -> int:
    """Read proc_pid_statm(5), which counts pages."""
    return int(statm.split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _from_ps(answer: subprocess.CompletedProcess[str]) -> int:
    """Read kilobytes, as BSD and macOS print them."""
    return int(answer.stdout) * 1024
