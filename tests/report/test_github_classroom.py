"""GitHub Classroom's result: base64 of an object, on one line, small enough for a variable."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from backproof.course import LEVELS
from backproof.grading import refused
from backproof.report import github_classroom
from backproof.verdict import Verdict


def read(text: str) -> Any:
    """Take the output `result` as GitHub does: one line, name and value."""
    (line,) = text.splitlines()
    name, _, value = line.partition("=")
    assert name == "result"
    return json.loads(base64.b64decode(value, validate=True))


@pytest.mark.parametrize("level", LEVELS)
def test_it_follows_the_schema(verdict, graded, validator, level):
    """The scores of the tests are what the reporter adds up."""
    result = read(github_classroom.render(verdict, graded(level)))
    validator("github_classroom").validate(result)
    assert result["max_score"] == 10.5
    assert sum(t["score"] for t in result["tests"]) == 1
    assert result["status"] == "fail"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"status": "incomplete"},
        {"max_score": -1},
        {"tests": []},
        {"tests": [{"name": "x", "status": "pass", "score": 1}]},
        {"score": 1},
    ],
)
def test_the_schema_rejects_another_record(verdict, graded, validator, change):
    """Each field can be wrong."""
    result = read(github_classroom.render(verdict, graded()))
    assert not validator("github_classroom").is_valid({**result, **change})


def test_each_status_has_one_of_the_format_s(verdict, graded):
    """What could not be judged is an error, what is not written is not passed."""
    tests = read(github_classroom.render(verdict, graded()))["tests"]
    assert [(t["name"], t["status"]) for t in tests] == [
        ("relu.forward", "pass"),
        ("linear.gradient.weight", "fail"),
        ("linear.gradient.bias", "error"),
        ("tanh.forward", "fail"),
        ("relu.kink.x[float32]", "error"),
        ("1 hidden check", "fail"),
        ("isolation: landlock+seccomp", "pass"),
        ("backproof", "error"),
    ]
    assert tests[0]["message"] == ""


@pytest.mark.parametrize(
    ("picked", "status"), [([0], "pass"), ([0, 4], "error"), ([4, 0, 1], "fail")]
)
def test_the_whole_has_the_worst_status(verdict, graded, picked, status):
    """Fail before error before pass."""
    checks = [replace(verdict.checks[n], id=f"linear.gradient.{n}") for n in picked]
    given = Verdict((*checks, replace(verdict.checks[0], id="batchnorm.gradient.x")))
    assert read(github_classroom.render(given, graded(given=given)))["status"] == status


def test_an_error_has_its_place_unless_only_the_verdict_is_told(verdict, graded):
    """The last line of the student's own."""
    told = {
        level: read(github_classroom.render(verdict, graded(level)))["tests"][2]
        for level in ("verdict", "diagnosis")
    }
    assert (told["verdict"]["filename"], told["verdict"]["line_no"]) == ("", 0)
    assert told["diagnosis"]["filename"] == "mytorch/linear.py"
    assert told["diagnosis"]["line_no"] == 12


def test_hidden_checks_are_one_line_of_points(verdict, graded):
    """Their names and messages are not in it."""
    assert "batchnorm" not in json.dumps(read(github_classroom.render(verdict, graded())))


def test_it_fits_a_variable_of_the_environment(verdict, graded, validator):
    """Linux refuses a longer one, and the reporter gets it as one."""
    long = replace(verdict.checks[2], traceback="y" * 15_000)
    checks = (*(replace(long, id=f"linear.gradient.w{n}") for n in range(40)), verdict.checks[5])
    many = Verdict(checks)
    text = github_classroom.render(many, graded(given=many))
    assert 32_000 < len(text) <= 128 * 1024
    validator("github_classroom").validate(read(text))
    assert "[cut: " in read(text)["tests"][0]["message"]


def test_hostile_text_is_inert_where_the_reporter_prints_it(attacked, graded, validator, commands):
    """It prints names and messages to a log that obeys commands."""
    text = github_classroom.render(attacked, graded(given=attacked))
    result = read(text)
    validator("github_classroom").validate(result)
    assert not commands(text)
    for test in result["tests"]:
        assert not commands(f"{test['name']}\n\nError: {test['message']}\n")


def test_a_refused_submission_is_an_error_with_its_reason(validator):
    """One test, as a result has at least one."""
    result = read(github_classroom.render(Verdict(()), refused("no mytorch/linear.py")))
    validator("github_classroom").validate(result)
    assert (result["status"], result["max_score"]) == ("error", 0)
    assert result["tests"][0]["message"] == "no mytorch/linear.py"
