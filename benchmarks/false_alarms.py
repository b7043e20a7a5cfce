"""Judge right programs, in many forms, and count the alarms.

An example is one form judged on one draw as the engine judges it: by its closed form, by finite
differences, and by torch. What is right of a draw is found out once, for all forms of an operation.

Draws are counted in blocks, and what came of a block is one line of a file in a folder: a run that
was interrupted goes on behind its last block, and the shards of several machines, and of several
NumPys, add up by lying in one folder.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from backproof.aspects import Kinks
from backproof.candidates.in_process import InProcess
from backproof.catalog import NETWORKS, find
from backproof.compare import Finding
from backproof.contract import Contract
from backproof.examination import Examination, Terms
from backproof.inputs.draw import AT_KINKS, Draw
from backproof.inputs.sheets import Shared
from backproof.precision import is_rounding
from backproof.variations import at_kinks
from backproof.verdict import SLOPES
from benchmarks import right_forms
from benchmarks.cases import case
from benchmarks.engine_draws import drawn
from benchmarks.figures import ROOT, Figure, digest, machine, versions
from benchmarks.forms import FormCandidate, TorchCandidate

FORMATS = ("float64", "float32")
NUMPYS = ("1.24", "1.26", "2.0", "2.2", "2.4")
"""The matrix."""

STATE = ROOT / "build" / "false-alarms"
JUDGES = (
    *("backproof", "derivations", "implementations"),
    *("benchmarks/cases.py", "benchmarks/forms.py", "benchmarks/right_forms"),
)
"""What an example's outcome depends on."""

CASES, DRAWN, KINKED = 26, 8, 6
BLOCK = CASES + DRAWN + KINKED
"""Draws of a block: our cases, then the engine's own draws, then some of its draws at kinks."""

MILD = 4
"""So many cases of each block are put to the unstable forms."""

SMALL, LARGEST = 10, 48
"""How long the axes of our cases are, as a rule, and in every eighth."""

_LISTED = 20
"""So many alarms of one block are listed; all are counted."""

_ROUNDING = "rounding"

# What depends on a course is no alarm: which side's derivative is taken at a kink.
_TERMS = Terms(fixes_kink=False)


# --- the forms of an operation -----------------------------------------------------------------


@dataclass
class Tally:
    """What came of the examples of one form.

    Attributes
    ----------
    examples, findings
        A finding is what one example says of one output or gradient.
    silent
        The findings whose rounding bound exceeds their signal.
    unstable
        The findings of an unstable form that were told to be rounding.
    alarms
        The examples with a finding that tells a right form wrong, or could not be decided.
    dissents
        By oracle, the findings in which it stood alone against the others.
    """

    examples: int = 0
    findings: int = 0
    silent: int = 0
    unstable: int = 0
    alarms: int = 0
    dissents: dict[str, int] = field(default_factory=dict)

    def add(self, other: Mapping[str, Any]) -> None:
        """Count another's in."""
        for name in ("examples", "findings", "silent", "unstable", "alarms"):
            setattr(self, name, getattr(self, name) + other[name])
        for oracle, count in other["dissents"].items():
            self.dissents[oracle] = self.dissents.get(oracle, 0) + count


@dataclass(frozen=True)
class Alarm:
    """What was said of a right form, and how to hear it again."""

    operation: str
    form: str
    format: str
    number: int
    property: str
    says: str

    def __str__(self) -> str:
        """One line, with the command that judges the example again."""
        asked = f"{self.operation} {self.form} {self.format} {self.number}"
        return f"{self.property}: {self.says} (python -m benchmarks.false_alarms {asked})"


def said(finding: Finding) -> str:
    """A finding in a few words."""
    why = finding.note or ", ".join(f"{oracle}: {say}" for oracle, say in finding.says.items())
    lone = f"; {finding.blamed} alone" if finding.blamed else ""
    return f"{finding.outcome} ({why}{lone})"


