"""Claims about the measurement of sign-ins, which walks the whole way at a real gateway process."""

import os
import subprocess
from pathlib import Path

import pytest

from benchmarks.memory import _from_proc, _from_ps, resident_bytes
from benchmarks.sign_ins import _parts, measure_sign_ins
from benchmarks.subjects import start_acme

MOST_CPU_MILLISECONDS = 600
"""Four times what it may cost where nothing else runs: this finds what has become much dearer, not a little."""


async def test_a_sign_in_costs_little_however_it_is_done(tmp_path: Path) -> None:
    async with start_acme(tmp_path) as acme:
        measured = await measure_sign_ins(tmp_path, acme, sign_ins=4)
    first, again = measured.kinds
    assert [len(kind.latencies) for kind in measured.kinds] == [4, 4]
    for kind in (first, again):
        assert 0 < kind.cpu_milliseconds < MOST_CPU_MILLISECONDS
        assert 0 < kind.milliseconds(0.5) <= kind.milliseconds(0.99)
    assert list(measured.memory) == [5, 6, 7, 8, 9]
    assert min(measured.memory.values()) > 10_000_000


@pytest.mark.parametrize(
    ("whole", "parts"), [(1, [(0, 1)]), (3, [(0, 1), (1, 2), (2, 3)]), (8, [(0, 2), (2, 4), (4, 6), (6, 8)])]
)
def test_memory_is_read_up_to_four_times_and_at_the_end(whole: int, parts: list[tuple[int, int]]) -> None:
    assert _parts(whole) == parts


def test_memory_that_is_filled_is_counted() -> None:
    before = resident_bytes(os.getpid())
    filled = bytearray(os.urandom(1 << 20) * 64)
    assert resident_bytes(os.getpid()) - before > len(filled) / 2


def test_the_memory_of_proc_is_in_pages_and_that_of_ps_in_kilobytes() -> None:
    assert _from_proc("900 12 3 1 0 5 0\n") == 12 * os.sysconf("SC_PAGE_SIZE")
    assert _from_ps(subprocess.CompletedProcess([], 0, stdout=" 12\n")) == 12 * 1024
