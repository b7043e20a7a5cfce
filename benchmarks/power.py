"""Plant errors of the size that a pass says it would have noticed, and count those that are.

A check that passes states an error: relative to the largest entry of a result, in any one of its
entries, half of the examples would have shown it. Here it is planted, in one entry of the reference
implementation's results, and examples are asked until one of them tells the result wrong.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import click
import numpy as np

from backproof.aspects import Aspect, Gradients, Kinks
from backproof.candidates.candidate import Answer, Example
from backproof.candidates.in_process import InProcess
from backproof.catalog import NETWORKS, OPERATIONS, find
from backproof.examination import Examination, Terms
from backproof.inputs import values
from backproof.inputs.draw import Course, Draw
from backproof.inputs.sheets import Shared
from backproof.inputs.values import seed_of
from backproof.loop import examine
from backproof.operation import Operation
from benchmarks.engine_draws import drawn
from benchmarks.figures import Figure

FORMATS = ("float64", "float32")

TIMES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0)
"""How many times the stated error is planted, to see how many examples show it."""

CAUGHT = 2.0
"""How many times it is planted to be caught."""

AT_LEAST = 0.99
"""Of all seeds."""

EXAMPLES = 100
"""So many a pass has seen, and so many are asked at the most until an error is caught."""

_FIRST, _MORE = 3, 12
"""So many examples are drawn at once: of the first of each seed all are asked."""

_KINK = "kink."

_TERMS = Terms()

Statement = Mapping[str, float]
"""By property, the error that half of the examples would have shown."""


def stated(operation: Operation, dtype: str, count: int = 100) -> Statement:
    """What the reference implementation's pass says that it would have noticed."""
    checks = examine(operation, dtypes=(dtype,), count=count).checks
    assert {check.status for check in checks} == {"pass"}
    return {
        check.property.removesuffix(f"[{dtype}]"): check.detectable_error
        for check in checks
        if check.detectable_error is not None
    }


def planted(array: np.ndarray, error: float, seed: int) -> np.ndarray:
    """The array with one entry off by a share of the largest; the seed says which, and its sign.

    Where any error is noticed, it is one in the last place of the largest entry, and no error that
    is smaller can be told from none.
    """
    numbers = values.stream(seed)
    place = math.floor(numbers.random_sample() * array.size)
    sign = 1 if numbers.random_sample() < 1 / 2 else -1
    found = np.array(array)
    share = max(error, float(np.finfo(array.dtype).eps))
    off = sign * share * float(np.abs(array).max())
    found.flat[place] = array.dtype.type(float(array.flat[place]) + off)
    return found


class Remembering(InProcess):
    """The reference implementation, which answers a question that it knows without work."""

    def __init__(self, operation: Operation) -> None:
        assert operation.implementation is not None
        super().__init__(operation, operation.implementation)
        self._known: dict[tuple[Any, ...], Answer] = {}

    def answer(self, example: Example) -> Answer:
        """The right answer."""
        arrays = {**example.inputs, "cotangent": example.cotangent}
        key = *((n, a.shape, a.tobytes()) for n, a in arrays.items()), *example.parameters.items()
        if key not in self._known:
            self._known[key] = super().answer(example)
        return self._known[key]


class Planted:
    """An implementation with an error in one entry of every result.

    Parameters
    ----------
    right
        The implementation.
    errors
        By property, relative to the largest entry of the result.
    seed
        Chooses the entries and the signs.
    """

    stateful = False

    def __init__(self, right: InProcess, errors: Statement, seed: int) -> None:
        self.right = right
        self.errors = errors
        self.seed = seed

    def answer(self, example: Example) -> Answer:
        """The right answer, but for the errors."""
        right = self.right.answer(example)
        first = self.right.operation.outputs[0]
        outputs = {
            name: self._planted("forward" if name == first else f"forward.{name}", array)
            for name, array in right.outputs.items()
        }
        gradients = {n: self._planted(f"gradient.{n}", a) for n, a in right.gradients.items()}
        return Answer(outputs, gradients)

    def _planted(self, prop: str, array: np.ndarray) -> np.ndarray:
        if prop not in self.errors or not array.size:
            return array
        return planted(array, self.errors[prop], seed_of(f"{prop} {self.seed}"))


