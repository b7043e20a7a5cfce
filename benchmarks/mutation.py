"""How many wrong programs each tool lets through: backproof and its peers, on the same mutants.

A mutant is killed by a tool that takes it for wrong, that it makes raise, or that it holds up for
longer than `LIMIT`. A peer is asked every question of `questions`; one on which it takes the right
implementation for wrong kills no mutant. How often that is, is told for several random inputs: each
is a false alarm. What is found is appended to a file, so that an interrupted run goes on.
"""

from __future__ import annotations

import json
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from backproof import examine
from backproof.catalog import OPERATIONS, find
from backproof.mutation.mutants import Mutant, load, mutants, source_of
from backproof.mutation.scoring import IMPORT, TIME, equivalents, killer
from backproof.verify import FORMATS
from backproof.workers import timed
from benchmarks.figures import ROOT, Figure, digest
from benchmarks.peers import PEERS
from benchmarks.peers.layer import Layer
from benchmarks.peers.question import SEED, Question, questions
from benchmarks.processes import limit_memory

OURS = "backproof"
TOOLS = (OURS, *(peer.name for peer in PEERS))
SEEDS = range(10)
"""Of the random inputs on which the right implementations are asked about."""

RIGHT = "right, seed"
"""What is named with a seed where there is no mutant to name."""

AT_ONCE = "0"
"""The number of the question with the default parameters."""

LIMIT = 120
"""Seconds that a tool may take for one program."""

SOURCES = ("benchmarks/mutation.py", "benchmarks/peers", "backproof/mutation", "implementations")
KEPT = ROOT / "build" / "benchmarks"
"""Where what is found is kept until the figure is whole."""


@dataclass(frozen=True)
class Task:
    """One program for one tool; the right one where there is no mutant."""

    operation: str
    tool: str
    mutant: Mutant | None = None
    seed: int = SEED

    @property
    def key(self) -> tuple[str, str, str]:
        """What an outcome is found again by."""
        program = f"{RIGHT} {self.seed}" if self.mutant is None else self.mutant.id
        return self.operation, self.tool, program


@dataclass(frozen=True)
class Outcome:
    """What one tool said of one program.

    Attributes
    ----------
    operation, tool, program
        The program is a mutant's id, or the right one and the seed of the inputs.
    red
        The numbers of the questions, or the checks, by which it was taken for wrong; for a mutant
        the first of them.
    seconds
        That it took, until then.
    """

    operation: str
    tool: str
    program: str
    red: tuple[str, ...]
    seconds: float

    @property
    def key(self) -> tuple[str, str, str]:
        """Of the task."""
        return self.operation, self.tool, self.program


def outcome(task: Task) -> Outcome:
    """Ask a tool about a mutant until something tells it, or about the right program to the end."""
    if task.mutant is None:
        return Outcome(*task.key, tuple(reds(task.operation, task.tool, task.seed)), 0)
    known = reds_of_the_right(task.operation, task.tool)
    start = time.perf_counter()
    red = killer(task.mutant) if task.tool == OURS else _first_red(task.mutant, task.tool, known)
    return Outcome(*task.key, (red,) if red else (), time.perf_counter() - start)


def _first_red(mutant: Mutant, tool: str, known: Sequence[str]) -> str:
    try:
        program = load(mutant)
    except Exception:  # noqa: BLE001 - whatever a mutant raises where it is imported
        return IMPORT
    found = peers_reds(mutant.operation, tool, program)
    return next((number for number in found if number not in known), "")


@cache
def reds_of_the_right(operation: str, tool: str) -> tuple[str, ...]:
    """What kills no mutant. Once this is known, the tool is imported, and warm."""
    return tuple(reds(operation, tool))


def reds(operation: str, tool: str, seed: int = SEED) -> Iterator[str]:
    """The questions or checks on which a tool takes the right program for wrong."""
    right = find(operation)
    if tool != OURS:
        return peers_reds(operation, tool, right.implementation, seed)
    checks = examine(right, dtypes=FORMATS).checks
    return (check.id for check in checks if check.status in {"fail", "error"})


def peers_reds(operation: str, tool: str, program: Any, seed: int = SEED) -> Iterator[str]:
    """The numbers of the questions on which a peer takes a program for wrong."""
    (peer,) = (peer for peer in PEERS if peer.name == tool)
    for number, question in enumerate(asked_of(operation, seed)):
        if not peer.accepts(Layer(program, question)):
            yield str(number)


