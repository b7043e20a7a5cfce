"""One three-oracle check beside each peer's, of the same layer and shapes: time and memory.

Each pair has a process of its own, in which the two take turns: a ratio is of one minute, whatever
the machine does meanwhile. A peer that takes longer than `LIMIT` for one check, or more than half
of the machine's memory, is not asked about larger shapes.
"""

from __future__ import annotations

import json
import math
import signal
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from backproof.catalog import find
from backproof.operation import Operation
from benchmarks.figures import ROOT, Figure
from benchmarks.one_check import drawn, examined, timed
from benchmarks.peers import PEERS
from benchmarks.peers.gradcheck import FAST
from benchmarks.peers.layer import Layer
from benchmarks.peers.question import defaults, question
from benchmarks.processes import limit_memory
from benchmarks.size import peak_megabytes

OURS = "backproof"
LAYERS = ("tanh", "linear", "layernorm")
SHAPES = ((4, 5), (10, 100), (32, 64), *((10 ** (power - 2), 100) for power in range(4, 8)))
SMALL = (2, 3)

LIMIT = 60
"""Seconds for one check."""

HANGS = 3 * LIMIT
"""Seconds after which a process hears no alarm any more."""

ENOUGH = 3
"""Seconds for which a pair takes turns, at least once each."""

TURNS = 30

LEAST = 0.4
"""Of our check of a layernorm of ordinary shape, what the fast gradcheck takes; the goal is 1."""

TOO_SLOW, TOO_LARGE, FALSE_ALARM = f"over {LIMIT} s", "out of memory", "false alarm"


@dataclass(frozen=True)
class Row:
    """One tool on one layer of one shape.

    Attributes
    ----------
    milliseconds
        Of one check, in the median.
    ratio
        To our check, by turns.
    megabytes
        By which one check raises the peak of the process's memory.
    stopped
        Why there is no more to tell, where there is not.
    """

    layer: str
    shape: tuple[int, int]
    tool: str
    milliseconds: float | None = None
    ratio: float | None = None
    megabytes: float | None = None
    stopped: str = ""


def _sizes(operation: Operation, shape: Sequence[int]) -> dict[str, int]:
    """The axes of a layer whose input has this shape; it has as many outputs as inputs."""
    batch, columns = shape
    inputs = operation.arrays(operation.convention_of(defaults(operation)))
    return {axis: columns for i in inputs for axis in i.axes} | {"batch": batch}


def our_check(operation: Operation, shape: Sequence[int]) -> Callable[[], bool]:
    """One check of the reference implementation by all three oracles."""
    examination, _ = examined(operation)
    draw = drawn(operation, _sizes(operation, shape))
    # A draw of its own each time: what oracles say of an example is remembered.
    return lambda: {f.outcome for f in examination.findings(replace(draw)).values()} == {"right"}


def peers_check(tool: str, operation: Operation, shape: Sequence[int]) -> Callable[[], bool]:
    """One check of the same by a peer."""
    assert operation.implementation is not None
    (peer,) = (peer for peer in PEERS if peer.name == tool)
    asked = question(operation, _sizes(operation, shape), defaults(operation))
    layer = Layer(operation.implementation, asked)
    return lambda: peer.holds(layer)


@contextmanager
def limited(seconds: float) -> Iterator[list[str]]:
    """Stop what takes longer, or more than half of the machine's memory, and say so."""
    stopped: list[str] = []

    def stop(*_: Any) -> None:
        stopped.append(TOO_SLOW)
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield stopped
    except (MemoryError, RuntimeError, TimeoutError) as error:
        # torch's error for memory is a RuntimeError, and so is what jax makes of any other.
        if not stopped:
            if isinstance(error, RuntimeError) and "memory" not in str(error).lower():
                raise
            stopped.append(TOO_LARGE)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def in_this_process(layer: str, shape: tuple[int, int], tool: str) -> Row:
    """Time and memory of a tool, and how long our check takes meanwhile."""
    limit_memory()
    operation = find(layer)

    def check(of: str, shape: Sequence[int]) -> Callable[[], bool]:
        return our_check(operation, shape) if of == OURS else peers_check(of, operation, shape)

    check(OURS, SMALL)(), check(tool, SMALL)()
    theirs = check(tool, shape)
    verdicts: list[bool] = []
    before = peak_megabytes()
    with limited(LIMIT) as stopped:
        seconds = [timed(lambda: verdicts.append(theirs()))]
    if stopped:
        return Row(layer, shape, tool, stopped=stopped[0])
    peak = peak_megabytes() - before
    ours = check(OURS, shape)
    our_seconds = [timed(ours)]
    while sum(seconds + our_seconds) < ENOUGH and len(seconds) < TURNS:
        seconds.append(timed(theirs))
        our_seconds.append(timed(ours))
    took, we_took = statistics.median(seconds), statistics.median(our_seconds)
    told = "" if all(verdicts) else FALSE_ALARM
    return Row(layer, shape, tool, 1e3 * took, took / we_took, peak, told)


def in_own_process(layer: str, shape: tuple[int, int], tool: str) -> Row:
    """The same where nothing else has been."""
    command = [sys.executable, "-m", "benchmarks.beside", layer, *map(str, shape), tool]
    try:
        done = subprocess.run(  # noqa: S603 - itself
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=HANGS
        )
    except subprocess.TimeoutExpired:
        return Row(layer, shape, tool, stopped=TOO_SLOW)
    if done.returncode:
        raise RuntimeError(f"{layer}, {shape}, {tool}:\n{done.stderr}")
    told = json.loads(done.stdout)
    return Row(**{**told, "shape": tuple(told["shape"])})


