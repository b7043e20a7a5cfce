"""No wrong layer passes: the mistakes of real students, each found by the checks that it breaks.

Every file of wrong_styles/ is a table of edits to the right homework's file of the same name.
"""

from __future__ import annotations

import shutil
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from backproof import homework

HOMEWORK = Path(__file__).parents[2] / "examples" / "mytorch"
TABLES = sorted((Path(__file__).parent / "wrong_styles").glob("*.toml"))
MISTAKES = [
    pytest.param(f"{table.stem}.py", mistake, id=f"{table.stem}: {name}")
    for table in TABLES
    for name, mistake in tomllib.loads(table.read_text("utf-8")).items()
]


@pytest.mark.parametrize(("file", "mistake"), MISTAKES)
def test_fails_a_mistake_by_the_checks_that_it_breaks(file, mistake, tmp_path):
    """These checks and no others: a mistake in one place is not blamed on another."""
    path = Path(shutil.copytree(HOMEWORK, tmp_path / "homework"))
    layer = path / "mytorch" / file
    text = layer.read_text("utf-8")
    for old, new in mistake["edits"]:
        assert text.count(old) == 1
        text = text.replace(old, new)
    layer.write_text(text, "utf-8")
    (operation,) = {pattern.partition(".")[0] for pattern in mistake["fails"]}
    verdict = homework.judge(path, homework.dialect("mytorch"), operations=[operation], count=15)
    assert verdict.verdict == "fail"
    expected = {c.id for c in verdict.checks if any(fnmatch(c.id, p) for p in mistake["fails"])}
    assert {c.id for c in verdict.checks if c.status != "pass"} == expected
    assert all(any(fnmatch(id_, p) for id_ in expected) for p in mistake["fails"])


def test_there_are_at_least_sixty_and_some_in_every_file():
    """Each file of the homework is gone wrong in several ways."""
    assert len(MISTAKES) >= 60
    assert {table.stem for table in TABLES} == {p.stem for p in (HOMEWORK / "mytorch").glob("*.py")}
