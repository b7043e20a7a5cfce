"""No wrong layer passes: the mistakes of real students, each found by the checks that it breaks.

Every file of wrong_styles/ is a table of edits to the right homework's file of the same name.
"""

from __future__ import annotations

import shutil
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import pytest

from backproof import catalog, homework
from backproof.aspects import Gradients
from backproof.candidates.isolated import IsolatedCandidate
from backproof.candidates.process import Runner
from backproof.examination import Examination, Terms
from backproof.inputs.examples import Course, Draw
from backproof.inputs.search import explore
from backproof.networks.batchnorm_mlp import LAYERS

HOMEWORK = Path(__file__).parents[2] / "examples" / "mytorch"
FILES = {path.stem: path.relative_to(HOMEWORK) for path in HOMEWORK.glob("*/*.py")}
TABLES = sorted((Path(__file__).parent / "wrong_styles").glob("*.toml"))
MISTAKES = [
    pytest.param(FILES[table.stem], mistake, id=f"{table.stem}: {name}")
    for table in TABLES
    for name, mistake in tomllib.loads(table.read_text("utf-8")).items()
]
IN_NETWORKS = [m for m in MISTAKES if m.values[0] == FILES["hw1"]]
IN_LAYERS = [m for m in MISTAKES if m not in IN_NETWORKS]


def mistaken(folder: Path, file: Path, edits: list[list[str]]) -> Path:
    """A copy of the right homework with its mistake."""
    path = Path(shutil.copytree(HOMEWORK, folder / "homework"))
    for old, new, *elsewhere in edits:
        edited = path.joinpath(*elsewhere or [file])
        text = edited.read_text("utf-8")
        assert text.count(old) == 1
        edited.write_text(text.replace(old, new), "utf-8")
    return path


@pytest.mark.usefixtures("_undiagnosed")
@pytest.mark.parametrize(("file", "mistake"), IN_LAYERS)
def test_fails_a_mistake_by_the_checks_that_it_breaks(file, mistake, tmp_path, shared_cache):
    """These checks and no others: a mistake in one place is not blamed on another."""
    path = mistaken(tmp_path, file, mistake["edits"])
    (operation,) = {pattern.partition(".")[0] for pattern in mistake["fails"]}
    mytorch = homework.dialect("mytorch")
    verdict = homework.judge(path, mytorch, operations=[operation], count=15, kept=shared_cache)
    assert verdict.verdict == "fail"
    expected = {c.id for c in verdict.checks if any(fnmatch(c.id, p) for p in mistake["fails"])}
    assert {c.id for c in verdict.checks if c.status != "pass"} == expected
    assert all(any(fnmatch(id_, p) for id_ in expected) for p in mistake["fails"])


TELLING = {
    "batchnorm_mlp": {"layers": LAYERS[:2]},
    "mlp_training": {"layers": LAYERS[:2], "momentum": (0.9,)},
}
"""Networks that have all that can be wrong: a few examples do."""


def broken(path: Path, operation: str) -> set[str]:
    """The checks of a network that examples break; the smallest example takes seconds for each."""
    judged = homework.Homework(path, "mytorch")
    (number,) = judged.numbers([operation])
    component = judged.submission.edition.components[number]()
    allowed = {**component.conventions, **TELLING[operation]}
    course = Course(allowed, component.cotangent, component.fit)
    found: set[str] = set()
    with Runner(judged.submission) as runner:
        candidate = IsolatedCandidate(runner, component)
        examination = Examination(
            catalog.find(operation),
            candidate,
            np.dtype(np.float64),
            Terms(course, component.averaged),
        )
        aspect = Gradients(examination)

        def visit(draw: Draw) -> None:
            told = aspect.findings(draw, slopes=False)
            found.update(f"{operation}.{p}" for p, f in told.items() if f.outcome == "wrong")

        explore(aspect.strategy(course), visit, operation, 10)
    return found


@pytest.mark.parametrize(("file", "mistake"), IN_NETWORKS)
def test_a_mistake_in_a_network_breaks_its_checks(file, mistake, tmp_path):
    """Each of the patterns is met, and whatever is broken is one of them."""
    path = mistaken(tmp_path, file, mistake["edits"])
    (operation,) = {pattern.partition(".")[0] for pattern in mistake["fails"]}
    found = broken(path, operation)
    assert all(any(fnmatch(id_, p) for id_ in found) for p in mistake["fails"])
    assert all(any(fnmatch(id_, p) for p in mistake["fails"]) for id_ in found)


@pytest.mark.parametrize("operation", ["batchnorm_mlp", "mlp_training"])
def test_the_right_network_breaks_none(operation):
    """So what breaks them is the mistake."""
    assert broken(HOMEWORK, operation) == set()


def test_there_are_at_least_sixty_and_some_in_every_file():
    """Each file of the homework is gone wrong in several ways."""
    assert len(MISTAKES) >= 60
    assert {table.stem for table in TABLES} == FILES.keys()
