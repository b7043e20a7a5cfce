"""Hold right, inaccurate and wrong programs against the rounding bound.

``python benchmarks/bounds.py`` prints two Markdown tables. In the first, a cell holds the worst
ratio of error to bound in float64 and in float32. Exits 1 where a right form ever leaves its
bound, an inaccurate one is told wrong, or a wrong one is told inaccurate.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import right_forms
from cases import case
from right_forms.notation import Form

from backproof.candidates.candidate import Answer, Example
from backproof.catalog import find
from backproof.compare import detectable
from backproof.error_analysis import Bounded
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Draw
from backproof.operation import Operation
from backproof.precision import is_rounding

FORMATS = ("float64", "float32")
ASKED = 300
"""Cases out of bounds on which `is_rounding` is asked; it runs the form in three formats."""


class FormCandidate:
    """A form, as the engine asks a candidate."""

    def __init__(self, operation: Operation, form: Form) -> None:
        self.operation = operation
        self.form = form

    def answer(self, example: Example) -> Answer:
        """Ask the form."""
        keywords = self.operation.keywords(example.parameters)
        with np.errstate(all="ignore"):
            value, gradients = self.form(cotangent=example.cotangent, **example.inputs, **keywords)
        outputs = value if isinstance(value, tuple) else (value,)
        names = self.operation.output_names(self.operation.convention_of(example.parameters))
        return Answer(dict(zip(names, outputs, strict=True)), gradients)

    def values(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """Ask the form for its output alone."""
        first = self.operation.outputs[0]
        return [np.asarray(self.answer(e).outputs[first]) for e in examples]


def library_form(operation: Operation) -> Form:
    """torch's own forward and backward, in the format of the inputs."""
    import torch  # noqa: PLC0415 - only where a table is made

    torch.set_num_threads(1)
    differentiable = {n for c in operation.variants() for n in operation.differentiable(c)}

    def torch_itself(cotangent: np.ndarray, **given: Any) -> Any:
        tensors = {n: torch.from_numpy(v) for n, v in given.items() if isinstance(v, np.ndarray)}
        rest = {n: v for n, v in given.items() if n not in tensors}
        leaves = {n: t for n, t in tensors.items() if n in differentiable}
        for tensor in leaves.values():
            tensor.requires_grad_()
        found = operation.torch(torch, **tensors, **rest)
        outputs = found if isinstance(found, tuple) else (found,)
        if not leaves:
            return tuple(o.detach().numpy() for o in outputs), {}
        gradients = torch.autograd.grad(
            outputs[0],
            list(leaves.values()),
            torch.from_numpy(np.asarray(cotangent)),
            allow_unused=True,
        )
        named = zip(leaves.items(), gradients, strict=True)
        return tuple(o.detach().numpy() for o in outputs), {
            n: np.zeros(t.shape, cotangent.dtype) if g is None else g.numpy() for (n, t), g in named
        }

    return torch_itself


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
        draw = case(operation, number)
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


def short(number: float) -> str:
    """Two digits."""
    if math.isinf(number):
        return "not finite"
    return f"{number:.2f}" if number < 100 else f"{number:.0e}"


def right_table(results: dict[tuple[str, str], Result]) -> Iterator[str]:
    """The ratios of the right forms, both formats in one cell."""
    yield "| operation | form | cases | forward | gradients | detectable error, median | silent |"
    yield "|---|---|---:|---|---|---|---|"
    for stem in dict.fromkeys(stem for stem, _ in results):
        both = [results[stem, dtype] for dtype in FORMATS]
        powers = " / ".join(f"{statistics.median(r.powers):.0e}" for r in both)
        silent = " / ".join(f"{r.silent:.1%}" for r in both)
        for form in both[0].forms:
            tallies = [r.forms[form] for r in both]
            props = list(tallies[0].worst)
            cells = {p: " / ".join(short(t.worst[p]) for t in tallies) for p in props}
            forward = max_cell([p for p in props if p.startswith("forward")], tallies)
            gradients = ", ".join(
                f"{p.partition('.')[2]} {c}" for p, c in cells.items() if p.startswith("gradient")
            )
            cases = sum(t.cases for t in tallies)
            name = form.replace("_", " ")
            yield (
                f"| {stem} | {name} | {cases:,} | {forward} | {gradients} | {powers} | {silent} |"
            )


