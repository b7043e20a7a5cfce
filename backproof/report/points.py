"""Points as people and platforms read them."""

from __future__ import annotations

from decimal import Decimal

from backproof.grading import Grades


def number(points: Decimal) -> int | float:
    """Points as JSON has them: whole where they are whole."""
    return int(points) if points == points.to_integral_value() else float(points)


def tally(grades: Grades) -> str:
    """What was gained of what there was, in words."""
    return f"{number(grades.points)} of {number(grades.max_points)} points"


def hidden(grades: Grades) -> str:
    """How many checks a student is not shown, in words; empty where there are none."""
    count = len(grades.withheld.grades)
    return f"{count} hidden check{'' if count == 1 else 's'}" if count else ""
