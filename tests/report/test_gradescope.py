"""Gradescope's results.json: its schema, its cap, and its own hiding of hidden checks."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backproof.course import LEVELS
from backproof.grading import refused
from backproof.report import gradescope
from backproof.report.feedback import plain
from backproof.verdict import Verdict


@pytest.mark.parametrize("level", LEVELS)
def test_it_follows_the_schema(verdict, graded, validator, level):
    """The text is JSON, and the object has the format's fields and no others."""
    read = json.loads(gradescope.render(verdict, graded(level)))
    validator("gradescope").validate(read)
    assert read == gradescope.results(verdict, graded(level))


@pytest.mark.parametrize(
    "change",
    [
        {"score": "3"},
        {"visibility": "later"},
        {"output": "x" * 100_001},
        {"output_format": "markdown"},
        {"tests": [{"score": 1, "status": "pass"}]},
        {"tests": [{"score": 1, "max_points": 1}]},
        {"passed": True},
        {"leaderboard": [{"name": "x"}]},
    ],
)
def test_the_schema_rejects_another_record(verdict, graded, validator, change):
    """Each field can be wrong."""
    results = gradescope.results(verdict, graded())
    assert not validator("gradescope").is_valid({**results, **change})


def test_a_score_is_needed_somewhere(validator):
    """On the whole or on each test."""
    assert validator("gradescope").is_valid({"tests": [{"score": 1}]})
    assert not validator("gradescope").is_valid({"tests": [{"score": 1}, {"name": "x"}]})
    assert not validator("gradescope").is_valid({"output": "x"})


def test_points_and_visibility_are_the_course_s(verdict, graded):
    """Hidden checks stand in the file: Gradescope shows them when their time comes."""
    results = gradescope.results(verdict, graded())
    assert results["score"] == 1
    assert results["extra_data"]["isolation"] == "landlock+seccomp"
    assert results["stdout_visibility"] == "hidden"
    told = [(t["name"], t["score"], t["max_score"], t["visibility"]) for t in results["tests"]]
    assert told == [
        ("relu.forward", 1, 1, "visible"),
        ("linear.gradient.weight", 0, 2.5, "visible"),
        ("linear.gradient.bias", 0, 2.5, "visible"),
        ("tanh.forward", 0, 1, "visible"),
        ("relu.kink.x[float32]", 0, 1, "visible"),
        ("batchnorm.gradient.x", 0, 2.5, "after_due_date"),
    ]
    assert [t["status"] for t in results["tests"]] == ["passed"] + 5 * ["failed"]
    assert results["output"] == "2 checks were not judged and have no points."


def test_each_test_says_what_its_level_allows(verdict, graded):
    """The text is the feedback's, as plain text."""
    tests = gradescope.results(verdict, graded("shapes"))["tests"]
    assert [t["output"] for t in tests] == [plain(c, "shapes") for c in verdict.checks]
    assert {t["output_format"] for t in tests} == {"text"}


def test_all_output_together_stays_under_the_cap(verdict, graded, validator):
    """A hundred long tracebacks are each cut, and say so."""
    long = replace(verdict.checks[2], traceback="y" * 15_000)
    many = Verdict(
        (*(replace(long, id=f"linear.gradient.w{n}") for n in range(99)), verdict.checks[5])
    )
    results = gradescope.results(many, graded(given=many))
    characters = sum(len(t["output"]) for t in results["tests"])
    assert 25_000 < characters <= 100_000
    assert results["tests"][0]["output"].endswith(" characters]")
    validator("gradescope").validate(results)


def test_hostile_text_arrives_as_text(attacked, graded, validator, commands):
    """Valid JSON, no control characters, nothing that its log would obey."""
    text = gradescope.render(attacked, graded(given=attacked))
    assert text.isascii()
    results = json.loads(text)
    validator("gradescope").validate(results)
    for test in results["tests"]:
        assert not commands(test["output"])
        assert all(c.isprintable() or c in "\n\t" for c in test["output"])


def test_a_refused_submission_has_its_reason_and_no_points(validator):
    """It is a valid file, since Gradescope wants one whatever happens."""
    results = gradescope.results(Verdict(()), refused("no mytorch/linear.py"))
    validator("gradescope").validate(results)
    assert (results["score"], results["output"]) == (0, "no mytorch/linear.py")
