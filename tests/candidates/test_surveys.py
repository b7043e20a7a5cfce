"""A survey of a component takes whatever a submission answers: checks say what is wrong with it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backproof.candidates.candidate import CandidateError
from backproof.candidates.dialects.dialect import Component
from backproof.candidates.process import Runner
from backproof.candidates.script import Script
from backproof.candidates.wire import Handle, Value
from backproof.homework import Homework, dialect, judge

EXAMPLES = Path(__file__).parents[2] / "examples"
HOMEWORKS = ["uva", "mytorch", "mytorch_2022", "mytorch_2025", "cs231n", "hlcv"]
KINDS: dict[str, Value] = {
    "None": None,
    "an int": 3,
    "a text": "no",
    "a tuple": (1, 2.0),
    "a ragged tuple": (np.ones(2), np.ones(3)),
    "nothing": np.zeros((0, 3)),
    "a cube": np.ones((2, 3, 4)),
}


def surveyed(component: Component, runner: Runner, place: int = -1, value: Value = None) -> int:
    """Survey a component, with another value in one place; how many values were asked for."""
    asked = 0

    def ask(script: Script, handles: Sequence[Handle]) -> list[Any]:
        nonlocal asked
        (found,) = runner.run([(script, handles)])
        if 0 <= place - asked < len(found):
            found = [*found[: place - asked], value, *found[place - asked + 1 :]]
        asked += len(found)
        return list(found)

    component.survey(ask)
    return asked


@pytest.mark.parametrize("name", HOMEWORKS)
def test_a_survey_takes_any_value_in_any_place(name):
    """The only exception is a CandidateError: with it, the survey ends and checks go on."""
    submission = Homework(EXAMPLES / name, name.partition("_")[0]).submission
    surveys = 0
    for component in submission.edition.components:
        with Runner(submission, trusted=True) as runner:
            runner.start()
            for place in range(surveyed(component(), runner)):
                for value in KINDS.values():
                    with contextlib.suppress(CandidateError):
                        surveyed(component(), runner, place, value)
                    surveys += 1
    assert surveys > 0


@pytest.mark.parametrize(("value", "status"), [("None", "not-implemented"), ("0", "fail")])
def test_a_gradient_that_is_no_array_is_told_by_its_check(value, status, tmp_path):
    folder = shutil.copytree(EXAMPLES / "mytorch_2022", tmp_path / "homework")
    file = folder / "mytorch/nn/modules/linear.py"
    right, code = "dLdZ.T @ self.A / self.N", file.read_text("utf-8")
    assert code.count(right) == 1
    file.write_text(code.replace(right, value), "utf-8")
    found = judge(folder, dialect("mytorch"), operations=["linear"], count=2)
    statuses = {check.id: check.status for check in found.checks}
    assert statuses["linear.gradient.weight"] == status