def max_cell(props: Sequence[str], tallies: Sequence[Tally]) -> str:
    """The worst of several outputs, in each format."""
    return " / ".join(short(max(t.worst[p] for p in props)) for t in tallies)


def other_table(results: dict[tuple[str, str], dict[str, Tally]]) -> Iterator[str]:
    """What became of the unstable and the wrong forms."""
    yield (
        "| operation | form | format | cases | out of bounds | factor, median | factor, worst | "
        "told unstable | told wrong |"
    )
    yield "|---|---|---|---:|---:|---:|---:|---:|---:|"
    for (stem, dtype), tallies in results.items():
        wrong = {f.__name__ for f in getattr(getattr(right_forms, stem), "WRONG", ())}
        for form, t in tallies.items():
            said = form.replace("_", " ") + (" (wrong)" if form in wrong else "")
            finite = [b for b in t.beyond if math.isfinite(b)]
            median = short(statistics.median(t.beyond)) if t.beyond else "-"
            worst = short(max(finite)) if finite else "-"
            unstable = f"{t.unstable / t.asked:.1%}" if t.asked else "-"
            told_wrong = f"{1 - t.unstable / t.asked:.1%}" if t.asked else "-"
            yield (
                f"| {stem} | {said} | {dtype} | {t.cases:,} | {len(t.beyond) / t.cases:.1%} | "
                f"{median} | {worst} | {unstable} | {told_wrong} |"
            )


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="for each format")
    parser.add_argument("--only", default="", help="one operation")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    modules = [m.__name__.rpartition(".")[2] for m in right_forms.MODULES]
    stems = [m for m in modules if chosen.only in {"", m}]
    others = [
        m for m in stems if hasattr(getattr(right_forms, m), "UNSTABLE")
        or hasattr(getattr(right_forms, m), "WRONG")
    ]  # fmt: skip
    count, fewer = chosen.cases, max(chosen.cases // 5, 1)
    with ProcessPoolExecutor(chosen.processes) as pool:
        right = {(s, d): pool.submit(measure, s, d, count) for s in stems for d in FORMATS}
        rest = {(s, d): pool.submit(measure_other, s, d, fewer) for s in others for d in FORMATS}
        results = {key: future.result() for key, future in right.items()}
        other_results = {key: future.result() for key, future in rest.items()}
    print(*right_table(results), "", *other_table(other_results), sep="\n")
    failures = [*outside(results), *misjudged(other_results)]
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def outside(results: dict[tuple[str, str], Result]) -> Iterator[str]:
    """The right forms that left their bound."""
    for (stem, dtype), result in results.items():
        for form, tally in result.forms.items():
            for prop, worst in tally.worst.items():
                if worst > 1:
                    where = f"in case {tally.worst_case[prop]}"
                    yield f"{stem} {form} {dtype} {prop}: {short(worst)} of the bound {where}"


def misjudged(results: dict[tuple[str, str], dict[str, Tally]]) -> Iterator[str]:
    """The unstable forms that were told wrong, and the wrong ones that were told unstable."""
    for (stem, dtype), tallies in results.items():
        wrong = {f.__name__ for f in getattr(getattr(right_forms, stem), "WRONG", ())}
        for form, tally in tallies.items():
            said = "told unstable" if form in wrong else "told wrong"
            if said in tally.worst_case:
                yield f"{stem} {form} {dtype}: {said} in case {tally.worst_case[said]}"


if __name__ == "__main__":
    sys.exit(main())
