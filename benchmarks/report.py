"""Measures Toolgate beside the bare SDK, in turn and several times over, and prints what came of it.

`python -m benchmarks [--quick] [--rounds N] [--seconds S] [--sign-ins N] [--only-sign-ins]`
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import uvloop
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.load import Load, Target, connected, percentile
from benchmarks.sign_ins import SignIns, measure_sign_ins
from benchmarks.subjects import LIST_SIZES, Subject, seconds_to_first_answer, start_acme, start_bare, start_gateway

CLIENTS = (1, 16, 64)
SIDE_CLIENTS = 16
"""How many clients ask where only one number of clients is of interest."""

console = Console()
if not console.is_terminal:
    console.width = 100


@dataclass(slots=True)
class Cell:
    """One figure of the report: a server under one load, measured once a round."""

    subject: Subject
    targets: Sequence[Target]
    clients: int
    loads: list[Load] = field(default_factory=list[Load])
    cpu: list[float] = field(default_factory=list[float])

    async def measure(self, seconds: float) -> None:
        async with connected(self.targets, clients=self.clients) as clients:
            before = self.subject.server.cpu_seconds()
            self.loads.append(await clients.load(seconds))
            self.cpu.append(self.subject.server.cpu_seconds() - before)

    @property
    def cpu_per_1000(self) -> float:
        """Processor seconds of the server for 1,000 calls, the median round."""
        return median(self.cpu_by_round)

    @property
    def cpu_by_round(self) -> list[float]:
        return [1_000 * cpu / load.calls for cpu, load in zip(self.cpu, self.loads, strict=True)]

    @property
    def calls_per_second(self) -> float:
        return median(load.calls / load.seconds for load in self.loads)

    def milliseconds(self, share: float) -> float:
        """The latency that this share of all calls did not exceed."""
        return 1_000 * percentile([latency for load in self.loads for latency in load.latencies], share)

    def ratio_to(self, other: "Cell") -> float:
        """How much processor time a call costs, as a multiple of `other`'s in the same round; the median."""
        return median(mine / theirs for mine, theirs in zip(self.cpu_by_round, other.cpu_by_round, strict=True))


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is measured. `calls` by subject and number of clients, `lists` by subject and length."""

    calls: dict[tuple[str, int], Cell]
    lists: dict[tuple[str, int], Cell]

    @classmethod
    def of(cls, bare: Subject, gateways: Sequence[Subject]) -> "Plan":
        main, *variants = gateways
        calls = {(each.name, clients): Cell(each, each.calls, clients) for each in (bare, main) for clients in CLIENTS}
        calls |= {(each.name, SIDE_CLIENTS): Cell(each, each.calls, SIDE_CLIENTS) for each in variants}
        lists = {
            (each.name, size): Cell(each, [each.lists[size]], SIDE_CLIENTS)
            for size in LIST_SIZES
            for each in (bare, main)
        }
        return cls(calls, lists)

    async def run(self, *, rounds: int, seconds: float) -> None:
        """Measure every cell in every round, back and forth, so that what else the machine does hits all alike."""
        cells = [*self.calls.values(), *self.lists.values()]
        turns = [cell for number in range(rounds) for cell in (cells if number % 2 == 0 else cells[::-1])]
        for cell in track(turns, description="Measuring", console=console, transient=True):
            await cell.measure(seconds)


async def report_sign_ins(*, sign_ins: int) -> None:
    """Let so many people sign in, and print what it has cost."""
    with tempfile.TemporaryDirectory(prefix="toolgate-bench-") as name:
        folder = Path(name)
        async with start_acme(folder) as acme:
            with console.status(f"Signing in {sign_ins:,} times"):
                measured = await measure_sign_ins(folder, acme, sign_ins=sign_ins)
    console.print(_sign_ins_table(measured))
    readings = [f"{size / 1e6:,.1f} MB after {count:,}" for count, size in measured.memory.items()]
    console.print(f"Memory of the gateway by people signed in: {', '.join(readings)}")


async def report(*, rounds: int, seconds: float, crowd: int) -> None:
    """Start everything, measure, print."""
    with tempfile.TemporaryDirectory(prefix="toolgate-bench-") as name:
        folder = Path(name)
        async with (
            start_acme(folder) as acme,
            start_bare(folder) as bare,
            start_gateway(folder, acme, crowd=crowd) as gateways,
        ):
            first_answer = await seconds_to_first_answer(gateways[-1])
            plan = Plan.of(bare, gateways)
            await plan.run(rounds=rounds, seconds=seconds)
    console.print(_calls_table(plan, bare), _lists_table(plan, bare))
    console.print(f"Start to first answered call, with {crowd:,} end users: {first_answer:.2f} s")
    console.print(f"{rounds} rounds of {seconds} s for each line, in turn; medians of rounds. CPU is the server's own.")


def _calls_table(plan: Plan, bare: Subject) -> Table:
    table = _table("tools/call", "clients")
    for (name, clients), cell in plan.calls.items():
        _add_row(table, name, clients, cell=cell, yardstick=plan.calls[bare.name, clients])
    return table


def _lists_table(plan: Plan, bare: Subject) -> Table:
    table = _table(f"tools/list, {SIDE_CLIENTS} clients", "tools")
    for (name, size), cell in plan.lists.items():
        _add_row(table, name, size, cell=cell, yardstick=plan.lists[bare.name, size])
    return table


def _sign_ins_table(measured: SignIns) -> Table:
    table = Table(title="Signing in, from a bare endpoint to the first result", title_justify="left", box=SIMPLE)
    table.add_column("sign-in", no_wrap=True)
    for column in ("times", "CPU ms", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right", no_wrap=True)
    for kind in measured.kinds:
        times = [kind.cpu_milliseconds, kind.milliseconds(0.50), kind.milliseconds(0.99)]
        table.add_row(kind.name, f"{len(kind.latencies):,}", *(f"{each:.1f}" for each in times))
    return table


def _table(title: str, varied: str) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE)
    table.add_column("server", no_wrap=True)
    for column in (varied, "CPU s/1,000", "x bare", "calls/s", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _add_row(table: Table, name: str, varied: int, *, cell: Cell, yardstick: Cell) -> None:
    table.add_row(
        name,
        f"{varied:,}",
        f"{cell.cpu_per_1000:.3f}",
        f"{cell.ratio_to(yardstick):.2f}",
        f"{cell.calls_per_second:,.0f}",
        f"{cell.milliseconds(0.50):.2f}",
        f"{cell.milliseconds(0.99):.2f}",
    )


def main() -> None:
    """Read the command line and report."""
    parser = argparse.ArgumentParser(prog="./run bench", description="Measure Toolgate beside the bare SDK.")
    parser.add_argument("--quick", action="store_true", help="a first impression in less than half a minute")
    parser.add_argument("--rounds", type=int, help="how often each line is measured")
    parser.add_argument("--seconds", type=float, help="how long each measurement takes")
    parser.add_argument("--sign-ins", type=int, help="how many people sign in; with 1,000, growth of memory shows")
    parser.add_argument("--only-sign-ins", action="store_true", help="leave out all but the sign-ins")
    given = parser.parse_args()
    rounds, seconds, crowd, sign_ins = (1, 0.5, 10_000, 10) if given.quick else (5, 1.5, 100_000, 50)
    if not given.only_sign_ins:
        uvloop.run(report(rounds=given.rounds or rounds, seconds=given.seconds or seconds, crowd=crowd))
    uvloop.run(report_sign_ins(sign_ins=given.sign_ins or sign_ins))


if __name__ == "__main__":
    main()
