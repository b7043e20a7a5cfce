"""PrairieLearn's ``results.json``."""

from __future__ import annotations

import json
from typing import Any

from backproof.grading import Grade, Grades
from backproof.report.feedback import plain, question
from backproof.report.inert import cut, fitted, inert
from backproof.report.isolation import isolation
from backproof.report.points import hidden, number
from backproof.verdict import Verdict

CAP = 1_000_000
"""The bytes that PrairieLearn takes."""


def render(verdict: Verdict, grades: Grades) -> str:
    """The text of the file."""
    results = _results(verdict, grades)
    return fitted(
        lambda limit: json.dumps(cut(results, limit)) + "\n", lambda text: len(text.encode()), CAP
    )


def _results(verdict: Verdict, grades: Grades) -> dict[str, Any]:
    note = inert(grades.note)
    if not verdict.checks:
        return {"gradable": False, "format_errors": [note]}  # which costs no attempt
    rest = grades.withheld
    return {
        "gradable": True,
        "score": grades.share,
        **({"message": note} if note else {}),
        "output": isolation(verdict),
        "tests": [
            *(_test(g) for g in grades.shown),
            *([{"name": hidden(grades), **_points(rest)}] if rest.grades else []),
        ],
    }


def _test(grade: Grade) -> dict[str, Any]:
    return {
        "name": grade.check.id,
        "description": question(grade.check),
        **_points(grade),
        "output": plain(grade.check, grade.level),
    }


def _points(of: Grade | Grades) -> dict[str, Any]:
    return {"points": number(of.points), "max_points": number(of.max_points)}
