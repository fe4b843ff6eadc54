"""How much processor time a running process has used."""

import os
import subprocess
import sys
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of a process so far, in steps of about 10 ms."""
    if sys.platform == "linux":
        return _from_proc(Path(f"/proc/{pid}/stat").read_text())
    return _from_ps(subprocess.run(["ps", "-o", "time=", "-p", str(pid)], capture_output=True, text=True, check=True))


def _from_proc(stat: str) -> float:
    """Read proc_pid_stat(5); the command's name, in parentheses, may itself hold spaces and parentheses."""
    fields = stat.rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def _from_ps(answer: subprocess.CompletedProcess[str]) -> float:
    """Read `[hours:]minutes:seconds.hundredths`, as BSD and macOS print it."""
    seconds = 0.0
    for part in answer.stdout.strip().split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
