"""Homeworks judged end to end, through the runner."""

from __future__ import annotations

import ctypes
import shutil
import sys
import time
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import numpy as np
import pytest

from backproof import homework
from backproof.verdict import Interface, Verdict

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
    components = MYTORCH.edition("2021").components
    assert {c.operation for c in verdict.checks} == {c.operation for c in components}


def test_the_wrong_layers_fail_with_a_cause_for_each_mistake():
    """Five mistakes, each named, each with an example of at most two samples."""
    layers = [c.operation for c in MYTORCH.edition("2021").components if c.module != "hw1"]
    verdict = homework.judge(EXAMPLES / "mytorch_wrong", MYTORCH, operations=layers, count=25)
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


def test_the_wrong_network_fails_by_a_training_of_its_own():
    """It asks batch norm for the statistics of an evaluation, too; the smallest steps show it."""
    verdict = homework.judge(
        EXAMPLES / "mytorch_wrong", MYTORCH, count=6, only="mlp_training.forward.running_mean1"
    )
    (check,) = verdict.checks
    assert check.status == "fail"
    assert check.counterexample is not None
    assert np.shape(check.counterexample.inputs["x"])[0] == 2


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
    assert found == {"batchnorm.stability": "unstable"}


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


def test_operations_that_no_component_has_are_refused():
    """The message names them."""
    with pytest.raises(LookupError, match="no check 'conv2d, elu': the dialect mytorch has sig"):
        homework.judge(EXAMPLES / "mytorch", MYTORCH, operations=["conv2d", "elu"])


def test_an_unknown_dialect_is_refused():
    """The message lists the dialects there are, and says that a file will do."""
    with pytest.raises(LookupError, match=r"there are: mytorch.*or the path of a \.py file"):
        homework.dialect("hytorch")


# --- editions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("edition", ["", "2021"])
def test_the_verdict_says_what_the_submission_was_read_as(edition):
    """And whether the edition was given or found; the replay line repeats what was given."""
    verdict = homework.judge(
        EXAMPLES / "mytorch_wrong", MYTORCH, edition=edition, count=5, only="linear.gradient.bias"
    )
    assert verdict.interface == Interface("mytorch", "2021", detected=not edition)
    (check,) = verdict.checks
    assert check.counterexample is not None
    given = f" --edition {edition}" if edition else ""
    assert f" --dialect mytorch{given} --examples 5 " in check.counterexample.replay


def test_an_edition_that_the_course_has_not_is_refused():
    """The message lists those there are."""
    with pytest.raises(LookupError, match=r"no edition '1999'; there are: .*2021"):
        homework.judge(EXAMPLES / "mytorch", MYTORCH, edition="1999")


# --- budgets -------------------------------------------------------------------------------------


def test_a_submission_without_any_time_left_is_not_judged(tmp_path):
    """That is incomplete, and nobody's error."""
    verdict = homework.judge(copied(tmp_path), MYTORCH, operations=["tanh"], total=0.0)
    assert {c.status for c in verdict.checks} == {"not-judged"}
    assert {c.message for c in verdict.checks} == {"the time for the whole submission was over"}
    assert (verdict.verdict, verdict.exit_code) == ("incomplete", 3)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"request": 0.5}, "took longer than 0.5 s"),
        ({"check": 0.5}, "took longer than 0.5 s in all"),
    ],
)
def test_an_endless_loop_is_an_error_of_its_component_alone(tmp_path, budget, message):
    """The components beside it are judged."""
    path = copied(tmp_path)
    edit(path / "mytorch/linear.py", "class Linear", "while True: pass\n\n\nclass Linear")
    verdict = homework.judge(path, MYTORCH, operations=["linear", "identity"], count=3, **budget)
    linear = [c for c in verdict.checks if c.operation == "linear"]
    assert {(c.status, c.message) for c in linear} == {("error", message)}
    assert {c.status for c in verdict.checks if c.operation == "identity"} == {"pass"}


def test_a_slow_contract_leaves_the_gradient_its_result(tmp_path):
    """What is over is the time for the component's checks: those that were finished are kept."""
    path = copied(tmp_path)
    edit(
        path / "mytorch/activation.py",
        "e = np.exp(-np.abs(x))",
        # The gradients are asked of fresh objects, the contract asks one again.
        "while self.state is not None: pass\n        e = np.exp(-np.abs(x))",
    )
    verdict = homework.judge(path, MYTORCH, operations=["sigmoid"], count=2, request=60, check=2)
    judged = {c.id: c.message for c in verdict.checks if c.status == "error"}
    assert {c.id for c in verdict.checks} - set(judged) >= {"sigmoid.forward", "sigmoid.gradient.x"}
    assert {c.status for c in verdict.checks if c.id not in judged} == {"pass"}
    assert set(judged.values()) == {"took longer than 2 s in all"}


def test_the_end_of_the_total_leaves_finished_components_their_results(tmp_path, monkeypatch):
    """It comes while the second one runs, which is not judged."""
    path = copied(tmp_path)
    edit(path / "mytorch/activation.py", "self.state = np.tanh(x)", "while True: pass")
    late = SimpleNamespace(monotonic=time.monotonic, time=lambda: time.time() + 599.5)

    def finished(operation: str, _: object) -> None:
        if operation == "sigmoid":  # half a second is left
            monkeypatch.setattr("backproof.candidates.process.time", late)

    verdict = homework.judge(
        path, MYTORCH, operations=["sigmoid", "tanh"], count=2, request=60, finished=finished
    )
    found = {(c.operation, c.status, c.message) for c in verdict.checks}
    assert found == {
        ("sigmoid", "pass", ""),
        ("tanh", "not-judged", "the time for the whole submission was over"),
    }
    assert (verdict.verdict, verdict.exit_code) == ("incomplete", 3)


