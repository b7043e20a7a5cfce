"""One check against the number of elements: time, memory, forwards and backwards."""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click

from backproof.catalog import find
from backproof.inputs.draw import Draw
from backproof.operation import Operation
from benchmarks.figures import ROOT, Figure
from benchmarks.one_check import drawn, examined, timed

MEMORY = 4.0
"""A check of a large example may take so many times the memory of one forward and backward."""

ROW = 64
"""Features of the examples of growing size; the batch grows."""


@dataclass(frozen=True)
class Sized:
    """One check at one size, and one forward and backward: the memory includes the example."""

    operation: str
    elements: int
    forwards: int
    backwards: int
    milliseconds: float
    megabytes: float
    megabytes_forward_and_backward: float


LARGEST = {
    "tanh": 10**7,
    "layernorm": 10**7,
    "linear": 10**7,
    "softmax": 10**7,
    "batchnorm": 10**6,
    "conv2d": 10**6,
}


def against_size(largest: int) -> Iterator[Sized]:
    """Checks from twenty elements up."""
    for name, limit in LARGEST.items():
        for elements in (20, *(10**power for power in range(2, 8))):
            if elements <= min(limit, largest):
                check = in_own_process("check", name, elements)
                plain = in_own_process("plain", name, elements)
                yield Sized(name, elements, **check, megabytes_forward_and_backward=plain)


def in_own_process(what: str, name: str, elements: int) -> Any:
    """One size in a process of its own, whose memory is its own too."""
    command = [sys.executable, "-m", "benchmarks.size", what, name, str(elements)]
    done = subprocess.run(  # noqa: S603 - itself
        command, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def peak_megabytes() -> float:
    """The most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes, the others KiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def resident_megabytes() -> float:
    """The memory that this process has now; where the system does not say, the most it has had."""
    pages = Path("/proc/self/statm")
    if not pages.exists():
        return peak_megabytes()
    return int(pages.read_text().split()[1]) * resource.getpagesize() / 2**20


def sized(operation: Operation, elements: int) -> Draw:
    """An example whose first input has so many elements, with an even number for each sample."""
    if operation.name == "conv2d":
        kernel = {"filters": 4, "kernel_height": 3, "kernel_width": 3}
        image = {"channels": 3, "height": 16, "width": 16}
        return drawn(operation, {"batch": max(elements // 768, 1), **image, **kernel})
    features = 5 if elements < 100 else 10 if elements < 1000 else ROW
    axes = {a for i in operation.arrays(next(operation.variants())) for a in i.axes}
    sizes = dict.fromkeys(axes, features) | {"batch": max(elements // features, 1)}
    return drawn(operation, sizes)


def megabytes(draw: Draw) -> float:
    """The memory of an example."""
    arrays = (*draw.example.inputs.values(), draw.example.cotangent)
    return sum(a.nbytes for a in arrays) / 2**20


def one_size(name: str, elements: int) -> dict[str, float]:
    """Time checks of so many elements, and what memory one takes with its example."""
    operation = find(name)
    draw = sized(operation, elements)
    examination, candidate = examined(operation)
    examination.findings(sized(operation, 20))
    before = resident_megabytes() - megabytes(draw)
    candidate.forwards = candidate.backwards = 0
    # A draw of its own each time: what oracles say of an example is remembered.
    seconds = [timed(lambda: examination.findings(replace(draw)))]
    found = {"forwards": candidate.forwards, "backwards": candidate.backwards}
    peak = max(peak_megabytes() - before, 0.0)
    while sum(seconds) < 1 and len(seconds) < 50:
        seconds.append(timed(lambda: examination.findings(replace(draw))))
    return {**found, "milliseconds": statistics.median(seconds) * 1e3, "megabytes": peak}


def plain(name: str, elements: int) -> float:
    """The memory that one forward and one backward take, with their example."""
    operation = find(name)
    draw = sized(operation, elements)
    examined(operation)[0].findings(sized(operation, 20))
    before = resident_megabytes() - megabytes(draw)
    implementation, example = operation.implementation, draw.example
    assert implementation is not None
    y, cache = implementation.forward(**example.inputs, **operation.keywords(example.parameters))
    gradients = implementation.backward(example.cotangent, cache)
    found = max(peak_megabytes() - before, 0.0)
    del y, gradients
    return found


def measured(*, largest: int) -> list[dict[str, Any]]:
    """The rows."""
    return [asdict(row) for row in against_size(largest)]


def ratio(row: dict[str, Any]) -> float | None:
    """The memory over that of a forward and a backward, where an allocator does not hide it."""
    if row["elements"] < 10**6:
        return None
    return row["megabytes"] / row["megabytes_forward_and_backward"]


def told(data: list[dict[str, Any]]) -> Iterator[str]:
    """Cost against size."""
    yield "| operation | elements | forwards | backwards | ms | MB | MB, both once | ratio |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for row in data:
        times = "-" if ratio(row) is None else f"{ratio(row):.2f}"
        yield (
            f"| {row['operation']} | {row['elements']:,} | {row['forwards']} | {row['backwards']} "
            f"| {row['milliseconds']:,.1f} | {row['megabytes']:,.0f} "
            f"| {row['megabytes_forward_and_backward']:,.0f} | {times} |"
        )


def failures(data: list[dict[str, Any]]) -> Iterator[str]:
    """Where a check takes too much memory."""
    for row in data:
        if (ratio(row) or 0) > MEMORY:
            what = f"{row['operation']}, {row['elements']:,} elements"
            yield f"{what}: {ratio(row):.2f} of the memory"


def drawn_sizes(data: list[dict[str, Any]], axes: Any) -> None:
    """Time against size, a line for each operation."""
    for name in dict.fromkeys(row["operation"] for row in data):
        rows = [row for row in data if row["operation"] == name]
        sizes, times = [r["elements"] for r in rows], [r["milliseconds"] for r in rows]
        axes.loglog(sizes, times, marker="o", label=name)
    axes.set(xlabel="elements", ylabel="one three-oracle check, ms")
    axes.legend()


FIGURE = Figure(
    "size",
    "One check against the number of elements.",
    measured,
    told,
    ("benchmarks/size.py", "benchmarks/one_check.py"),
    failures=failures,
    drawn=drawn_sizes,
    options=(click.Option(["--largest"], default=10**7, help="Elements."),),
)

if __name__ == "__main__":
    _, _what, _name, _elements = sys.argv
    print(json.dumps({"check": one_size, "plain": plain}[_what](_name, int(_elements))))