def rows(largest: int) -> Iterator[tuple[str, tuple[int, int], str]]:
    """What there is to measure, the small shapes first."""
    for layer in LAYERS:
        for shape in SHAPES:
            if math.prod(shape) <= largest:
                yield from ((layer, shape, tool) for tool in (OURS, *(p.name for p in PEERS)))


def measured(*, largest: int) -> list[dict[str, Any]]:
    """The rows."""
    found: list[Row] = []
    stopped: dict[tuple[str, str], str] = {}
    for layer, shape, tool in track(list(rows(largest)), console=Console(stderr=True)):
        why = stopped.get((layer, tool))
        row = Row(layer, shape, tool, stopped=why) if why else in_own_process(layer, shape, tool)
        if row.milliseconds is None:
            stopped[layer, tool] = row.stopped
        found.append(row)
    return [asdict(row) for row in found]


def _cell(row: Mapping[str, Any]) -> str:
    if row["milliseconds"] is None:
        return str(row["stopped"])
    told = f"{row['milliseconds']:,.3g} ms"
    if row["tool"] != OURS:
        told += f", {row['ratio']:,.2g} x"
    return f"{told} ({row['stopped']})" if row["stopped"] else told


def _memory(row: Mapping[str, Any]) -> str:
    return str(row["stopped"]) if row["megabytes"] is None else f"{row['megabytes']:,.0f}"


def _table(
    data: Sequence[Mapping[str, Any]], cell: Callable[[Mapping[str, Any]], str]
) -> Iterator[str]:
    tools = list(dict.fromkeys(row["tool"] for row in data))
    yield "| layer | input | " + " | ".join(tools) + " |"
    yield "|---|---|" + "---:|" * len(tools)
    cells = {(r["layer"], tuple(r["shape"]), r["tool"]): cell(r) for r in data}
    for layer, shape in dict.fromkeys(key[:2] for key in cells):
        told = " | ".join(cells[layer, shape, tool] for tool in tools)
        yield f"| {layer} | {shape[0]:,} x {shape[1]} | {told} |"


def told(data: list[dict[str, Any]]) -> Iterator[str]:
    """Time and ratio, then memory."""
    yield "One check, and how many of ours it takes, by turns:"
    yield ""
    yield from _table(data, _cell)
    yield ""
    yield "The memory that one check adds to the peak, in MB:"
    yield ""
    yield from _table(data, _memory)


IN_SHORT = ((32, 64), (10_000, 100))
"""The shapes that the README tells."""


def short(data: list[dict[str, Any]]) -> Iterator[str]:
    """Layernorm, of two shapes."""
    kept = [r for r in data if r["layer"] == "layernorm" and tuple(r["shape"]) in IN_SHORT]
    cells = {(r["tool"], tuple(r["shape"])): _cell(r) for r in kept}
    yield (
        "| layernorm | " + " | ".join(f"{rows:,} x {columns}" for rows, columns in IN_SHORT) + " |"
    )
    yield "|---|" + "---:|" * len(IN_SHORT)
    for tool in dict.fromkeys(r["tool"] for r in kept):
        yield f"| {tool} | " + " | ".join(cells.get((tool, s), "") for s in IN_SHORT) + " |"


def failures(data: list[dict[str, Any]]) -> Iterator[str]:
    """Where our check of a layernorm of ordinary shape is much dearer than the fast gradcheck."""
    return _dearer(data, LEAST)


def missed(data: list[dict[str, Any]]) -> Iterator[str]:
    """Where our check of a layernorm of ordinary shape is dearer than the fast gradcheck."""
    return _dearer(data, 1)


def _dearer(data: list[dict[str, Any]], least: float) -> Iterator[str]:
    for row in data:
        asked = row["layer"], tuple(row["shape"]), row["tool"]
        if asked == ("layernorm", (32, 64), FAST.name) and row["ratio"] < least:
            yield f"layernorm, 32 x 64: {FAST.name} takes {row['ratio']:.2f} of our check"


def drawn_lines(data: list[dict[str, Any]], axes: Any) -> None:
    """Time against size, a line for each tool, on layernorm."""
    for tool in dict.fromkeys(row["tool"] for row in data):
        kept = [
            row
            for row in data
            if (row["tool"], row["layer"]) == (tool, "layernorm") and row["milliseconds"]
        ]
        sizes, times = [math.prod(r["shape"]) for r in kept], [r["milliseconds"] for r in kept]
        width = 2.5 if tool == OURS else 1.2
        axes.loglog(sizes, times, marker="o", markersize=4, linewidth=width, label=tool)
    axes.set(xlabel="elements of layernorm's input", ylabel="one check, ms")
    axes.legend(fontsize="small")


FIGURE = Figure(
    "peers",
    "One check beside each peer's, of the same layer and shapes.",
    measured,
    told,
    (
        "benchmarks/beside.py",
        "benchmarks/one_check.py",
        "benchmarks/peers",
        "benchmarks/processes.py",
    ),
    failures=failures,
    drawn=drawn_lines,
    short=short,
    missed=missed,
    options=(click.Option(["--largest"], default=10**7, help="Elements."),),
)

if __name__ == "__main__":
    _layer, _batch, _columns, _tool = sys.argv[1:]
    print(json.dumps(asdict(in_this_process(_layer, (int(_batch), int(_columns)), _tool))))
