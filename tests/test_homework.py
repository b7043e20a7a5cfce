"""Homeworks judged end to end, through the runner."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from backproof import homework
from backproof.verdict import Verdict

EXAMPLES = Path(__file__).parents[1] / "examples"
MYTORCH = homework.dialect("mytorch")


def copied(tmp_path: Path) -> Path:
    """Copy the right homework, to be changed."""
    return Path(shutil.copytree(EXAMPLES / "mytorch", tmp_path / "homework"))


def edit(path: Path, old: str, new: str) -> None:
    """Replace a piece of a file that is surely there."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def judge(path: Path, operation: str, *, count: int = 25) -> Verdict:
    """Judge one component."""
    return homework.judge(path, MYTORCH, operations=[operation], count=count)


def kinds(verdict: Verdict) -> dict[str, str]:
    """Each failing check with the kind of its diagnosis."""
    return {
        c.id: c.diagnosis.kind if c.diagnosis else "" for c in verdict.checks if c.status == "fail"
    }


def test_the_right_homework_passes():
    """Every check of every component holds."""
    verdict = homework.judge(EXAMPLES / "mytorch", MYTORCH, count=12)
    assert verdict.verdict == "pass"
    assert {c.operation for c in verdict.checks} == {c.operation for c in MYTORCH.components}


def test_the_wrong_homework_fails_with_a_cause_for_each_mistake():
    """Five mistakes, each named, each with an example of at most two samples."""
    verdict = homework.judge(EXAMPLES / "mytorch_wrong", MYTORCH, count=25)
    assert kinds(verdict) == {
        "sigmoid.gradient.x": "input for output",
        "softmax_cross_entropy.gradient.logits": "constant factor",
        "linear.gradient.weight": "constant factor",
        "linear.gradient.bias": "sum for mean",
        "batchnorm.gradient.x": "missing term",
    }
    for check in verdict.checks:
        if check.status == "fail":
            assert check.counterexample is not None
            assert len(check.counterexample.inputs["cotangent"]) <= 2


def test_two_judgements_are_the_same_to_the_byte():
    """Nothing in a record depends on the run."""
    first, second = (judge(EXAMPLES / "mytorch_wrong", "linear") for _ in range(2))
    assert first.as_json() == second.as_json()


def test_a_naive_variance_is_unstable_through_the_runner(tmp_path):
    """E[x^2] - E[x]^2 is told from a wrong formula by asking in other formats."""
    path = copied(tmp_path)
    edit(
        path / "mytorch/batchnorm.py",
        "var = x.var(axis=0, keepdims=True)",
        "var = np.maximum((x * x).mean(axis=0, keepdims=True) - mean * mean, 0)",
    )
    found = kinds(judge(path, "batchnorm", count=60))
    assert found["batchnorm.gradient.x"] == "unstable"
    assert set(found.values()) == {"unstable"}


def test_a_submission_that_raises_on_import_is_an_error_with_its_own_frames(tmp_path):
    """The traceback names the student's file and nothing of the grader."""
    path = copied(tmp_path)
    edit(path / "mytorch/linear.py", "class Linear", "weights = 1 / 0\n\n\nclass Linear")
    verdict = judge(path, "linear")
    assert {c.status for c in verdict.checks} == {"error"}
    assert verdict.exit_code == 1
    trace = verdict.checks[0].traceback
    assert "linear.py" in trace
    assert "ZeroDivisionError" in trace
    assert "backproof" not in trace


def test_what_is_not_written_is_incomplete(tmp_path):
    """A missing file is not an error, and not a pass."""
    path = copied(tmp_path)
    (path / "mytorch/batchnorm.py").unlink()
    verdict = judge(path, "batchnorm")
    assert {c.status for c in verdict.checks} == {"not-implemented"}
    assert (verdict.verdict, verdict.exit_code) == ("incomplete", 3)


def test_a_check_that_no_component_has_is_refused():
    """The message lists the operations there are."""
    with pytest.raises(LookupError, match="the dialect mytorch has sigmoid, tanh"):
        homework.judge(EXAMPLES / "mytorch", MYTORCH, only="conv2d.forward")


def test_an_unknown_dialect_is_refused():
    """The message lists the dialects there are."""
    with pytest.raises(LookupError, match="there are: mytorch"):
        homework.dialect("hytorch")
