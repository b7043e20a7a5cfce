"""Gradescope's ``results.json``."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from backproof.grading import Grade, Grades
from backproof.report.feedback import plain
from backproof.report.inert import cut, fitted, inert
from backproof.report.points import number
from backproof.verdict import Verdict, versions

CAP = 100_000
"""The characters of output that Gradescope keeps; all of ours together take no more."""


def render(verdict: Verdict, grades: Grades) -> str:
    """The text of the file."""
    return json.dumps(results(verdict, grades), indent=2) + "\n"


def results(verdict: Verdict, grades: Grades) -> dict[str, Any]:
    """The object: hidden checks stand in it too, since Gradescope itself shows them in time."""
    whole = {
        "score": number(grades.points),
        "output": inert(grades.note),
        "output_format": "text",
        "visibility": "visible",
        # Ours is for the instructor: it does not know what is hidden until when.
        "stdout_visibility": "hidden",
        "extra_data": {
            "verdict": verdict.verdict,
            "isolation": verdict.isolation,
            "versions": versions(),
        },
        "tests": [_test(g) for g in grades],
    }
    return fitted(partial(cut, whole), _characters, CAP)


def _test(grade: Grade) -> dict[str, Any]:
    return {
        "name": grade.check.id,
        "score": number(grade.points),
        "max_score": number(grade.max_points),
        "status": "passed" if grade.check.status == "pass" else "failed",
        "output": plain(grade.check, grade.level),
        "output_format": "text",
        "visibility": grade.visibility,
    }


def _characters(results: dict[str, Any]) -> int:
    return sum(len(part["output"]) for part in (results, *results["tests"]))
