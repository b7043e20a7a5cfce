"""Hold right, inaccurate and wrong programs against the rounding bound.

In the first table, a cell holds the worst ratio of error to bound in float64 and in float32. It is
a failure where a right form ever leaves its bound, an inaccurate one is told wrong, or a wrong one
is told inaccurate.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import click
import numpy as np

from backproof.candidates.candidate import Answer
from backproof.catalog import find
from backproof.compare import detectable
from backproof.error_analysis import Bounded
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Draw
from backproof.precision import is_rounding
from benchmarks import right_forms
from benchmarks.cases import case
from benchmarks.figures import Figure
from benchmarks.forms import FormCandidate, library_form

FORMATS = ("float64", "float32")
ASKED = 300
"""Cases out of bounds on which `is_rounding` is asked; it runs the form in three formats."""


def ratio(actual: np.ndarray, expected: Bounded) -> float:
    """The largest error of an entry over its bound; infinite where that is no number."""
    if np.shape(actual) != expected.value.shape:
        return math.inf
    with np.errstate(all="ignore"):
        error = np.abs(actual - expected.value).astype(np.float64)
        ratios = np.where((error == 0) & (expected.bound >= 0), 0.0, error / expected.bound)
    return float(np.where(np.isnan(ratios), math.inf, ratios).max(initial=0))


@dataclass
class Tally:
    """What a form did over all cases."""

    cases: int = 0
    worst: dict[str, float] = field(default_factory=dict)
    worst_case: dict[str, int] = field(default_factory=dict)
    beyond: list[float] = field(default_factory=list)
    unstable: int = 0
    asked: int = 0

    def add(self, prop: str, found: float, number: int) -> None:
        """One more ratio."""
        if found > self.worst.get(prop, -1):
            self.worst[prop], self.worst_case[prop] = found, number


@dataclass
class Result:
    """One operation in one format: its forms, and by gradient and case the detectable error."""

    forms: dict[str, Tally]
    powers: list[float]

    @property
    def silent(self) -> float:
        """The share of gradients whose bound exceeds their signal."""
        return statistics.mean(p >= 1 for p in self.powers)


def properties(answer: Answer, truth: Any) -> Iterator[tuple[str, np.ndarray, Bounded]]:
    """Every answer beside what is right."""
    for n, (name, actual) in enumerate(answer.outputs.items()):
        yield f"forward.{name}" if n else "forward", actual, truth.outputs[name]
    for name, bounded in truth.gradients.items():
        yield f"gradient.{name}", answer.gradients[name], bounded


def measure(stem: str, dtype: str, count: int) -> Result:
    """The ratios of an operation's right forms."""
    operation = find(stem)
    module = getattr(right_forms, stem)
    forms = {f.__name__: f for f in (*module.FORMS, library_form(operation))}
    candidates = {n: FormCandidate(operation, f) for n, f in forms.items()}
    examination = Examination(operation, next(iter(candidates.values())), np.dtype(dtype), Terms())
    result = Result({n: Tally() for n in forms}, [])
    for number in range(count):
        draw = case(operation, number, large=getattr(module, "RIGHT_UP_TO", None))
        truth = examination.symbolic(draw)
        assert truth is not None
        example = examination.example(draw)
        asked = (truth.gradients or truth.outputs).values()
        result.powers += [detectable(b) for b in asked if np.any(b.value)]
        for name, candidate in candidates.items():
            tally = result.forms[name]
            tally.cases += 1
            for prop, actual, expected in properties(candidate.answer(example), truth):
                tally.add(prop, ratio(actual, expected), number)
    return result


def measure_other(stem: str, dtype: str, count: int) -> dict[str, Tally]:
    """What becomes of an operation's unstable and wrong forms."""
    operation = find(stem)
    module = getattr(right_forms, stem)
    found = {}
    for form in (*getattr(module, "UNSTABLE", ()), *getattr(module, "WRONG", ())):
        candidate = FormCandidate(operation, form)
        examination = Examination(operation, candidate, np.dtype(dtype), Terms())
        tally = found[form.__name__] = Tally()
        for number in range(count):
            draw = case(operation, number, large=getattr(module, "LARGE", None))
            _add_other(examination, draw, tally, number)
    return found


def _add_other(examination: Examination, draw: Draw, tally: Tally, number: int) -> None:
    truth = examination.symbolic(draw)
    assert truth is not None
    tally.cases += 1
    answer = examination.candidate.answer(examination.example(draw))
    ratios = {p: ratio(a, e) for p, a, e in properties(answer, truth)}
    prop, most = max(ratios.items(), key=lambda item: item[1])
    if most <= 1:
        return
    tally.beyond.append(most)
    if tally.asked < ASKED:
        tally.asked += 1
        says = is_rounding(examination, draw, prop)
        tally.unstable += says
        key = "told unstable" if says else "told wrong"
        tally.worst_case.setdefault(key, number)