@cache
def asked_of(operation: str, seed: int) -> tuple[Question, ...]:
    """The questions that peers are asked."""
    return tuple(questions(find(operation), seed))


# --- all of them ----------------------------------------------------------------------------------


def outcomes(tasks: Sequence[Task], processes: int, kept: Path) -> list[Outcome]:
    """What came of each task: what a file has of them, and the others, which are added to it."""
    done = {found.key: found for found in read(kept)}
    left = [task for task in tasks if task.key not in done]
    kept.parent.mkdir(parents=True, exist_ok=True)
    with (
        kept.open("a", encoding="utf-8") as file,
        Progress(*Progress.get_default_columns(), console=Console(stderr=True)) as bar,
    ):
        shown = bar.add_task("Mutants", total=len(tasks), completed=len(tasks) - len(left))
        file.write("\n")  # after a line that was cut short

        def keep(task: Task, found: Outcome | None) -> None:
            done[task.key] = found or Outcome(*task.key, (TIME,), LIMIT)
            file.write(json.dumps(asdict(done[task.key])) + "\n")
            file.flush()
            bar.advance(shown)

        timed(in_own_process, left, processes, LIMIT, keep)
    return [done[task.key] for task in tasks]


def in_own_process(task: Task) -> Outcome:
    """The outcome, in a process that can be ended, and that cannot end the machine."""
    _limit_memory()
    warnings.simplefilter("ignore")  # of numbers that a right program would not come by
    return outcome(task)


@cache
def _limit_memory() -> None:
    limit_memory()


def read(kept: Path) -> Iterator[Outcome]:
    """The outcomes in a file; the last of a run may have been cut short."""
    for line in kept.read_text("utf-8").splitlines() if kept.is_file() else []:
        with suppress(json.JSONDecodeError):
            told = json.loads(line)
            yield Outcome(**{**told, "red": tuple(told["red"])})


def measured(*, only: Sequence[str], every: int, processes: int) -> dict[str, Any]:
    """Ask every tool about every program, and count."""
    operations = [o for o in OPERATIONS if not only or o.name in only]
    same = {id_ for o in operations for id_ in equivalents(o)}
    chosen = [mutant for o in operations for mutant in mutants(o)][::every]
    programs = [mutant for mutant in chosen if mutant.id not in same]
    tasks = [Task(m.operation, tool, m) for m in programs for tool in TOOLS]
    tasks += [Task(o.name, OURS) for o in operations]
    tasks += [Task(o.name, p.name, seed=s) for o in operations for p in PEERS for s in SEEDS]
    kept = KEPT / f"mutation-{digest((*SOURCES, 'backproof', 'derivations'))[:16]}.jsonl"
    return counted(programs, outcomes(tasks, processes, kept), len(chosen) - len(programs))


# --- counting -------------------------------------------------------------------------------------


def counted(
    programs: Sequence[Mutant], found: Iterable[Outcome], equivalent: int
) -> dict[str, Any]:
    """What the tables tell of the outcomes."""
    known = {(m.operation, m.id): m for m in programs}
    by_tool: dict[str, list[Outcome]] = {tool: [] for tool in TOOLS}
    for one in found:
        by_tool[one.tool].append(one)
    names = {m.operation for m in programs}
    return {
        "mutants": len(known),
        "equivalent": equivalent,
        "questions": sum(len(asked_of(name, seed)) for name in names for seed in SEEDS),
        "tools": {tool: _tool(known, told) for tool, told in by_tool.items()},
    }


def _tool(known: Mapping[tuple[str, str], Mutant], told: Sequence[Outcome]) -> dict[str, Any]:
    of_mutants = [o for o in told if (o.operation, o.program) in known]
    alarms = Counter(o.operation for o in told if o.program.startswith(RIGHT) for _ in o.red)
    in_backward = [o for o in of_mutants if is_in_backward(known[o.operation, o.program])]
    names = dict.fromkeys(o.operation for o in of_mutants)
    return {
        "all": _share(of_mutants),
        "in backward": _share(in_backward),
        "at once": [sum(o.red == (AT_ONCE,) for o in of_mutants), len(of_mutants)],
        "false alarms": dict(alarms),
        "median seconds": statistics.median(o.seconds for o in of_mutants),
        "seconds": sum(o.seconds for o in of_mutants),
        "operations": {n: _share([o for o in of_mutants if o.operation == n]) for n in names},
    }


