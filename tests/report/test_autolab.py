"""Autolab's two lines: the stages that a page is made of, and the scores that must come last."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from backproof.course import LEVELS
from backproof.grading import refused
from backproof.report import autolab
from backproof.report.feedback import plain
from backproof.verdict import Verdict


def read(text: str) -> tuple[Any, Any]:
    """Take the last two lines of standard output, as Autolab does."""
    assert text.endswith("}\n")
    feedback, autoresult = text.splitlines()[-2:]
    return json.loads(feedback), json.loads(autoresult)


@pytest.mark.parametrize("level", LEVELS)
def test_both_lines_follow_their_schemas(verdict, graded, validator, level):
    """Two lines, each of them JSON."""
    text = autolab.render(verdict, graded(level))
    assert len(text.splitlines()) == 2
    feedback, autoresult = read(text)
    validator("autolab_feedback").validate(feedback)
    validator("autolab").validate(autoresult)
    assert all(stage in feedback for stage in feedback["stages"])


@pytest.mark.parametrize(
    "change",
    [
        {"_presentation": "html"},
        {"stages": "Test"},
        {"stages": ["_x"]},
        {"Test": {"case": {"hint": "x"}}},
        {"Test": {"case": {"passed": "yes"}}},
        {"Test": {"case": {"passed": True}, "fact": "x"}},
        {"Test": {}},
    ],
)
def test_the_feedback_s_schema_rejects_another_record(verdict, graded, validator, change):
    """Each field can be wrong."""
    feedback, _ = read(autolab.render(verdict, graded()))
    assert not validator("autolab_feedback").is_valid({**feedback, **change})


@pytest.mark.parametrize("change", [{"scores": {"x": "3"}}, {"scores": [3]}, {"score": 3}])
def test_the_autoresult_s_schema_rejects_another_record(verdict, graded, validator, change):
    """Each field can be wrong."""
    _, autoresult = read(autolab.render(verdict, graded()))
    assert not validator("autolab").is_valid({**autoresult, **change})


@pytest.mark.parametrize(
    ("picked", "facts"), [((0,), ["isolation"]), ((0, 4), ["backproof", "isolation"])]
)
def test_the_note_names_the_isolation(verdict, graded, picked, facts):
    """Beside what was not judged, where anything was not; a fact, and no case with points."""
    gradients = [replace(verdict.checks[n], id=f"linear.gradient.{n}") for n in picked]
    given = replace(verdict, checks=(*gradients, replace(verdict.checks[0], id="batchnorm.x")))
    feedback, _ = read(autolab.render(given, graded(given=given)))
    assert list(feedback["Note"]) == facts
    assert feedback["Note"]["isolation"] == "Isolation: landlock+seccomp."


def test_an_operation_is_a_problem(verdict, graded):
    """Hidden checks count in its score; the scoreboard has the sum."""
    _, autoresult = read(autolab.render(verdict, graded()))
    assert autoresult == {
        "scores": {"relu": 1, "linear": 0, "tanh": 0, "batchnorm": 0},
        "scoreboard": [1],
    }


def test_hidden_checks_are_one_line_of_points(verdict, graded):
    """A stage of their own; every other check is a case of its operation's."""
    feedback, _ = read(autolab.render(verdict, graded("shapes")))
    assert feedback["stages"] == ["Note", "relu", "linear", "tanh", "Hidden"]
    assert feedback["Hidden"] == {"1 hidden check": "0 of 2.5 points"}
    assert feedback["relu"]["relu.forward"] == {"passed": True}
    hint = feedback["linear"]["linear.gradient.weight"]["hint"]
    assert hint == plain(verdict.checks[1], "shapes")
    assert "batchnorm" not in json.dumps(feedback)


def test_hostile_text_makes_no_line_of_its_own(attacked, graded, validator):
    """A forged score line stays within the string that it is."""
    text = autolab.render(attacked, graded(given=attacked))
    assert text.isascii()
    assert len(text.splitlines()) == 2
    feedback, autoresult = read(text)
    validator("autolab_feedback").validate(feedback)
    assert autoresult["scores"] == {"linear": 0, "batchnorm": 0}


def test_a_refused_submission_has_its_reason_and_no_scores(validator):
    """No problem is known, so none gets points."""
    feedback, autoresult = read(autolab.render(Verdict(()), refused("no mytorch/linear.py")))
    validator("autolab_feedback").validate(feedback)
    validator("autolab").validate(autoresult)
    assert feedback["Note"] == {"backproof": "no mytorch/linear.py"}
    assert autoresult == {"scores": {}, "scoreboard": [0]}