class Forms:
    """The forms of one operation in one format."""

    def __init__(self, stem: str, dtype: str) -> None:
        self.operation = find(stem)
        self.module = getattr(right_forms, stem)
        self.dtype = np.dtype(dtype)
        self._shared = Shared()
        self._held_at_kinks: dict[str, Kinks] = {}

    @cached_property
    def right(self) -> dict[str, Examination]:
        """The right forms, torch's own and the package's own implementation among them."""
        operation = self.operation
        assert operation.implementation is not None
        candidates = {
            **{form.__name__: FormCandidate(operation, form) for form in self.module.FORMS},
            "torch_itself": TorchCandidate(operation),
            "reference": InProcess(operation, operation.implementation),
        }
        return {name: self._examined(candidate) for name, candidate in candidates.items()}

    @cached_property
    def unstable(self) -> dict[str, Examination]:
        """The forms that are right but for their rounding."""
        written = getattr(self.module, "UNSTABLE", ())
        return {f.__name__: self._examined(FormCandidate(self.operation, f)) for f in written}

    def _examined(self, candidate: Any) -> Examination:
        return Examination(self.operation, candidate, self.dtype, _TERMS, self._shared)

    def block(self, first: int) -> tuple[dict[str, Tally], list[Alarm]]:
        """What comes of the draws from this number on."""
        tallies = {name: Tally() for name in (*self.right, *self.unstable)}
        alarms: list[Alarm] = []
        for name, number, found in self._answers(first):
            alarms += self._count(name, number, found, tallies[name])
        return tallies, alarms

    def _answers(self, first: int) -> Iterator[tuple[str, int, dict[str, Finding]]]:
        for number, draw in enumerate(self.draws(first), start=first):
            for name in self.right:
                if self._takes(name, draw):
                    yield name, number, self._judged(name, number, draw)
        for number in range(first, first + MILD):
            draw = self._case(number, "LARGE")
            for name in self.unstable:
                yield name, number, self._unstable(name, draw)

    def again(self, name: str, number: int) -> dict[str, Finding]:
        """What one example says."""
        if name in self.unstable:
            return self._unstable(name, self._case(number, "LARGE"))
        place = number % BLOCK
        return self._judged(name, number, self.draws(number - place)[place])

    # --- draws ---------------------------------------------------------------------------------

    def draws(self, number: int) -> list[Draw]:
        """The draws of the block that begins with this number."""
        drawn = [self._case(n, "RIGHT_UP_TO") for n in range(number, number + CASES)]
        kinks = bool(self.operation.kinks)
        drawn += self._drawn(number, DRAWN if kinks else DRAWN + KINKED, kinks=False)
        return drawn + (self._drawn(number, KINKED, kinks=True) if kinks else [])

    def _case(self, number: int, bound: str) -> Draw:
        largest = LARGEST if number % 8 == 0 else SMALL
        large = getattr(self.module, bound, None)
        return case(self.operation, number, large=large, largest=largest)

    def _drawn(self, number: int, count: int, *, kinks: bool) -> list[Draw]:
        """The engine's own draws."""
        large = getattr(self.module, "RIGHT_UP_TO", self.operation.large)
        stream = f"{self.operation.name}{' at kinks' if kinks else ''}, false alarms {number}"
        return drawn(replace(self.operation, large=large), stream, count, kinks=kinks)

    # --- judging -------------------------------------------------------------------------------

    def _judged(self, name: str, number: int, draw: Draw) -> dict[str, Finding]:
        """What the engine says of a right form."""
        examination = self.right[name]
        if AT_KINKS in draw.structure.values():
            return self._kinks(name).findings(draw)
        found = examination.findings(draw)
        if number % BLOCK == CASES:  # the first of the engine's draws
            found |= Contract(examination).findings(draw)
        return found

    def _kinks(self, name: str) -> Kinks:
        if name not in self._held_at_kinks:
            self._held_at_kinks[name] = Kinks(at_kinks(self.right[name]))
        return self._held_at_kinks[name]

    def _takes(self, name: str, draw: Draw) -> bool:
        between = {f.__name__ for f in getattr(self.module, "BETWEEN", ())}
        return name not in between or AT_KINKS not in draw.structure.values()

    def _unstable(self, name: str, draw: Draw) -> dict[str, Finding]:
        """What the engine says of an unstable form, after it has asked what is rounding."""
        examination = self.unstable[name]
        return {
            prop: replace(finding, outcome="silent", note=_ROUNDING)
            if finding.outcome == "wrong" and is_rounding(examination, draw, prop)
            else finding
            for prop, finding in examination.findings(draw).items()
        }

    def _count(
        self, name: str, number: int, found: Mapping[str, Finding], tally: Tally
    ) -> Iterator[Alarm]:
        """Count what one example says, and tell what is an alarm of it."""
        tally.examples += 1
        alarmed = False
        for prop, finding in found.items():
            tally.findings += 1
            tally.silent += finding.outcome == "silent" and not finding.note
            tally.unstable += finding.note == _ROUNDING
            lone = finding.blamed or (SLOPES if finding.says.get(SLOPES) == "disagree" else "")
            if lone and name in self.right:
                tally.dissents[lone] = tally.dissents.get(lone, 0) + 1
            if finding.outcome in {"wrong", "undecided"}:
                alarmed = True
                yield Alarm(self.operation.name, name, self.dtype.name, number, prop, said(finding))
        tally.alarms += alarmed