class Planting:
    """Errors in those results of one operation in one format that the same examples tell of.

    Parameters
    ----------
    operation, dtype
        Whose reference implementation is altered, and the format it works in.
    statement
        The errors that its pass states.
    course
        The conventions under which there are these results.
    kinks
        Whether the examples lie on kinks.
    """

    def __init__(
        self, operation: Operation, dtype: str, statement: Statement, course: Course, *, kinks: bool
    ) -> None:
        self.operation = operation
        self.dtype = np.dtype(dtype)
        self.statement = statement
        self.course = course
        self.kinks = kinks
        self._right = Remembering(operation)
        self._shared = Shared()

    def draws(self, stream: str, count: int) -> list[Draw]:
        """Examples of a stream."""
        name = f"{self.operation.name}{' at kinks' if self.kinks else ''}, power, {stream}"
        return drawn(self.operation, name, count, course=self.course, kinks=self.kinks)

    def caught(self, draws: Iterable[Draw], seed: int, times: float = CAUGHT) -> set[str]:
        """The checks that tell an error of so many times the stated one, in one of the examples."""
        found: set[str] = set()
        for draw in draws:
            found |= {prop for prop, shown in self.shown(draw, seed, times).items() if shown}
            if len(found) == len(self.statement):
                break
        return found

    def shown(self, draw: Draw, seed: int, times: float) -> dict[str, bool]:
        """By check, whether an example tells an error of so many times the stated one.

        Without those whose right result is 0 everywhere: there is no error relative to that.
        """
        errors = {_altered(prop): times * error for prop, error in self.statement.items()}
        candidate: Any = Planted(self._right, errors, seed)
        examination = Examination(self.operation, candidate, self.dtype, _TERMS, self._shared)
        aspect: Aspect = Kinks(examination) if self.kinks else Gradients(examination)
        # Finite differences judge no result where the other two oracles agree.
        told = aspect.findings(draw, slopes=False)
        asked = ((prop, told.get(_altered(prop))) for prop in self.statement)
        return {p: f.outcome == "wrong" for p, f in asked if f and np.any(f.expected.value)}


def _altered(prop: str) -> str:
    """The result that a check is of."""
    return prop.replace(_KINK, "gradient.")


def plantings(operation: Operation, dtype: str, statement: Statement) -> Iterator[Planting]:
    """All errors that a pass states, by the examples that tell of them."""
    groups: dict[str, tuple[Course, bool, dict[str, float]]] = {}
    for prop, error in statement.items():
        course, kinks = _course(operation, _altered(prop)), prop.startswith(_KINK)
        group = groups.setdefault(f"{course.parameters} {kinks}", (course, kinks, {}))
        group[2][prop] = error
    for course, kinks, errors in groups.values():
        yield Planting(operation, dtype, errors, course, kinks=kinks)


def _course(operation: Operation, prop: str) -> Course:
    """The conventions under which there is such a result."""
    kind, _, name = prop.partition(".")
    telling = [
        convention
        for convention in operation.variants()
        if name in operation.differentiable(convention)
        or (
            kind == "forward"
            and (name or operation.outputs[0]) in operation.output_names(convention)
        )
    ]
    names = operation.conventions
    return Course({n: tuple(dict.fromkeys(c[n] for c in telling)) for n in names})


# --- the figure --------------------------------------------------------------------------------


def curve(operation: Operation, dtype: str, seeds: int) -> Iterator[dict[str, Any]]:
    """For each check, what it states, in how many seeds it is true, and what examples show."""
    for planting in plantings(operation, dtype, stated(operation, dtype)):
        asked: Counter[str] = Counter()
        shown: Counter[tuple[str, float]] = Counter()
        caught: Counter[str] = Counter()
        for seed in range(seeds):
            first = planting.draws(f"seed {seed}", _FIRST)
            caught.update(_caught(planting, seed, first))
            for draw in first:
                for times in TIMES:
                    found = planting.shown(draw, seed, times)
                    shown.update((prop, times) for prop, told in found.items() if told)
                asked.update(found.keys())
        for prop, error in planting.statement.items():
            yield {
                "operation": operation.name,
                "check": prop,
                "format": dtype,
                "stated": error,
                "caught": caught[prop],
                "shown": [shown[prop, times] / asked[prop] for times in TIMES],
            }


