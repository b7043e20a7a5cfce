"""What a verdict is worth in a course: points, and who sees what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from backproof.course import Level, Settings, Visibility
from backproof.verdict import Check, Verdict

UNJUDGED = frozenset({"not-judged", "undecided"})
"""The statuses of a check that end without a judgement."""


@dataclass(frozen=True)
class Grade:
    """What one check is worth.

    Attributes
    ----------
    check
        What was found.
    points, max_points
        What it gained, and could have.
    visibility
        When a student may see it.
    level
        What of a failure.
    """

    check: Check
    points: Decimal
    max_points: Decimal
    visibility: Visibility
    level: Level


@dataclass(frozen=True)
class Grades:
    """All grades of one verdict.

    Attributes
    ----------
    grades
        In the verdict's order.
    note
        What stands above them: why there are none, or which have no points for want of a judgement.
    """

    grades: tuple[Grade, ...]
    note: str = ""

    def __iter__(self) -> Iterator[Grade]:
        return iter(self.grades)

    @property
    def points(self) -> Decimal:
        """What was gained, exactly."""
        return sum((g.points for g in self.grades), Decimal(0))

    @property
    def max_points(self) -> Decimal:
        """What there was to gain, exactly."""
        return sum((g.max_points for g in self.grades), Decimal(0))

    @property
    def share(self) -> float:
        """The part of the points that was gained; without points, of the checks that passed."""
        if self.max_points:
            return float(self.points / self.max_points)
        return sum(g.check.status == "pass" for g in self.grades) / max(len(self.grades), 1)

    @property
    def shown(self) -> Grades:
        """Those that a student may see at once."""
        return Grades(tuple(g for g in self.grades if g.visibility == "visible"), self.note)

    @property
    def withheld(self) -> Grades:
        """Those that a student may not see yet, or ever."""
        return Grades(tuple(g for g in self.grades if g.visibility != "visible"))


def grade(verdict: Verdict, settings: Settings) -> Grades:
    """Give a verdict its points: a check that passed has its own, any other none.

    Raises
    ------
    UnmatchedPatternError
        Where a pattern of the course matches none of the checks.
    """
    settings.must_match([c.id for c in verdict.checks])
    return Grades(tuple(_grade(c, settings) for c in verdict.checks), _note(verdict))


def refused(reason: str) -> Grades:
    """No grades, for a submission that could not be read as one."""
    return Grades((), reason)


def _grade(check: Check, settings: Settings) -> Grade:
    worth = settings.points_of(check.id)
    gained = worth if check.status == "pass" else Decimal(0)
    visibility = settings.visibility_of(check.id)
    return Grade(check, gained, worth, visibility, settings.feedback.of(visibility))


def _note(verdict: Verdict) -> str:
    unjudged = sum(c.status in UNJUDGED for c in verdict.checks)
    if not unjudged:
        return ""
    checks = (
        "1 check was not judged and has"
        if unjudged == 1
        else (f"{unjudged} checks were not judged and have")
    )
    return f"{checks} no points."