# --- blocks, shards and what is known of them --------------------------------------------------


@dataclass(frozen=True)
class Block:
    """Some draws of one operation in one format, for one NumPy."""

    numpy: str
    operation: str
    format: str
    first: int

    def judged(self) -> dict[str, Any]:
        """The line that tells what came of it."""
        tallies, alarms = _forms(self.operation, self.format).block(self.first)
        return {
            **asdict(self),
            **_origin(),
            "forms": {name: asdict(tally) for name, tally in tallies.items()},
            "alarms": [asdict(alarm) for alarm in alarms[:_LISTED]],
        }


@cache
def _forms(stem: str, dtype: str) -> Forms:
    return Forms(stem, dtype)


@cache
def _origin() -> dict[str, str]:
    return {"judges": digest(JUDGES)[:16], "machine": machine(), "versions": versions()}


def stems() -> list[str]:
    """The operations, in the order of the catalog."""
    return [module.__name__.rpartition(".")[2] for module in right_forms.MODULES]


def share(stem: str) -> float:
    """A network's draws are as dear as several of an operation, and are fewer."""
    return 1 / 4 if find(stem) in NETWORKS else 1


def plan(total: int) -> list[Block]:
    """The blocks that make so many examples with this NumPy, the first of each operation first.

    Every NumPy has draws of its own.
    """
    major, minor = (int(part) for part in np.__version__.split(".")[:2])
    first = (100 * major + minor) * 10**6
    each = total / sum(map(share, stems())) / len(FORMATS)
    blocks = []
    for stem in stems():
        examples_of_block = BLOCK * len(_forms(stem, FORMATS[0]).right)
        for n in range(math.ceil(each * share(stem) / examples_of_block)):
            blocks += [Block(_minor(), stem, d, first + n * BLOCK) for d in FORMATS]
    return sorted(blocks, key=lambda block: block.first)


def _minor() -> str:
    return ".".join(np.__version__.split(".")[:2])