def measured(*, cases: int, only: str, workers: int) -> dict[str, Any]:
    """Both tables' rows, and what failed."""
    modules = [m.__name__.rpartition(".")[2] for m in right_forms.MODULES]
    stems = [m for m in modules if only in {"", m}]
    kinds = "UNSTABLE", "WRONG"
    others = [m for m in stems if any(hasattr(getattr(right_forms, m), k) for k in kinds)]
    fewer = max(cases // 5, 1)
    with ProcessPoolExecutor(workers) as pool:
        right = {(s, d): pool.submit(measure, s, d, cases) for s in stems for d in FORMATS}
        rest = {(s, d): pool.submit(measure_other, s, d, fewer) for s in others for d in FORMATS}
        results = {key: future.result() for key, future in right.items()}
        other_results = {key: future.result() for key, future in rest.items()}
    return {
        "right": list(right_rows(results)),
        "other": list(other_rows(other_results)),
        "failures": [*outside(results), *misjudged(other_results)],
    }


def right_rows(results: dict[tuple[str, str], Result]) -> Iterator[dict[str, Any]]:
    """The worst ratios of the right forms; both formats in one row."""
    for stem in dict.fromkeys(stem for stem, _ in results):
        both = [results[stem, dtype] for dtype in FORMATS]
        for form in both[0].forms:
            tallies = [r.forms[form] for r in both]
            yield {
                "operation": stem,
                "form": form.replace("_", " "),
                "cases": sum(t.cases for t in tallies),
                "worst": {p: [finite(t.worst[p]) for t in tallies] for p in tallies[0].worst},
                "detectable": [statistics.median(r.powers) for r in both],
                "silent": [r.silent for r in both],
            }


def other_rows(results: dict[tuple[str, str], dict[str, Tally]]) -> Iterator[dict[str, Any]]:
    """What became of the unstable and the wrong forms."""
    for (stem, dtype), tallies in results.items():
        wrong = {f.__name__ for f in getattr(getattr(right_forms, stem), "WRONG", ())}
        for form, t in tallies.items():
            numbers = [b for b in t.beyond if math.isfinite(b)]
            yield {
                "operation": stem,
                "form": form.replace("_", " ") + (" (wrong)" if form in wrong else ""),
                "format": dtype,
                "cases": t.cases,
                "beyond": len(t.beyond) / t.cases,
                "median": finite(statistics.median(t.beyond)) if t.beyond else "-",
                "worst": max(numbers) if numbers else "-",
                "unstable": t.unstable / t.asked if t.asked else "-",
            }


def finite(number: float) -> float | None:
    """A number that JSON has; None for infinity."""
    return number if math.isfinite(number) else None


def short(number: float | str | None) -> str:
    """Two digits."""
    if number is None:
        return "not finite"
    if isinstance(number, str):
        return number
    return f"{number:.2f}" if number < 100 else f"{number:.0e}"


def percent(share: float | str) -> str:
    """A share, or what stands in its place."""
    return share if isinstance(share, str) else f"{share:.1%}"


def told(data: dict[str, Any]) -> Iterator[str]:
    """Both tables."""
    yield "| operation | form | cases | forward | gradients | detectable error, median | silent |"
    yield "|---|---|---:|---|---|---|---|"
    for row in data["right"]:
        worst = row["worst"]
        forwards = [w for p, w in worst.items() if p.startswith("forward")]
        forward = " / ".join(map(short, map(largest, zip(*forwards, strict=True))))
        gradients = ", ".join(
            f"{p.partition('.')[2]} {' / '.join(map(short, w))}"
            for p, w in worst.items()
            if p.startswith("gradient")
        )
        powers = " / ".join(f"{p:.0e}" for p in row["detectable"])
        silent = " / ".join(map(percent, row["silent"]))
        yield (
            f"| {row['operation']} | {row['form']} | {row['cases']:,} | {forward} | {gradients} "
            f"| {powers} | {silent} |"
        )
    yield ""
    yield (
        "| operation | form | format | cases | out of bounds | factor, median | factor, worst | "
        "told unstable | told wrong |"
    )
    yield "|---|---|---|---:|---:|---:|---:|---:|---:|"
    for row in data["other"]:
        unstable = row["unstable"]
        wrong = unstable if isinstance(unstable, str) else 1 - unstable
        yield (
            f"| {row['operation']} | {row['form']} | {row['format']} | {row['cases']:,} "
            f"| {percent(row['beyond'])} | {short(row['median'])} | {short(row['worst'])} "
            f"| {percent(unstable)} | {percent(wrong)} |"
        )


def largest(numbers: Sequence[float | None]) -> float | None:
    """The worst of several outputs; None, for infinity, is."""
    return None if None in numbers else max(n for n in numbers if n is not None)


def outside(results: dict[tuple[str, str], Result]) -> Iterator[str]:
    """The right forms that left their bound."""
    for (stem, dtype), result in results.items():
        for form, tally in result.forms.items():
            for prop, worst in tally.worst.items():
                if worst > 1:
                    most, where = short(finite(worst)), f"in case {tally.worst_case[prop]}"
                    yield f"{stem} {form} {dtype} {prop}: {most} of the bound {where}"


def misjudged(results: dict[tuple[str, str], dict[str, Tally]]) -> Iterator[str]:
    """The unstable forms that were told wrong, and the wrong ones that were told unstable."""
    for (stem, dtype), tallies in results.items():
        wrong = {f.__name__ for f in getattr(getattr(right_forms, stem), "WRONG", ())}
        for form, tally in tallies.items():
            said = "told unstable" if form in wrong else "told wrong"
            if said in tally.worst_case:
                yield f"{stem} {form} {dtype}: {said} in case {tally.worst_case[said]}"


FIGURE = Figure(
    "bounds",
    "Right, inaccurate and wrong programs against the rounding bound.",
    measured,
    told,
    ("benchmarks/bounds.py", "benchmarks/cases.py", "benchmarks/right_forms"),
    failures=lambda data: iter(data["failures"]),
    options=(
        click.Option(["--cases"], default=5000, help="For each format."),
        click.Option(["--only"], default="", help="One operation."),
        click.Option(["--workers"], default=2),
    ),
)
