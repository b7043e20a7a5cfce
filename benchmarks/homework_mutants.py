"""What becomes of the mutants of the example homeworks, judged as submissions in the sandbox.

What is found is appended to a file for each homework, so that an interrupted run goes on.
"""

from __future__ import annotations

import json
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from backproof.homework import Homework
from backproof.mutation import equivalent_file, homeworks
from backproof.mutation.scoring import Fate, contradictions
from benchmarks.figures import ROOT, Figure, digest
from benchmarks.mutation import KEPT

HOMEWORKS = {
    "uva": "uva",
    "mytorch": "mytorch",
    "mytorch_2022": "mytorch",
    "mytorch_2025": "mytorch",
    "cs231n": "cs231n",
    "hlcv": "hlcv",
}
"""The right ones of examples/, each with its dialect."""


def tables(name: str) -> Path:
    """Where a homework's equivalent mutants stand."""
    return ROOT / "examples/equivalent" / f"{name}.toml"


def fates(name: str, processes: int) -> list[Fate]:
    """What becomes of each mutant: what a file has of them, and the others, which are added."""
    homework = Homework(ROOT / "examples" / name, HOMEWORKS[name])
    tasks = homeworks.mutants(homework)
    kept = KEPT / f"{name}-{digest(('backproof', 'derivations', f'examples/{name}'))[:16]}.jsonl"
    reasons = equivalent_file.load(tables(name))
    kept.parent.mkdir(parents=True, exist_ok=True)
    known = read(kept)
    left = [task for task in tasks if task.id not in known]
    with (
        kept.open("a", encoding="utf-8") as file,
        Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as bar,
    ):
        shown = bar.add_task(name, total=len(tasks), completed=len(tasks) - len(left))
        file.write("\n")  # after a line that was cut short

        def keep(fate: Fate) -> None:
            known[fate.mutant.id] = fate.killed_by, fate.seconds
            file.write(json.dumps([fate.mutant.id, fate.killed_by, fate.seconds]) + "\n")
            file.flush()
            bar.advance(shown)

        homeworks.score(homework, left, reasons, processes=processes, finished=keep)
    return [Fate(task, *known[task.id], reasons.get(task.id, "")) for task in tasks]


def read(kept: Path) -> dict[str, tuple[str, float]]:
    """By id, what killed it and when; the last line of a run may have been cut short."""
    found = {}
    for line in kept.read_text("utf-8").splitlines() if kept.is_file() else []:
        with suppress(json.JSONDecodeError):
            id_, killed_by, seconds = json.loads(line)
            found[id_] = killed_by, seconds
    return found


def measured(*, only: Sequence[str], processes: int) -> list[dict[str, Any]]:
    """Judge all mutants of each homework, and count."""
    chosen = [name for name in HOMEWORKS if not only or name in only]
    return [
        counted(name, fates(name, processes), equivalent_file.load(tables(name))) for name in chosen
    ]


def counted(name: str, found: Sequence[Fate], reasons: Mapping[str, str]) -> dict[str, Any]:
    """What the table tells of a homework, and of its table of equivalent mutants."""
    counts = Counter(fate.status for fate in found)
    by = Counter(fate.killed_by for fate in found if fate.killed_by)
    return {
        "homework": name,
        "mutants": len(found),
        **{status: counts[status] for status in ("killed", "survived", "equivalent")},
        "by": dict(by.most_common(3)),
        "seconds to the kill": statistics.median(f.seconds for f in found if f.killed_by),
        "seconds": sum(f.seconds for f in found),
        "contradictions": contradictions(found, reasons),
    }


def told(data: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A row for each homework."""
    yield (
        "| homework | mutants | killed | equivalent | survived | score | most are killed by "
        "| s to the kill, median | s, all |"
    )
    yield "|---|" + "---:|" * 5 + "---|" + "---:|" * 2
    for row in data:
        by = ", ".join(f"{check} {number}" for check, number in row["by"].items())
        yield (
            f"| {row['homework']} | {row['mutants']:,} | {row['killed']:,} "
            f"| {row['equivalent']:,} | {row['survived']:,} | {score(row):.1f}% | {by} "
            f"| {row['seconds to the kill']:.2f} | {row['seconds']:,.0f} |"
        )


def score(row: Mapping[str, Any]) -> float:
    """The share that was killed of those that are not equivalent, in per cent."""
    return 100 * row["killed"] / (row["killed"] + row["survived"])


def failures(data: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A survivor without a reason, and a reason for what is killed."""
    for row in data:
        if row["survived"]:
            yield f"{row['homework']}: {row['survived']} mutants survive without a reason"
        yield from (f"{row['homework']}: {line}" for line in row["contradictions"])


FIGURE = Figure(
    "homework-mutants",
    "What becomes of the mutants of the example homeworks.",
    measured,
    told,
    (
        *("benchmarks/homework_mutants.py", "backproof/mutation"),
        *(f"examples/{name}" for name in HOMEWORKS),
        *(f"examples/equivalent/{name}.toml" for name in HOMEWORKS),
    ),
    failures=failures,
    options=(
        click.Option(["--only"], multiple=True, help="A homework."),
        click.Option(["--processes"], default=1, help="How many to work with."),
    ),
)
