"""Points: exact sums, no points without a pass, and who sees what."""

from __future__ import annotations

from decimal import Decimal

import pytest

from backproof.course import Feedback, Rule, Settings, UnmatchedPatternError
from backproof.grading import grade, refused
from backproof.verdict import Check, Verdict


def verdict(**statuses: str) -> Verdict:
    """One check of relu for each name, of the given status."""
    return Verdict(
        tuple(
            Check(f"relu.{name}", "relu", name, status, 10, 0) for name, status in statuses.items()
        )
    )


def points(*rules: tuple[str, str]) -> Settings:
    """What a course gives."""
    return Settings(points=tuple(Rule(p, Decimal(v), "backproof.toml:1") for p, v in rules))


@pytest.mark.parametrize("status", ["fail", "error", "not-implemented", "not-judged", "undecided"])
def test_only_a_pass_has_points(status):
    """Whatever the reason: a check that did not pass gains nothing, and could have."""
    grades = grade(verdict(forward="pass", gradient=status), points(("*", "3")))
    assert [g.points for g in grades] == [3, 0]
    assert [g.max_points for g in grades] == [3, 3]
    assert (grades.points, grades.max_points, grades.share) == (3, 6, 0.5)


def test_sums_are_exact():
    """Ten checks of 0.1 are 1, not 0.9999999999999999."""
    ten = verdict(**{f"p{n}": "pass" for n in range(10)})
    assert sum(0.1 for _ in range(10)) != 1
    assert grade(ten, points(("*", "0.1"))).points == 1


def test_partial_credit_follows_the_rules():
    """Each check that a pattern matches has its points; an exception stands below."""
    settings = points(("*", "1"), ("relu.gradient*", "4"), ("relu.gradient2", "0"))
    grades = grade(verdict(forward="fail", gradient1="pass", gradient2="pass"), settings)
    assert [g.max_points for g in grades] == [1, 4, 0]
    assert (grades.points, grades.max_points) == (4, 5)


def test_without_points_the_share_is_of_the_checks():
    """A course may give none; nothing is divided by."""
    nothing = points(("*", "0"))
    assert grade(verdict(a="pass", b="pass", c="fail", d="error"), nothing).share == 0.5
    assert refused("").share == 0


def test_what_was_not_judged_is_said():
    """A failure is no such thing, and neither is what is not written yet."""
    assert grade(verdict(a="pass", b="fail", c="not-implemented"), Settings()).note == ""
    one = grade(verdict(a="pass", b="undecided"), Settings())
    assert one.note == "1 check was not judged and has no points."
    two = grade(verdict(a="not-judged", b="undecided"), Settings())
    assert two.note == "2 checks were not judged and have no points."


def test_each_grade_knows_who_may_see_it():
    """What is shown at once and what is not part all checks between them."""
    settings = Settings(
        visibility=(Rule("relu.b*", "hidden", ""), Rule("relu.c", "after_due_date", "")),
        feedback=Feedback(level="shapes", hidden="verdict"),
    )
    grades = grade(verdict(a="pass", b="pass", c="fail"), settings)
    assert [(g.visibility, g.level) for g in grades] == [
        ("visible", "shapes"),
        ("hidden", "verdict"),
        ("after_due_date", "shapes"),
    ]
    assert [g.check.id for g in grades.shown] == ["relu.a"]
    assert [g.check.id for g in grades.withheld] == ["relu.b", "relu.c"]
    assert grades.points == grades.shown.points + grades.withheld.points


def test_a_pattern_without_a_check_is_an_error():
    """A misspelt pattern must not silently change what a homework is worth."""
    with pytest.raises(UnmatchedPatternError, match="no check matches 'rleu"):
        grade(verdict(a="pass"), points(("rleu.*", "4")))


def test_a_submission_that_was_refused_has_the_reason_and_no_points():
    """It is no homework: nothing was judged."""
    grades = refused("not a homework")
    assert (grades.points, grades.max_points, grades.note) == (0, 0, "not a homework")