def _caught(planting: Planting, seed: int, first: Sequence[Draw]) -> set[str]:
    """The checks that catch the error in one of as many examples as a pass has seen."""
    found = planting.caught(first, seed)
    for part in range(len(first), EXAMPLES, _MORE):
        if len(found) == len(planting.statement):
            break
        found |= planting.caught(planting.draws(f"seed {seed}, {part}", _MORE), seed)
    return found


def measured(*, seeds: int, only: str, workers: int) -> dict[str, Any]:
    """A row for each check."""
    asked = [
        *((operation.name, dtype) for operation in OPERATIONS for dtype in FORMATS),
        *((network.name, FORMATS[0]) for network in NETWORKS),
    ]
    asked = [(name, dtype) for name, dtype in asked if only in {"", name}]
    with ProcessPoolExecutor(workers) as pool:
        rows = pool.map(_rows, *zip(*asked, strict=True), [seeds] * len(asked))
    return {"seeds": seeds, "times": TIMES, "checks": [row for part in rows for row in part]}


def _rows(name: str, dtype: str, seeds: int) -> list[dict[str, Any]]:
    return list(curve(find(name), dtype, seeds))


def told(data: Mapping[str, Any]) -> Iterator[str]:
    """A row for each check, with both formats where both are measured."""
    times = data["times"]
    shown = " | ".join(f"{t:g} x" for t in times)
    yield f"| check | stated | caught, of {data['seeds']} | {shown} |"
    yield f"|---|---|---|{'---|' * len(times)}"
    for rows in _both(data["checks"]):
        cells = [
            f"{rows[0]['operation']}.{rows[0]['check']}",
            " / ".join(_size(row["stated"]) for row in rows),
            " / ".join(str(row["caught"]) for row in rows),
            *(
                " / ".join(f"{share:.0%}" for share in shares)
                for shares in zip(*(row["shown"] for row in rows), strict=True)
            ),
        ]
        yield f"| {' | '.join(cells)} |"


def _both(rows: Iterable[Mapping[str, Any]]) -> Iterable[Sequence[Mapping[str, Any]]]:
    """The rows of a check together."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault((row["operation"], row["check"]), []).append(row)
    return found.values()


def _size(error: float) -> str:
    return f"{error:.0e}" if error else "any"


def short(data: Mapping[str, Any]) -> Iterator[str]:
    """What holds of all checks."""
    worst = min(row["caught"] for row in data["checks"])
    yield (
        f"An error of twice the size that a pass states was caught in at least {worst} of "
        f"{data['seeds']} seeds, in each of {len(list(_both(data['checks'])))} checks."
    )


def failures(data: Mapping[str, Any]) -> Iterator[str]:
    """The checks that state more than they notice."""
    for row in data["checks"]:
        if row["caught"] < AT_LEAST * data["seeds"]:
            name = f"{row['operation']}.{row['check']} {row['format']}"
            yield f"{name}: {row['caught']} of {data['seeds']} errors are caught"


def drawn_curve(data: Mapping[str, Any], axes: Any) -> None:
    """The share of examples that show an error, against its size: each check, and the median."""
    for dtype, colour in zip(FORMATS, ("tab:blue", "tab:orange"), strict=True):
        rows = [r["shown"] for r in data["checks"] if r["format"] == dtype and r["stated"]]
        for row in rows:
            axes.semilogx(data["times"], row, color=colour, alpha=0.15, linewidth=0.7)
        axes.semilogx(data["times"], np.median(rows, axis=0), color=colour, label=dtype)
    axes.axvline(1.0, color="grey", linestyle=":")
    axes.axhline(0.5, color="grey", linestyle=":")
    axes.set(xlabel="error, times the stated one", ylabel="share of examples that show it")
    axes.legend()


FIGURE = Figure(
    "power",
    "Errors of the size that a pass says it would have noticed: how many are.",
    measured,
    told,
    ("benchmarks/power.py", "benchmarks/engine_draws.py"),
    failures=failures,
    drawn=drawn_curve,
    short=short,
    options=(
        click.Option(["--seeds"], default=100),
        click.Option(["--only"], default="", help="One operation."),
        click.Option(["--workers"], default=2),
    ),
)
