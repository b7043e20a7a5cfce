"""What backproof costs, against its budgets and, where there is a peer, against the peer."""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import click
import numpy as np

from backproof import workers
from backproof.candidates.dialects import DIALECTS
from backproof.candidates.dialects.dialect import open_submission
from backproof.candidates.process import Runner
from backproof.candidates.script import Script
from backproof.catalog import find
from benchmarks.figures import ROOT, Figure
from benchmarks.one_check import drawn, examined, timed
from benchmarks.processes import cold


@dataclass(frozen=True)
class Row:
    """One budget.

    Attributes
    ----------
    allowed
        What the measured is meant to stay within.
    band
        How many times that it may be before something is out of order.
    """

    name: str
    measured: float
    allowed: float | None
    unit: str
    band: float


def against_gradcheck(pairs: int) -> list[Row]:
    """One layernorm check, 32 x 64, three gradients, and torch's on the same inputs, by turns."""
    import torch  # noqa: PLC0415 - after the cold starts have been timed

    operation = find("layernorm")
    draw = drawn(operation, {"batch": 32, "features": 64})
    examination, _ = examined(operation)
    eps = draw.example.parameters["eps"]
    inputs = [torch.tensor(a, requires_grad=True) for a in draw.example.inputs.values()]

    def layer(x: Any, gamma: Any, beta: Any) -> Any:
        return torch.nn.functional.layer_norm(x, x.shape[1:], gamma, beta, eps)

    def ours() -> None:
        # A draw of its own each time: what oracles say of an example is remembered.
        found = examination.findings(replace(draw))
        assert {f.outcome for f in found.values()} == {"right"}
        assert all(set(f.says.values()) == {"agree"} for f in found.values())

    def theirs() -> None:
        assert torch.autograd.gradcheck(layer, inputs, fast_mode=True)

    ours()
    theirs()
    times = [(timed(ours), timed(theirs)) for _ in range(pairs)]
    mine, peer = (1e3 * statistics.median(column) for column in zip(*times, strict=True))
    return [Row("layernorm, 32 x 64, against gradcheck(fast_mode=True)", mine, peer, "ms", 2.5)]


def commands() -> Iterator[Row]:
    """All proofs, the catalog."""
    for name, what, allowed in (
        ("all proofs", ("prove", "--no-cache"), 30),
        ("the catalog verified", ("verify",), None),
    ):
        for number, workers_ in (("two processes", "2"), ("one process", "1")):
            took = cold("-m", "backproof.cli", *what, "--workers", workers_)
            yield Row(f"{name}, {number}", took, allowed, "s", 2)


def round_trip(count: int) -> Row:
    """A 4 x 3 array to the runner, through a forward, and back; as a worker of `check` does it."""
    command = [sys.executable, "-m", "benchmarks.cost", str(count)]
    done = subprocess.run(  # noqa: S603 - itself
        command, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return Row("one round trip of a 4 x 3 array", float(done.stdout), 50, "us", 4)


def microseconds(count: int) -> float:
    """The median of so many round trips."""
    workers.keep_to(0)
    submission = open_submission(ROOT / "examples/mytorch", DIALECTS["mytorch"])
    array = np.arange(12.0).reshape(4, 3)
    script = Script()
    y = script.call(script.create("activation", "Identity"), "forward", array)
    with Runner(submission) as runner:
        ((found,),) = runner.run([(script, [y])])
        assert np.array_equal(found, array)
        times = [timed(lambda: runner.run([(script, [y])])) for _ in range(count)]
    return 1e6 * statistics.median(times)


def measured(*, pairs: int, quick: bool) -> list[dict[str, Any]]:
    """The rows."""
    rows = [] if quick else list(commands())
    rows += [*against_gradcheck(pairs), round_trip(1000)]
    return [asdict(r) for r in rows]


def ratio(row: dict[str, Any]) -> float | None:
    """What was measured over what is allowed."""
    return None if row["allowed"] is None else row["measured"] / row["allowed"]


def told(data: list[dict[str, Any]]) -> Iterator[str]:
    """The budgets."""
    yield "| budget | measured | goal | ratio | band of the ratio |"
    yield "|---|---:|---:|---:|---:|"
    for row in data:
        unit, found = row["unit"], ratio(row)
        allowed = "-" if found is None else f"{row['allowed']:.3g} {unit}"
        times = "-" if found is None else f"{found:.2f}"
        band = "-" if found is None else f"up to {row['band']:g}"
        yield f"| {row['name']} | {row['measured']:.3g} {unit} | {allowed} | {times} | {band} |"


def failures(data: list[dict[str, Any]]) -> Iterator[str]:
    """What is outside of its band."""
    for row in data:
        if (ratio(row) or 0) > row["band"]:
            yield f"{row['name']}: {ratio(row):.2f} of its goal, where {row['band']} is allowed"


def missed(data: list[dict[str, Any]]) -> Iterator[str]:
    """The goals that are not reached."""
    for row in data:
        if (ratio(row) or 0) > 1:
            yield f"{row['name']}: {ratio(row):.2f} of its goal"


FIGURE = Figure(
    "cost",
    "Whole commands, a round trip, and one layernorm check against gradcheck, by turns.",
    measured,
    told,
    ("benchmarks/cost.py", "benchmarks/one_check.py"),
    failures=failures,
    missed=missed,
    options=(
        click.Option(["--pairs"], default=200, help="Checks by turns with gradcheck's."),
        click.Option(["--quick"], is_flag=True, help="No whole commands."),
    ),
)

if __name__ == "__main__":
    print(microseconds(int(sys.argv[1])))
