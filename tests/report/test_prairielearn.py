"""PrairieLearn's results.json: its schema, its size, and no trace of hidden checks but points."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backproof.course import LEVELS
from backproof.grading import refused
from backproof.report import prairielearn
from backproof.report.feedback import plain
from backproof.verdict import Verdict


@pytest.mark.parametrize("level", LEVELS)
def test_it_follows_the_schema(verdict, graded, validator, level):
    """The score is a share, 1 of 11 points."""
    results = json.loads(prairielearn.render(verdict, graded(level)))
    validator("prairielearn").validate(results)
    assert results["gradable"] is True
    assert results["score"] == 1 / 10.5
    assert results["message"] == "2 checks were not judged and have no points."
    assert results["output"] == "Isolation: landlock+seccomp."


@pytest.mark.parametrize(
    "change",
    [
        {"score": 1.5},
        {"score": None},
        {"gradable": "yes"},
        {"tests": [{"name": "x", "points": 1}]},
        {"tests": [{"points": 1, "max_points": 1}]},
        {"tests": [{"name": "x", "points": 1, "max_points": 1, "status": "passed"}]},
        {"images": [{"label": "x"}]},
        {"verdict": "pass"},
    ],
)
def test_the_schema_rejects_another_record(verdict, graded, validator, change):
    """Each field can be wrong."""
    results = json.loads(prairielearn.render(verdict, graded()))
    assert not validator("prairielearn").is_valid({**results, **change})


def test_only_what_is_not_gradable_needs_no_score(validator):
    """Such a submission costs no attempt."""
    assert validator("prairielearn").is_valid({"gradable": False, "format_errors": ["x"]})
    assert not validator("prairielearn").is_valid({"gradable": True})
    assert not validator("prairielearn").is_valid({"tests": []})


def test_hidden_checks_are_one_line_of_points(verdict, graded):
    """The points of the tests still add up to the score."""
    text = prairielearn.render(verdict, graded("shapes"))
    assert "batchnorm" not in text
    tests = json.loads(text)["tests"]
    assert tests[-1] == {"name": "1 hidden check", "points": 0, "max_points": 2.5}
    assert [t["output"] for t in tests[:-1]] == [plain(c, "shapes") for c in verdict.checks[:-1]]
    assert sum(t["max_points"] for t in tests) == 10.5


def test_the_file_stays_under_its_cap(verdict, graded, validator):
    """In bytes, however many a character takes as JSON."""
    long = replace(verdict.checks[2], traceback="\N{PARTIAL DIFFERENTIAL}" * 15_000)
    checks = (*(replace(long, id=f"linear.gradient.w{n}") for n in range(60)), verdict.checks[5])
    many = Verdict(checks)
    text = prairielearn.render(many, graded(given=many))
    assert 250_000 < len(text.encode()) <= 1_000_000
    assert "[cut: " in text
    validator("prairielearn").validate(json.loads(text))


def test_hostile_text_arrives_as_text(attacked, graded, validator):
    """PrairieLearn turns terminal colours into HTML: none are left."""
    text = prairielearn.render(attacked, graded(given=attacked))
    results = json.loads(text)
    validator("prairielearn").validate(results)
    outputs = "\n".join(t.get("output", "") for t in results["tests"])
    assert text.isascii()
    assert all(c.isprintable() or c in "\n\t" for c in outputs)


def test_a_refused_submission_is_not_gradable(validator):
    """It was no homework, and costs no attempt."""
    results = json.loads(prairielearn.render(Verdict(()), refused("no mytorch/linear.py")))
    validator("prairielearn").validate(results)
    assert results == {"gradable": False, "format_errors": ["no mytorch/linear.py"]}