# --- the grader's memory -------------------------------------------------------------------------

PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4


@pytest.fixture
def dumpable():
    """Tell whether other processes may read this one's memory, which they may at first."""
    if sys.platform != "linux":
        pytest.skip("the switch is Linux's")
    libc = ctypes.CDLL(None)
    before = libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    yield lambda: libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, before, 0, 0, 0)


def test_a_worker_that_judges_hides_its_memory(dumpable, tmp_path):
    """And so does a process that judges without workers."""
    asked = homework.Homework(copied(tmp_path), "mytorch", only="relu.forward", count=1)
    (number,) = asked.numbers(["relu"])
    assert dumpable() == 1
    asked.judge(number)
    assert dumpable() == 0


def test_the_process_that_gathers_the_verdicts_hides_its_memory(dumpable, tmp_path):
    """Before any of the submission runs."""
    asked = homework.Homework(copied(tmp_path), "mytorch")
    assert dumpable() == 1
    homework.judge_each(asked, [], 2, lambda *_: None)
    assert dumpable() == 0


# --- dialects of others --------------------------------------------------------------------------

COURSE = """
    from __future__ import annotations

    from dataclasses import dataclass

    from backproof.candidates.dialects.dialect import Component, Dialect, Edition
    from backproof.candidates.script import Script


    @dataclass(frozen=True)
    class Spelling:
        forward: str
        backward: str


    SPELLINGS = (Spelling("fwd", "bwd"), Spelling("vorwaerts", "rueckwaerts"))


    class Tanh(Component):
        operation, module, name = "tanh", "layers", "Tanh"
        scale = {"x": lambda sizes: sizes["batch"]}
        spelling = SPELLINGS[0]

        def survey(self, ask):
            script = Script()
            layer = script.create(self.module, self.name)
            (found,) = ask(script, [script.call_if_there(layer, "sprache")])
            self.spelling = SPELLINGS[found == "deutsch"]

        def forward(self, script, layer, example):
            return {"y": script.call(layer, self.spelling.forward, example.inputs["x"])}

        def backward(self, script, layer, example):
            return {"x": script.call(layer, self.spelling.backward, example.cotangent)}


    class Identity(Tanh):
        operation, name = "identity", "Identity"
        scale = {}


    DIALECT = Dialect(
        name="ours",
        editions=(
            Edition("autumn 2026", (".",), files=("layers.py",), components=(Identity, Tanh)),
        ),
    )
"""

LAYERS = """
    import numpy as np

    class Tanh:
        def sprache(self):
            return "deutsch"

        def vorwaerts(self, x):
            self.y = np.tanh(x)
            return self.y

        def rueckwaerts(self, dout):
            return len(dout) * dout * (1 - self.y * self.y)

    class Identity:
        def fwd(self, x):
            return x.copy()

        def bwd(self, dout):
            return dout.copy()
"""


def written(path: Path, code: str) -> Path:
    """Write a file."""
    path.write_text(dedent(code), encoding="utf-8")
    return path


@pytest.fixture
def course(tmp_path):
    """A course's own dialect, and a homework in it."""
    dialect = homework.dialect(str(written(tmp_path / "our course.py", COURSE)))
    written(tmp_path / "layers.py", LAYERS)
    return dialect


def test_a_course_s_own_dialect_judges_from_its_file(course, tmp_path):
    """In workers, which load the file again; what a survey finds holds for every example."""
    verdict = homework.judge(tmp_path, course, count=3, processes=2)
    assert verdict.verdict == "pass"
    assert {"identity.gradient.x", "tanh.gradient.x"} <= {c.id for c in verdict.checks}
    assert verdict.interface == Interface("ours", "autumn 2026", detected=True)


def test_a_wrong_homework_in_a_course_s_own_dialect_is_replayed_with_its_file(course, tmp_path):
    """The command can be pasted: what a shell would take apart is quoted."""
    edit(tmp_path / "layers.py", "1 - self.y * self.y", "1 - self.y")
    verdict = homework.judge(tmp_path, course, edition="autumn 2026", count=12)
    failed = {c.id: c.counterexample for c in verdict.checks if c.status == "fail"}
    assert list(failed) == ["tanh.gradient.x"]
    dialect = f"--dialect '{tmp_path / 'our course.py'}' --edition 'autumn 2026'"
    assert dialect in failed["tanh.gradient.x"].replay


def test_a_component_whose_survey_gets_no_answer_is_not_implemented(course, tmp_path):
    """As its examples get none either."""
    written(tmp_path / "layers.py", "")
    verdict = homework.judge(tmp_path, course, count=3)
    assert {(c.operation, c.status, c.message) for c in verdict.checks} == {
        ("tanh", "not-implemented", "layers has no Tanh"),
        ("identity", "not-implemented", "layers has no Identity"),
    }


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, "no such file"),
        ("", "defines no DIALECT of the type Dialect"),
        ("DIALECT = 'ours'", "defines no DIALECT of the type Dialect"),
        ("import torch_is_not_here", "ModuleNotFoundError: No module named 'torch_is_not_here'"),
        ("DIALECT = 1 / 0", "ZeroDivisionError: division by zero"),
        ("class Tanh(", "SyntaxError: '(' was never closed (dialect.py, line 1)"),
    ],
)
def test_a_file_that_defines_no_dialect_is_refused_in_one_line(tmp_path, code, said):
    """The line names the file and what is wrong with it."""
    path = tmp_path / "dialect.py"
    if code is not None:
        written(path, code)
    with pytest.raises(homework.DialectError) as caught:
        homework.dialect(str(path))
    assert str(caught.value) == f"{path}: {said}"