def known(state: Path) -> dict[Block, dict[str, Any]]:
    """What the files of a folder tell; a line that was cut off tells nothing."""
    found = {}
    for file in sorted(state.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            try:
                told = json.loads(line)
            except json.JSONDecodeError:
                continue
            names = [f.name for f in fields(Block)]
            found[Block(**{n: told[n] for n in names})] = told
    return found


def run(total: int, shard: str, state: Path) -> None:
    """Judge the blocks of a shard that nothing is known of."""
    number, _, shards = shard.partition("/")
    state.mkdir(parents=True, exist_ok=True)
    done = known(state)
    blocks = plan(total)[int(number) - 1 :: int(shards)]
    left = [block for block in blocks if block not in done]
    file = state / f"numpy{_minor()}-{number}of{shards}.jsonl"
    with file.open("a", encoding="utf-8") as lines:
        if lines.tell():
            lines.write("\n")  # after a line that was cut off
        bar = track(
            left,
            f"NumPy {_minor()}, shard {shard}",
            total=len(blocks),
            completed=len(blocks) - len(left),
            console=Console(stderr=True),
        )
        for block in bar:
            lines.write(json.dumps(block.judged()) + "\n")
            lines.flush()


# --- the sum -----------------------------------------------------------------------------------


def summed(told: Mapping[Block, Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of what is known of blocks."""
    rows: dict[str, dict[str, Any]] = {}
    judges: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    alarms = []
    for block, line in told.items():
        row = rows.setdefault(block.operation, _row())
        for name, counted in line["forms"].items():
            rounds = name in {f.__name__ for f in _unstable(block.operation)}
            row["unstable" if rounds else "right"].add(counted)
            row["unstable forms" if rounds else "forms"].add(name)
            if not rounds:
                row["examples"][block.numpy] += counted["examples"]
                row["formats"][block.format] += counted["examples"]
                judges[line["judges"]] += counted["examples"]
                origins[f"{line['machine']}; {line['versions']}"] += counted["examples"]
        alarms += [str(Alarm(**alarm)) for alarm in line["alarms"]]
    return {
        "operations": [
            {"operation": stem, **_plain(rows[stem])} for stem in stems() if stem in rows
        ],
        "judges": dict(judges),
        "origins": dict(origins),
        "alarms": alarms,
    }


def _row() -> dict[str, Any]:
    return {
        "right": Tally(),
        "unstable": Tally(),
        "forms": set(),
        "unstable forms": set(),
        "examples": Counter(),
        "formats": Counter(),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON has it."""
    return {
        name: sorted(value)
        if isinstance(value, set)
        else asdict(value)
        if isinstance(value, Tally)
        else dict(value)
        for name, value in row.items()
    }


def _unstable(stem: str) -> tuple[Any, ...]:
    return getattr(getattr(right_forms, stem), "UNSTABLE", ())


def measured(*, examples: int, shard: str, state: Path) -> dict[str, Any]:
    """Judge what is left of the shard, and sum up all that the folder holds."""
    run(examples, shard, state)
    return summed(known(state))


def told(data: Mapping[str, Any]) -> Iterator[str]:
    """The sum, and a row for each operation."""
    rows = data["operations"]
    rounds = sum(row["unstable"]["examples"] for row in rows)
    wrong = sum(row["unstable"]["alarms"] for row in rows)
    yield from short(data)
    yield f"{rounds:,} of programs that are right but for their rounding: {wrong} told wrong."
    yield ""
    yield f"| operation | forms | {' | '.join(NUMPYS)} | float32 | silent | dissents | alarms |"
    yield f"|---|---:|{'---:|' * len(NUMPYS)}---:|---:|---|---:|"
    for row in rows:
        right, examples = row["right"], sum(row["examples"].values())
        counts = " | ".join(f"{row['examples'].get(numpy, 0):,}" for numpy in NUMPYS)
        lone = ", ".join(f"{oracle}: {n}" for oracle, n in sorted(right["dissents"].items()))
        yield (
            f"| {row['operation']} | {len(row['forms'])} | {counts} "
            f"| {row['formats'].get('float32', 0) / examples:.0%} "
            f"| {right['silent'] / right['findings']:.1%} | {lone or '-'} "
            f"| {right['alarms'] + row['unstable']['alarms']} |"
        )
    yield ""
    yield from (f"- {count:,} examples on {origin}" for origin, count in data["origins"].items())
    for judges, count in data["judges"].items():
        yield f"- {count:,} examples judged by {judges}"
    yield from (f"- {alarm}" for alarm in data["alarms"])


def short(data: Mapping[str, Any]) -> Iterator[str]:
    """How many examples, forms and alarms there are in all."""
    rows = data["operations"]
    total = sum(sum(row["examples"].values()) for row in rows)
    forms = sum(len(row["forms"]) for row in rows)
    numpys = {numpy for row in rows for numpy in row["examples"]}
    alarms = sum(row["right"]["alarms"] for row in rows)
    yield (
        f"{total:,} examples of right programs in {forms} forms, on {len(numpys)} versions of "
        f"NumPy: {alarms} false alarms."
    )


def failures(data: Mapping[str, Any]) -> Iterator[str]:
    """The alarms."""
    for row in data["operations"]:
        count = row["right"]["alarms"] + row["unstable"]["alarms"]
        if count:
            yield f"{row['operation']}: {count} false alarms"
    yield from data["alarms"]


FIGURE = Figure(
    "false-alarms",
    "Right programs in many forms: how many are told wrong.",
    measured,
    told,
    (
        *("benchmarks/false_alarms.py", "benchmarks/engine_draws.py", "benchmarks/cases.py"),
        *("benchmarks/forms.py", "benchmarks/right_forms"),
    ),
    failures=failures,
    short=short,
    options=(
        click.Option(["--examples"], default=200_000, help="With this NumPy, of all shards."),
        click.Option(["--shard"], default="1/1", help="Which part of them, such as 2/4."),
        click.Option(
            ["--state"],
            default=STATE,
            type=click.Path(file_okay=False, path_type=Path),
            help="The folder that keeps what is done.",
        ),
    ),
)


@click.command
@click.argument("operation")
@click.argument("form")
@click.argument("dtype")
@click.argument("number", type=int)
def again(operation: str, form: str, dtype: str, number: int) -> None:
    """Judge one example again, and print what each property says."""
    for prop, finding in _forms(operation, dtype).again(form, number).items():
        click.echo(f"{prop}: {said(finding)}")


if __name__ == "__main__":
    again(prog_name="python -m benchmarks.false_alarms")