def _share(told: Sequence[Outcome]) -> list[int]:
    """How many were killed, and of how many."""
    return [sum(bool(o.red) for o in told), len(told)]


def is_in_backward(mutant: Mutant) -> bool:
    """Whether nothing before the backward was changed."""
    right, _, backward = source_of(mutant.file).partition("\ndef backward(")
    return bool(backward) and mutant.source.startswith(right)


# --- telling --------------------------------------------------------------------------------------


def score(share: Sequence[int]) -> float:
    """The share that was killed, in per cent."""
    killed, of = share
    return 100 * killed / of if of else 0.0


def told(data: dict[str, Any]) -> Iterator[str]:
    """Each tool's score and seconds, then its score for each operation."""
    yield (
        f"{data['mutants']:,} mutants, without the {data['equivalent']} that are known to be "
        "equivalent to the right program."
    )
    yield ""
    yield (
        f"| tool | killed | survived | score | in backward | first question "
        f"| false alarms of {data['questions']} | ms a mutant, median | s, all |"
    )
    yield "|---|" + "---:|" * 8
    for tool, row in data["tools"].items():
        (killed, of), alarms = row["all"], row["false alarms"]
        first = "" if tool == OURS else f"{score(row['at once']):.1f}%"
        yield (
            f"| {tool} | {killed:,} | {of - killed:,} | {score(row['all']):.1f}% "
            f"| {score(row['in backward']):.1f}% | {first} | {sum(alarms.values())} "
            f"| {1e3 * row['median seconds']:,.1f} | {row['seconds']:,.0f} |"
        )
    yield ""
    yield "The score for each operation, in per cent; a star marks false alarms there:"
    yield ""
    yield "| operation | mutants | " + " | ".join(data["tools"]) + " |"
    yield "|---|---:|" + "---:|" * len(data["tools"])
    for name, (_, of) in data["tools"][OURS]["operations"].items():
        cells = [
            f"{score(row['operations'][name]):.0f}{'*' * (name in row['false alarms'])}"
            for row in data["tools"].values()
        ]
        yield f"| {name} | {of} | {' | '.join(cells)} |"


def short(data: dict[str, Any]) -> Iterator[str]:
    """Each tool's score and seconds."""
    yield "| tool | mutants killed | false alarms | ms a mutant |"
    yield "|---|---:|---:|---:|"
    for tool, row in data["tools"].items():
        yield (
            f"| {tool} | {score(row['all']):.1f}% | {sum(row['false alarms'].values())} "
            f"| {1e3 * row['median seconds']:,.0f} |"
        )


def failures(data: dict[str, Any]) -> Iterator[str]:
    """A survivor or a false alarm of ours; a peer that lets fewer through."""
    tools = data["tools"]
    killed, of = tools[OURS]["all"]
    if killed < of:
        yield f"{of - killed} mutants survive backproof without a reason"
    for name, count in tools[OURS]["false alarms"].items():
        yield f"{name}: {count} false alarms of backproof"
    for tool, row in tools.items():
        if row["all"][0] > killed:
            yield f"{tool} kills {row['all'][0]} mutants, backproof {killed}"


def drawn(data: dict[str, Any], axes: Any) -> None:
    """Score against seconds, a point for each tool."""
    for tool, row in data["tools"].items():
        place = 1e3 * row["median seconds"], score(row["all"])
        axes.plot(*place, marker="o", markersize=9 if tool == OURS else 6)
        # Down to the right: the labels of points side by side do not meet.
        axes.annotate(tool, place, (5, -5), textcoords="offset points", rotation=-50, va="top")
    axes.set(xscale="log", xlabel="ms a mutant, median", ylabel="mutants killed, %", ylim=(0, 105))
    axes.margins(x=0.2)


FIGURE = Figure(
    "mutation",
    "Mutants that backproof and its peers kill, and the seconds that it takes.",
    measured,
    told,
    SOURCES,
    failures=failures,
    drawn=drawn,
    short=short,
    options=(
        click.Option(["--only"], multiple=True, help="An operation."),
        click.Option(["--every"], default=1, help="One mutant of so many."),
        click.Option(["--processes"], default=1, help="How many to work with."),
    ),
)
